"""Which stretch of which recording is asked for: by the numbers of its rows, never by a path."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.audio.timeline import CLOSED_UP
from voicemark.errors import RecordingError
from voicemark.store.paths import text_to_path
from voicemark.store.schema import MarkerRow, RecordingRow, TurnRow

MOST_S = 30.0
"""Of sound at once; what is longer is cut off there."""
LARGEST_NUMBER = (1 << 63) - 1


class NoSuchStretchError(RecordingError):
    """Nothing is there under that number, or at that time."""


@dataclass(frozen=True)
class Stretch:
    """From `start_s` to `end_s` of a recording as it was heard."""

    path: Path
    content: str
    """Fingerprint of what was heard: other content is not this recording any more."""
    start_s: float
    end_s: float
    jumps: bool
    """Whether its clock is known to jump."""


def of_turn(session: Session, recording: int, number: int) -> Stretch:
    """A turn, by its recording's number and its own. Raises `NoSuchStretchError`."""
    row = None
    if 0 <= number <= LARGEST_NUMBER:
        row = session.execute(
            select(TurnRow.start_s, TurnRow.end_s).where(TurnRow.recording_id == recording, TurnRow.number == number)
        ).first()
    if row is None:
        raise NoSuchStretchError("there is no such turn")
    return _of(session, recording, row.start_s, row.end_s)


def of_marker(session: Session, number: int) -> Stretch:
    """A marker. Raises `NoSuchStretchError`."""
    row = None
    if 0 <= number <= LARGEST_NUMBER:
        row = session.execute(
            select(MarkerRow.recording_id, MarkerRow.start_s, MarkerRow.end_s).where(MarkerRow.id == number)
        ).first()
    if row is None:
        raise NoSuchStretchError("there is no such marker")
    return _of(session, row.recording_id, row.start_s, row.end_s)


def of_span(session: Session, recording: int, start_s: float, end_s: float) -> Stretch:
    """What lies between two moments of a recording. Raises `NoSuchStretchError` where nothing does."""
    return _of(session, recording, start_s, end_s)


def _of(session: Session, recording: int, start_s: float, end_s: float) -> Stretch:
    row = session.get(RecordingRow, recording) if 0 <= recording <= LARGEST_NUMBER else None
    if row is None:
        raise NoSuchStretchError("there is no such recording")
    if row.duration_s is None or row.scanned_at is None:
        raise NoSuchStretchError("it has not been heard yet")
    start_s, end_s = round(max(0.0, start_s), 3), round(min(end_s, row.duration_s, start_s + MOST_S), 3)
    if not start_s < end_s:
        raise NoSuchStretchError("there is nothing at that time")
    return Stretch(text_to_path(row.path), row.content, start_s, end_s, CLOSED_UP in (row.notes or ""))
