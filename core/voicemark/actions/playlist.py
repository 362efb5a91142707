"""All that is heard of somebody, recording by recording, as entries of a playlist."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from voicemark.errors import RecordingVanishedError
from voicemark.export.base import Marker
from voicemark.export.load import load_recording, with_file_times
from voicemark.export.playlist import Entry, entries_of

Reading = Callable[[], AbstractContextManager[Session]]


def entries_in(
    reading: Reading, path: Path, name: str, spans: Sequence[tuple[float, float]] | None = None
) -> list[Entry]:
    """What is heard of `name` in the recording at `path`: its markers, or the `spans` (seconds) of somebody who has no
    marker. Raises `RecordingError` for one that cannot be played."""
    with reading() as session:
        recording = load_recording(session, path)
    if spans is not None:
        recording = replace(recording, markers=tuple(Marker(name, start_s, end_s, 1.0) for start_s, end_s in spans))
    recording = with_file_times(recording)
    if not recording.files[0].path.exists():
        raise RecordingVanishedError("is not there, so it is left out", path=path)
    return list(entries_of(recording, name))
