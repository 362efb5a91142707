"""A clip is the very sound that was heard at that time, wherever clocks jump and files end."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.streams import PACKET, beep_times, cut_out, make_beeps, run_ffmpeg, shift_clock

from voicemark.audio.account import notes_on
from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import CLOSED_UP, SAMPLE_RATE, Samples
from voicemark.config import Config, WatchSection
from voicemark.errors import RecordingError, RecordingVanishedError
from voicemark.recorders.registry import find_recordings
from voicemark.recording import Recording, fingerprint
from voicemark.web.sound import cutting
from voicemark.web.sound.cutting import ChangedError, TooSlowError, cut
from voicemark.web.sound.stretch import Stretch

TENTH = SAMPLE_RATE // 10


@pytest.fixture(scope="module")
def beeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute with a beep every ten seconds, whose clock begins anew within."""
    return make_beeps(tmp_path_factory.mktemp("beeps") / "60.ts", 60, pts_offset_s=(1 << 33) / 90_000 - 45)


def read(path: Path) -> Recording:
    ((recorder, found),) = find_recordings(path)
    return recorder.read(found)


def heard(path: Path) -> tuple[Samples, bool]:
    """All of it, read from its beginning, and whether its clock jumps."""
    reader = AudioReader.of(read(path), Config().audio)
    samples = np.concatenate(list(reader.blocks()))
    return samples, any(CLOSED_UP in note for note in notes_on(reader.heard))


def stretch_of(path: Path, start_s: float, end_s: float, *, jumps: bool = False) -> Stretch:
    return Stretch(path, fingerprint(read(path).files), start_s, end_s, jumps)


def vdr(folder: Path, *files: Path) -> Path:
    recording = folder / "Title" / "2026-03-01.20.15.1-0.rec"
    recording.mkdir(parents=True)
    for number, file in enumerate(files, start=1):
        (recording / f"{number:05}.ts").write_bytes(file.read_bytes())
    return recording


def whole(source: Path, folder: Path) -> Path:
    return source


def lost(source: Path, folder: Path) -> Path:
    return cut_out(source, folder / "lost.ts", 13, 26)


def ahead(source: Path, folder: Path) -> Path:
    return shift_clock(source, folder / "ahead.ts", 25, 1000)


def ahead_and_back(source: Path, folder: Path) -> Path:
    return shift_clock(shift_clock(source, folder / "one.ts", 15, 5000), folder / "both.ts", 35, -7000)


def two_files(source: Path, folder: Path) -> Path:
    data = source.read_bytes()
    middle = len(data) // PACKET // 2 * PACKET
    (folder / "1.ts").write_bytes(data[:middle])
    (folder / "2.ts").write_bytes(data[middle:])
    return vdr(folder, folder / "1.ts", folder / "2.ts")


def interrupted(source: Path, folder: Path) -> Path:
    """The recorder began anew: the next file has another clock."""
    data = shift_clock(source, folder / "2.ts", 0, 7000).read_bytes()
    (folder / "2.ts").write_bytes(data)
    return vdr(folder, source, folder / "2.ts")


def matroska(source: Path, folder: Path) -> Path:
    run_ffmpeg("-i", source, "-map", "0:a", "-c:a", "aac", folder / "sound.mkv")
    return folder / "sound.mkv"


@pytest.mark.parametrize(
    "damage", [whole, lost, ahead, ahead_and_back, two_files, interrupted, matroska], ids=lambda one: one.__name__
)
def test_a_clip_is_what_was_heard_there(beeps: Path, tmp_path: Path, damage: object) -> None:
    """The slow way beside it: everything from the beginning, of which the same time is taken."""
    assert callable(damage)
    path = damage(beeps, tmp_path)
    samples, jumps = heard(path)
    assert len(samples) > 50 * SAMPLE_RATE
    compared = 0
    for start_s in (18.5, 47.25):
        stretch = stretch_of(path, start_s, start_s + 5, jumps=jumps)
        clip = cut(stretch, Config())
        there = samples[round(start_s * SAMPLE_RATE) :][: len(clip)]
        assert len(clip) == 5 * SAMPLE_RATE
        beeps_here, beeps_there = beep_times(clip), beep_times(there)
        assert len(beeps_here) == len(beeps_there)
        assert np.allclose(beeps_here, beeps_there, atol=0.02)
        compared += len(beeps_here)
    assert compared, "no beep was in any clip"


def test_a_clip_ends_where_the_recording_does(beeps: Path) -> None:
    clip = cut(stretch_of(beeps, 55, 80), Config())
    assert len(clip) == pytest.approx(5 * SAMPLE_RATE, abs=TENTH)


def test_a_recording_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingVanishedError):
        cut(Stretch(tmp_path / "none.ts", "0", 0, 1, False), Config())


def test_another_recording_under_the_same_name_is_not_played(beeps: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.ts"
    copy.write_bytes(beeps.read_bytes())
    stretch = stretch_of(copy, 5, 10)
    cut(stretch, Config())
    copy.write_bytes(beeps.read_bytes()[PACKET * 100 :])
    with pytest.raises(ChangedError):
        cut(stretch, Config())


def test_one_that_changes_while_it_is_read_is_not_played(
    beeps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.ts"
    copy.write_bytes(beeps.read_bytes())
    stretch = stretch_of(copy, 5, 10)
    real = AudioReader.blocks

    def changing(reader: AudioReader, *span: float) -> object:
        yield from real(reader, *span)
        with copy.open("ab") as file:
            file.write(bytes(PACKET))

    monkeypatch.setattr(AudioReader, "blocks", changing)
    with pytest.raises(ChangedError):
        cut(stretch, Config())


def test_a_link_out_of_the_watched_folders_is_not_followed(beeps: Path, tmp_path: Path) -> None:
    watched = tmp_path / "video"
    watched.mkdir()
    (watched / "link.ts").symlink_to(beeps)
    config = Config(watch=(WatchSection(path=watched, recorder="plain"),))
    stretch = Stretch(watched / "link.ts", fingerprint([beeps]), 5, 10, False)
    with pytest.raises((RecordingError, OSError)):
        cut(stretch, config)
    allowed = Config(watch=(WatchSection(path=watched, recorder="plain", disks=(beeps.parent,)),))
    assert len(cut(stretch, allowed)) == 5 * SAMPLE_RATE


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.ts"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(RecordingError):
        cut(Stretch(path, "0", 0, 1, False), Config())


def test_one_that_takes_too_long_is_given_up(beeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "WITHIN_S", -1.0)
    with pytest.raises(TooSlowError):
        cut(stretch_of(beeps, 5, 10), Config())


def test_a_stretch_behind_the_end_is_an_error_of_the_recording(beeps: Path) -> None:
    stretch = replace(stretch_of(beeps, 5, 10), start_s=500.0, end_s=505.0)
    with pytest.raises(RecordingError):
        cut(stretch, Config())
