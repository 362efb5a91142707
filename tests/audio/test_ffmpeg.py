"""Bad input gives one clear error, and ffmpeg is given nothing that it could be led astray with."""

import os
from pathlib import Path

import pytest
from support.streams import make_beeps, packets_of, run_ffmpeg

from voicemark.audio import ffmpeg
from voicemark.audio.complaints import last_words
from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError, RecordingError, RecordingVanishedError, ToolError


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    return make_beeps(tmp_path_factory.mktemp("streams") / "clean.ts", 20)


def read(path: Path, **settings: float) -> None:
    for _ in AudioReader([path], AudioSection(**settings)).blocks():
        pass


def test_a_missing_file(tmp_path):
    with pytest.raises(RecordingVanishedError, match=r"missing\.ts: the file is gone"):
        read(tmp_path / "missing.ts")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.ts").touch()
    with pytest.raises(NoAudioError, match=r"empty\.ts: the file is empty"):
        read(tmp_path / "empty.ts")


def test_text_renamed_to_ts(tmp_path):
    (tmp_path / "text.ts").write_text("This is no recording. " * 500)
    with pytest.raises(RecordingError, match=r"text\.ts: is no recording that ffmpeg can read"):
        read(tmp_path / "text.ts")


def test_a_picture_without_sound(tmp_path):
    silent = tmp_path / "silent.ts"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=5:d=2", "-c:v", "libx264", "-f", "mpegts", silent)
    with pytest.raises(NoAudioError, match=r"silent\.ts: has no audio stream"):
        read(silent)


def test_a_scrambled_recording(clean, tmp_path):
    packets = packets_of(clean)
    pids = ((packets[:, 1].astype(int) & 0x1F) << 8) | packets[:, 2]
    for pid in (256, 257):
        packets[pids == pid, 3] |= 0x80  # transport_scrambling_control: even key
        packets[pids == pid, 10:] ^= 0xA5
    scrambled = tmp_path / "scrambled.ts"
    packets.tofile(scrambled)
    with pytest.raises(NoAudioError, match=r"scrambled\.ts: is scrambled"):
        read(scrambled)


def test_a_real_scrambled_capture(shared):
    with pytest.raises(NoAudioError, match=r"test-021\.ts: is scrambled"):
        read(shared / "samples/ts/test-021.ts")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(clean, tmp_path):
    locked = tmp_path / "locked.ts"
    locked.write_bytes(clean.read_bytes())
    locked.chmod(0)
    with pytest.raises(RecordingError, match=r"locked\.ts: may not be read by this user"):
        read(locked)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{victim}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{victim}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_in_disguise_opens_nothing(clean, tmp_path, text):
    disguised = tmp_path / "disguised.ts"
    disguised.write_text(text.format(victim=clean))
    with pytest.raises(RecordingError, match=r"disguised\.ts"):
        read(disguised)


def test_without_ffmpeg_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolError, match="apt install ffmpeg"):
        ffmpeg.version()


def test_names_that_look_like_options_or_protocols_are_files(clean, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.ts", "concat:x.ts", "a'b|c:d,e;f.ts", os.fsdecode(b"k\xe4se.ts")):
        target = Path(name)
        target.write_bytes(clean.read_bytes())
        read(target)


def test_the_float_decoder_is_used_for_mp2_and_costs_nothing_in_quality(clean):
    fast = b"".join(block.tobytes() for block in AudioReader([clean], AudioSection()).blocks())
    assert len(fast) == pytest.approx(20 * 16000 * 4, rel=0.01)


def test_this_ffmpeg_has_the_decoders_of_broadcasts():
    assert {"mp2float", "ac3", "eac3", "aac", "aac_latm"} <= ffmpeg.decoders()


def test_last_words_are_short_and_say_each_thing_once():
    lines = ["[mpegts @ 0x55d] Packet corrupt"] * 50 + ["[mp2float @ 0x66e] Header missing"]
    assert last_words(lines) == "Packet corrupt (×50); Header missing"
