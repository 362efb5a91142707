"""EPG events in the database: each once, whatever number of recordings show it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.recording import Programme, ProgrammeSpan
from voicemark.store.schema import ProgrammeRow, RecordingProgrammeRow, RecordingRow


def identity_of(programme: Programme) -> str:
    """What makes an event the same event: its source, channel, start and texts."""
    start = programme.start.isoformat() if programme.start else ""
    parts = (programme.source, programme.channel or "", start, programme.title, programme.subtitle or "")
    return "\x1f".join(parts)


def put_programme(session: Session, programme: Programme) -> ProgrammeRow:
    """The row of `programme`, new or with its details brought up to date."""
    identity = identity_of(programme)
    row = session.scalar(select(ProgrammeRow).where(ProgrammeRow.identity == identity))
    if row is None:
        row = ProgrammeRow(identity=identity, source=programme.source, title=programme.title)
        session.add(row)
    elif row.description != programme.description:
        row.title_model = None  # its vector and type are of the old texts
    row.subtitle = programme.subtitle
    row.description = programme.description
    row.channel = programme.channel
    row.start_at = programme.start
    row.duration_s = programme.duration_s
    row.genre = ", ".join(programme.genres) or None
    row.language = programme.language
    row.season = programme.season
    row.episode = programme.episode
    row.age_rating = programme.age_rating
    return row


def lay_programmes(session: Session, recording: RecordingRow, spans: Sequence[ProgrammeSpan]) -> None:
    """Put `spans` on the recording's timeline, in the place of those that were there."""
    recording.programmes.clear()
    session.flush()
    laid: set[tuple[int, float]] = set()
    for span in spans:
        row = put_programme(session, span.programme)
        session.flush()
        if (row.id, span.start_s) not in laid:
            laid.add((row.id, span.start_s))
            recording.programmes.append(
                RecordingProgrammeRow(programme_id=row.id, start_s=span.start_s, end_s=span.end_s)
            )
    session.flush()
