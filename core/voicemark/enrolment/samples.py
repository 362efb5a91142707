"""Which audio is a voice's sample: files, folders, globs and stretches of recordings, as the config names them."""

import glob
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voicemark.config import SampleSection, SpeakerSection
from voicemark.errors import EnrolmentError, RecordingError, VoicemarkError
from voicemark.patience import is_there, status, within_patience
from voicemark.recorders.registry import find_recordings
from voicemark.recording import Recording


@dataclass(frozen=True)
class Sample:
    """A stretch of a recording (or of an audio file, which is a recording too), `end_s` None: to its end."""

    recording: Recording
    start_s: float = 0.0
    end_s: float | None = None

    def __str__(self) -> str:
        if not self.start_s and self.end_s is None:
            return str(self.recording.path)
        end = "end" if self.end_s is None else f"{self.end_s:g} s"
        return f"{self.recording.path} ({self.start_s:g} s to {end})"


def resolve(speaker: SpeakerSection) -> tuple[list[Sample], list[EnrolmentError]]:
    """Every sample of a voice, each once, and what is wrong with those entries that lead to none."""
    samples: dict[tuple[Path, float, float | None], Sample] = {}
    problems = []
    for entry in speaker.samples:
        try:
            for sample in _samples_of(entry):
                samples.setdefault((sample.recording.path, sample.start_s, sample.end_s), sample)
        except Exception as error:
            what, path = (error.what, error.path) if isinstance(error, VoicemarkError) else (str(error), str(entry))
            problems.append(
                EnrolmentError(
                    f"sample of '{speaker.name}': {what}",
                    path=path,
                    hint="correct [[speakers]] samples, or bring the file back",
                )
            )
    return list(samples.values()), problems


def digest(samples: list[Sample], memory_windows: int, rules: int) -> str:
    """Changes when a sample does (path, size, time of change, stretch), and with the rules that memories are made by.

    Raises `OSError` when a sample vanishes.
    """
    told = hashlib.sha256(f"{rules} {memory_windows}".encode())
    for sample in sorted(samples, key=str):
        told.update(f"\n{sample.start_s!r} {sample.end_s!r}".encode())
        for file in sample.recording.files:
            found = status(file)
            told.update(b"\n" + os.fsencode(file) + f" {found.st_size} {found.st_mtime_ns}".encode())
    return told.hexdigest()[:32]


def _samples_of(entry: str | SampleSection) -> Iterator[Sample]:
    if isinstance(entry, SampleSection):
        recordings = list(_recordings_at(entry.file))
        if len(recordings) > 1:
            raise RecordingError("is a folder of several recordings; a stretch is of one", path=entry.file)
        yield Sample(recordings[0], entry.start, entry.end)
        return
    for path in _paths_of(entry):
        yield from map(Sample, _recordings_at(path))


def _paths_of(entry: str) -> list[Path]:
    """The path itself, or what it matches as a glob (`**` goes down into folders)."""
    if is_there(entry) or not glob.has_magic(entry):
        return [Path(entry)]
    matches = sorted(within_patience(entry, lambda: glob.glob(entry, recursive=True)))
    if not matches:
        raise RecordingError("nothing matches", path=entry)
    return [Path(match) for match in matches]


def _recordings_at(path: Path) -> Iterator[Recording]:
    for recorder, found in find_recordings(path):
        yield recorder.read(found)
