"""In which recordings somebody is heard, and when: of everybody, with a name or without."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.store.schema import LocalSpeakerRow, RecordingRow, TurnRow
from voicemark.store.schema_people import MembershipRow


@dataclass(frozen=True)
class HeardIn:
    """A recording in which the person is heard."""

    id: int
    path: str
    title: str
    started_at: datetime | None
    hours: float


def recordings_of(session: Session, person: int, at_most: int | None = None) -> list[HeardIn]:
    """Those in which it is heard longest. Does not write to the database."""
    hours = func.sum(LocalSpeakerRow.seconds) / 3600
    query = (
        select(RecordingRow.id, RecordingRow.path, RecordingRow.title, RecordingRow.started_at, hours)
        .join(MembershipRow, MembershipRow.recording_id == RecordingRow.id)
        .join(
            LocalSpeakerRow,
            (LocalSpeakerRow.recording_id == MembershipRow.recording_id)
            & (LocalSpeakerRow.number == MembershipRow.number),
        )
        .where(MembershipRow.person_id == person)
        .group_by(RecordingRow.id)
        .order_by(hours.desc(), RecordingRow.id)
        .limit(at_most)
    )
    return [HeardIn(*row) for row in session.execute(query)]


def spans_of(session: Session, person: int, recording: int) -> list[tuple[float, float]]:
    """When it speaks in one recording (seconds), by start; turns that follow each other are one."""
    query = (
        select(TurnRow.start_s, TurnRow.end_s)
        .join(
            MembershipRow,
            (MembershipRow.recording_id == TurnRow.recording_id) & (MembershipRow.number == TurnRow.local_speaker),
        )
        .where(TurnRow.recording_id == recording, MembershipRow.person_id == person)
        .order_by(TurnRow.start_s)
    )
    spans: list[tuple[float, float]] = []
    for start_s, end_s in session.execute(query):
        if spans and start_s - spans[-1][1] < 0.01:
            spans[-1] = spans[-1][0], end_s
        else:
            spans.append((start_s, end_s))
    return spans
