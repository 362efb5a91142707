"""What is said on stderr is damage only where it is about the audio."""

import pytest

from voicemark.audio.complaints import Complaints, is_damage, last_words, read_error, tool_is_broken

DAMAGE = [
    "[mp2float @ 0x55d1] Header missing",
    "[ac3 @ 0x55d1] frame sync error",
    "[ac3 @ 0x55d1] incomplete frame",
    "[eac3 @ 0x5] error decoding the audio block",
    "[aac @ 0x5] channel element 2.10 is not allocated",
    "[aac_latm @ 0x5] Input buffer exhausted before END element found",
    "Error while decoding stream #0:0: Invalid data found when processing input",
    "[mpegts @ 0x5] Packet corrupt (stream = 0, dts = 1188000).",
    "file.ts: corrupt input packet in stream 0",
]
NONE = [
    "Warning: using insecure memory!",
    "[framecrc @ 0x5] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 8 >= 7",
    "[h264 @ 0x5] non-existing PPS 0 referenced",
    "[h264 @ 0x5] error while decoding MB 2 0, bytestream 113404",
    "[mpeg2video @ 0x5] Invalid frame dimensions 0x0.",
    "[NULL @ 0x5] non-existing PPS 0 referenced",
    "libva info: VA-API version 1.17.0",
    "    Last message repeated 1 times",
    "",
    "[f32le @ 0x5] Timestamps are unset in a packet for stream 0.",
]


@pytest.mark.parametrize("line", DAMAGE)
def test_what_is_about_the_audio_is_damage(line):
    assert is_damage(line)


@pytest.mark.parametrize("line", NONE)
def test_what_is_about_anything_else_is_none(line):
    assert not is_damage(line)


def test_complaints_are_counted_and_bounded():
    complaints = Complaints()
    for number in range(10_000):
        complaints.add("[mp2float @ 0x55d] Header missing")
        complaints.add(f"noise {number}")
    assert complaints.told == "Header missing (×10000)" and complaints.damage_lines == 10_000
    assert len(complaints.remarks) < 100 and len(complaints.remarked or "") < 500


def test_nothing_said_is_nothing_told():
    assert (Complaints().told, Complaints().remarked) == (None, None)


def test_a_read_error_is_known_by_the_systems_words():
    assert read_error(["file:/srv/a.mkv: Input/output error"]) == "Input/output error"
    assert read_error(["file:/srv/a.mkv: Stale file handle"]) == "Stale file handle"
    assert read_error(["[h264 @ 0x5] Input/output errors are described here", "a: End of file"]) is None


def test_a_program_that_could_not_begin_is_known():
    assert tool_is_broken(127, []) and tool_is_broken(1, ["ffmpeg: error while loading shared libraries: libx.so.1"])
    assert not tool_is_broken(1, ["Invalid data found when processing input"])


def test_last_words_are_short():
    assert len(last_words(["x" * 10_000] * 3)) < 200
    assert last_words(b"") == "it gave no reason"
