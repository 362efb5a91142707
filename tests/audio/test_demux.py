"""A beep every ten seconds is heard at the time that a player shows, whatever happened to the stream."""

from pathlib import Path

import numpy as np
import pytest
from support.sound import write_wav
from support.streams import (
    BEEP_EVERY_S,
    CLOCK,
    PACKET,
    audio_pid,
    beep_times,
    cut_out,
    make_beeps,
    packets_of,
    shift_clock,
)

from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import AudioSection

SECONDS = 80


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    return make_beeps(tmp_path_factory.mktemp("streams") / "clean.ts", SECONDS)


def heard(*files: Path, settings: AudioSection | None = None) -> tuple[list[float], AudioReader]:
    reader = AudioReader(files, settings or AudioSection())
    return beep_times(np.concatenate(list(reader.blocks()))), reader


def beeps_at(*tens: int) -> list[object]:
    return [pytest.approx(ten * BEEP_EVERY_S, abs=0.05) for ten in tens]


def test_a_clean_recording_far_from_time_stamp_zero(clean):
    beeps, reader = heard(clean)
    assert beeps == beeps_at(*range(8))
    assert reader.heard.duration_s == pytest.approx(SECONDS, abs=0.1)
    assert reader.heard.breaks == ()
    assert reader.heard.damage is None


def test_the_clock_wraps_around_33_bits(tmp_path):
    wrapping = make_beeps(tmp_path / "wrap.ts", SECONDS, pts_offset_s=2**33 / CLOCK - 41.4)
    beeps, reader = heard(wrapping)
    assert beeps == beeps_at(*range(8))
    assert reader.heard.breaks == ()


def test_all_packets_lost_for_ten_seconds(clean, tmp_path):
    beeps, reader = heard(cut_out(clean, tmp_path / "hole.ts", 35.5, 45.5))
    assert beeps == beeps_at(0, 1, 2, 3, 5, 6, 7)
    assert [found.kind for found in reader.heard.breaks] == ["hole"]


def test_only_the_audio_lost_for_ten_seconds(clean, tmp_path):
    pid = audio_pid(packets_of(clean))
    beeps, _ = heard(cut_out(clean, tmp_path / "mute.ts", 35.5, 45.5, only_pid=pid))
    assert beeps == beeps_at(0, 1, 2, 3, 5, 6, 7)


def test_all_packets_lost_for_a_minute(clean, tmp_path):
    beeps, _ = heard(cut_out(clean, tmp_path / "minute.ts", 8.5, 68.5))
    assert beeps == beeps_at(0, 7)


@pytest.mark.parametrize("jump_s", [1000, -500, -20])
def test_a_splice_is_no_lost_time(clean, tmp_path, jump_s):
    beeps, reader = heard(shift_clock(clean, tmp_path / "splice.ts", 45.5, jump_s))
    assert beeps == beeps_at(*range(8))
    assert [found.kind for found in reader.heard.breaks] == ["splice"]


def test_audio_that_starts_later_than_the_picture(tmp_path):
    late = make_beeps(tmp_path / "late.ts", 30, audio_delay_s=0.8)
    beeps, _ = heard(late)
    assert beeps == [pytest.approx(0.8 + ten * BEEP_EVERY_S, abs=0.05) for ten in range(3)]


def test_several_files_are_one_timeline(clean, tmp_path):
    data = clean.read_bytes()
    cut = len(data) // PACKET // 2 * PACKET
    first, second = tmp_path / "00001.ts", tmp_path / "00002.ts"
    first.write_bytes(data[:cut])
    second.write_bytes(data[cut:])
    beeps, reader = heard(first, second)
    assert beeps == beeps_at(*range(8))
    assert reader.heard.duration_s == pytest.approx(SECONDS, abs=0.1)


def test_a_stretch_begins_and_ends_where_it_is_asked_to(clean):
    reader = AudioReader([clean], AudioSection())
    excerpt = np.concatenate(list(reader.blocks(35.0, 52.5)))
    assert len(excerpt) == pytest.approx(17.5 * SAMPLE_RATE, abs=2)
    assert beep_times(excerpt) == [pytest.approx(5, abs=0.05), pytest.approx(15, abs=0.05)]


def test_a_stretch_equals_that_part_of_the_whole(clean):
    whole = np.concatenate(list(AudioReader([clean], AudioSection()).blocks()))
    excerpt = AudioReader([clean], AudioSection()).excerpt(39.9, 41.0)
    part = whole[round(39.9 * SAMPLE_RATE) : round(41.0 * SAMPLE_RATE)]
    assert np.abs(excerpt - part).max() < 1e-3


def test_random_bytes_in_the_middle_cost_only_what_they_hit(clean, tmp_path):
    packets = packets_of(clean)
    rng = np.random.default_rng(1)
    middle = len(packets) // 2
    packets[middle : middle + 20] = rng.integers(0, 256, (20, PACKET), np.uint8)
    damaged = tmp_path / "damaged.ts"
    packets.tofile(damaged)
    beeps, _ = heard(damaged)
    assert len(beeps) >= 7
    assert all(min(abs(beep - ten * BEEP_EVERY_S) for ten in range(8)) < 0.1 for beep in beeps)


def test_a_recording_cut_off_inside_a_packet_is_heard_up_to_there(clean, tmp_path):
    data = clean.read_bytes()
    torn = tmp_path / "torn.ts"
    torn.write_bytes(data[: len(data) // 2 + 77])
    beeps, reader = heard(torn)
    assert beeps[:4] == beeps_at(0, 1, 2, 3)
    assert 35 < reader.heard.duration_s < 45


def test_silence_at_the_end_of_uncompressed_sound_is_sound(tmp_path: Path) -> None:
    """Its bytes are zeros, as those of a file that was preallocated and never filled."""
    path = tmp_path / "a.wav"
    write_wav(path, np.concatenate([np.full(16_000, 0.03), np.zeros(16_000 * 9)]))
    reader = AudioReader([path], AudioSection())
    assert sum(len(block) for block in reader.blocks()) == 10 * 16_000
    assert not any("zeros" in note for note in reader.heard.notes)


def test_a_margin_that_is_only_supposed_makes_no_recording_too_short(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, np.full(16_000 * 60, 0.03))

    def notes(supposed_s: float) -> tuple[str, ...]:
        reader = AudioReader([path], AudioSection(), expected_duration_s=660.0, supposed_s=supposed_s)
        for _ in reader.blocks():
            pass
        return tuple(reader.heard.notes)

    assert not any("meant it to be" in note for note in notes(600.0))
    assert any("meant it to be 11:00" in note for note in notes(0.0))
