"""One recording as the page shows it: who speaks when, with a name or without, what was on air, what is damaged."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.errors import RecordingError
from voicemark.store.jobs import JobState
from voicemark.store.paths import text_to_path
from voicemark.store.recording_list import LARGEST_ID, state_of
from voicemark.store.schema import (
    JobRow,
    MarkerRow,
    ProgrammeRow,
    RecordingProgrammeRow,
    RecordingRow,
    TurnRow,
    TurnVoiceRow,
    VoiceRow,
)
from voicemark.store.schema_people import MembershipRow, PersonRow


@dataclass(frozen=True)
class HeardVoice:
    """A voice with a name that is heard, and how surely."""

    id: int
    name: str
    score: float
    person: int | None = None
    """Whose it is."""


@dataclass(frozen=True)
class Member:
    """Who a local speaker is, across recordings."""

    person: int
    name: str | None
    kind: str
    """`person`, `sound` or `ignored`."""


@dataclass(frozen=True)
class Stretch:
    """Somebody speaks from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    local_speaker: int | None
    """Who, within the recording; None where only the marker is known."""
    voices: tuple[HeardVoice, ...] = ()
    """Those that are heard in it, the surest first."""
    member: Member | None = None
    """Who the local speaker is; None while nothing has told."""
    turn: int | None = None
    marker: int | None = None
    """Number of the turn in the recording, or of the marker in the database: one of the two."""


@dataclass(frozen=True)
class OnAir:
    """A programme from `start_s` to `end_s` of the recording."""

    start_s: float
    end_s: float
    title: str
    subtitle: str | None
    description: str | None
    genre: str | None


@dataclass(frozen=True)
class RecordingView:
    """A recording with all that is known of it."""

    id: int
    path: Path
    title: str
    subtitle: str | None
    channel: str | None
    started_at: datetime | None
    duration_s: float | None
    state: str
    error: str | None
    heard: bool
    notes: tuple[str, ...]
    programmes: tuple[OnAir, ...]
    stretches: tuple[Stretch, ...]
    """By start: turns, or markers in a recording whose turns are not kept yet."""


def view_recording(session: Session, number: int) -> RecordingView:
    """The recording by its number. Does not write to the database. Raises `RecordingError` where there is none."""
    query = select(RecordingRow, state_of()).where(RecordingRow.id == number)
    found = session.execute(query).first() if 0 <= number <= LARGEST_ID else None
    if found is None:
        raise RecordingError(f"there is no recording {number}", hint="it may have been removed since")
    row, state = found
    error = session.scalar(
        select(JobRow.error)
        .where(JobRow.recording_id == number, JobRow.state.in_((JobState.FAILED, JobState.READY)))
        .order_by(JobRow.updated_at.desc())
        .limit(1)
    )
    return RecordingView(
        id=row.id,
        path=text_to_path(row.path),
        title=row.title,
        subtitle=row.subtitle,
        channel=row.channel,
        started_at=row.started_at,
        duration_s=row.duration_s,
        state=state,
        error=error,
        heard=row.scanned_at is not None,
        notes=tuple((row.notes or "").splitlines()),
        programmes=_programmes(session, number),
        stretches=_turns(session, number) or _markers(session, number),
    )


def _programmes(session: Session, recording: int) -> tuple[OnAir, ...]:
    rows = session.execute(
        select(
            RecordingProgrammeRow.start_s,
            RecordingProgrammeRow.end_s,
            ProgrammeRow.title,
            ProgrammeRow.subtitle,
            ProgrammeRow.description,
            ProgrammeRow.genre,
        )
        .join(ProgrammeRow, ProgrammeRow.id == RecordingProgrammeRow.programme_id)
        .where(RecordingProgrammeRow.recording_id == recording)
        .order_by(RecordingProgrammeRow.start_s)
    )
    return tuple(OnAir(*row) for row in rows)


def _turns(session: Session, recording: int) -> tuple[Stretch, ...]:
    voices: dict[int, list[HeardVoice]] = {}
    for turn, voice, name, score, person in session.execute(
        select(TurnVoiceRow.turn, VoiceRow.id, VoiceRow.name, TurnVoiceRow.score, PersonRow.id)
        .join(VoiceRow, VoiceRow.id == TurnVoiceRow.voice_id)
        .outerjoin(PersonRow, PersonRow.voice_id == VoiceRow.id)
        .where(TurnVoiceRow.recording_id == recording)
        .order_by(TurnVoiceRow.turn, TurnVoiceRow.score.desc())
    ):
        voices.setdefault(turn, []).append(HeardVoice(voice, name, score, person))
    rows = session.execute(
        select(TurnRow.start_s, TurnRow.end_s, TurnRow.local_speaker, TurnRow.number)
        .where(TurnRow.recording_id == recording)
        .order_by(TurnRow.number)
    )
    members = _members(session, recording)
    return tuple(
        Stretch(start, end, who, tuple(voices.get(turn, ())), members.get(who), turn=turn)
        for start, end, who, turn in rows
    )


def _members(session: Session, recording: int) -> dict[int, Member]:
    """Who the local speakers are, by their numbers."""
    rows = session.execute(
        select(MembershipRow.number, PersonRow.id, VoiceRow.name, PersonRow.kind)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .outerjoin(VoiceRow, VoiceRow.id == PersonRow.voice_id)
        .where(MembershipRow.recording_id == recording)
    )
    return {number: Member(person, name, kind) for number, person, name, kind in rows}


def _markers(session: Session, recording: int) -> tuple[Stretch, ...]:
    rows = session.execute(
        select(
            MarkerRow.start_s, MarkerRow.end_s, MarkerRow.id, VoiceRow.id, VoiceRow.name, MarkerRow.score, PersonRow.id
        )
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .outerjoin(PersonRow, PersonRow.voice_id == VoiceRow.id)
        .where(MarkerRow.recording_id == recording)
        .order_by(MarkerRow.start_s)
    )
    return tuple(
        Stretch(start, end, None, (HeardVoice(voice, name, score, person),), marker=number)
        for start, end, number, voice, name, score, person in rows
    )


def path_of_recording(session: Session, number: int) -> Path | None:
    """Where the recording of this number lies; None where there is none."""
    query = select(RecordingRow.path).where(RecordingRow.id == number)
    found = session.scalar(query) if 0 <= number <= LARGEST_ID else None
    return None if found is None else text_to_path(found)
