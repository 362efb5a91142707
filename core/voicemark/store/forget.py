"""A person is forgotten: memory, markers and statistics leave the database file for good.

Voices are biometric data, so deleted rows may not linger. A deleted row's bytes stay in a SQLite file until
something is written over them, older copies lie in free pages and in the write-ahead log. Hence: deletion with
`secure_delete` (what is freed is zeroed), then VACUUM (the file is written anew from what is left), and the log is
cut to nothing before and after.

Erasing is a journey: the rows go first, and in the same transaction it is written down what is still to be done (files
that name the voice, the database's own free pages). Whoever comes next ends it (`voicemark.actions.erase`).
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from voicemark.errors import DatabaseError, VoicemarkError
from voicemark.store.connections import translated
from voicemark.store.database import Database
from voicemark.store.forget_person import forget_person
from voicemark.store.paths import text_to_path
from voicemark.store.schema import (
    EmbeddingRow,
    LocalSpeakerRow,
    MarkerRow,
    MatchingRow,
    MemoryRow,
    NormalisationRow,
    RecordingRow,
    TurnRow,
    TurnVoiceRow,
    VoiceRow,
)
from voicemark.store.schema_acts import ActChangeRow
from voicemark.store.schema_files import ErasureFileRow, ErasureRow, ExportRow, ExportVoiceRow
from voicemark.store.schema_people import CannotLinkRow, MembershipRow, PersonRow
from voicemark.store.waiting import VOICE, note_waiting

READER_PATIENCE_S = 20.0
"""A reader is waited for so long."""


@dataclass(frozen=True)
class Forgotten:
    """What was erased; all zeros when nothing of the voice was kept."""

    name: str
    memories: int
    markers: int
    recordings: tuple[str, ...]
    """Paths of the recordings in which the voice had markers."""
    others: tuple[str, ...]
    """The names of the voices that are left."""
    embeddings: int = 0
    """Recordings whose embeddings were erased too."""
    answers: int = 0
    """What a person had said of the voice: names, corrections, answers to questions; each span counts."""


@dataclass(frozen=True)
class FileToErase:
    """A file that names an erased voice."""

    key: str
    path: Path
    recording: Path | None
    digests: tuple[str, ...]
    """It is ours if it has one of these; none where `whole`."""
    whole: bool
    """`path` is a recording whose files are all to be written anew."""
    rewritten: str | None
    """What it has when it has been written anew since."""


def forget(database: Database, name: str, *, recordings: bool = False) -> Forgotten:
    """Erase everything that is kept of the voice `name` from the tables, and write down what is still to be erased.

    `recordings`: with the embeddings of the recordings in which it was heard; these cannot be matched any more then.
    Raises DatabaseError.
    """
    with database.writing() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        mine = select(VoiceRow.id).where(VoiceRow.name == name).scalar_subquery()
        heard_in = select(MarkerRow.recording_id).where(MarkerRow.voice_id == mine)
        paths = session.scalars(select(RecordingRow.path).where(RecordingRow.id.in_(heard_in))).all()
        markers = session.scalar(select(func.count()).where(MarkerRow.voice_id == mine)) or 0
        memories = session.scalar(select(func.count()).where(MemoryRow.voice_id == mine)) or 0
        person = session.scalar(select(PersonRow.id).where(PersonRow.voice_id == mine))
        voice = session.scalar(select(VoiceRow.id).where(VoiceRow.name == name))
        answers, acts = forget_person(session, person, voice, name)
        if voice is not None:
            _note_files(session, name, heard_in)
        if voice is not None or acts:
            session.add(ErasureRow(asked_at=datetime.now(UTC)))
            session.execute(delete(MatchingRow))  # holds digests of memories
        session.execute(update(RecordingRow).where(RecordingRow.id.in_(heard_in)).values(match_key=None))
        embeddings = _erase_embeddings(session, heard_in) if recordings else 0
        for table in (TurnVoiceRow, MarkerRow, MemoryRow):
            session.execute(delete(table).where(table.voice_id == mine))
        session.execute(delete(VoiceRow).where(VoiceRow.name == name))
        note_waiting(session, VOICE + name, None)
        others = session.scalars(select(VoiceRow.name).order_by(VoiceRow.name)).all()
    return Forgotten(name, memories, markers, tuple(paths), tuple(others), embeddings, answers)


def forget_group(database: Database, person: int, *, recordings: bool = False) -> Forgotten:
    """As `forget`, of somebody who has no name: the group, and what was said of it.

    What the local speakers sound like stays with their recordings, and may be found to be alike again, unless
    `recordings`. Raises DatabaseError, and VoicemarkError where there is nobody of that number without a name.
    """
    with database.writing() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        row = session.get(PersonRow, person)
        if row is None or row.voice_id is not None:
            raise VoicemarkError(
                f"there is nobody without a name who has the number {person}", hint="`voicemark people` lists them"
            )
        session.add(ErasureRow(asked_at=datetime.now(UTC)))
        heard_in = session.scalars(
            select(MembershipRow.recording_id).where(MembershipRow.person_id == person).distinct()
        ).all()
        paths = session.scalars(select(RecordingRow.path).where(RecordingRow.id.in_(heard_in))).all()
        embeddings = _erase_embeddings(session, heard_in) if recordings else 0
        answers, _ = forget_person(session, person, None, None)
    return Forgotten(f"voice {person}", 0, 0, tuple(paths), (), embeddings, answers)


def _erase_embeddings(session: Session, recordings: Select[Any] | Sequence[int]) -> int:
    """Of whole recordings, and who speaks in them; of how many."""
    erased = session.execute(delete(EmbeddingRow).where(EmbeddingRow.recording_id.in_(recordings)))
    for told in (TurnVoiceRow, TurnRow, LocalSpeakerRow, NormalisationRow, MembershipRow, CannotLinkRow):
        session.execute(delete(told).where(told.recording_id.in_(recordings)))
    of_speakers = ActChangeRow.recording_id.in_(recordings)
    session.execute(delete(ActChangeRow).where(of_speakers))
    return int(getattr(erased, "rowcount", 0))


def _note_files(session: Session, name: str, heard_in: Select[Any]) -> None:
    """The files that name the voice, and the recordings in which it was heard (an earlier version noted no files)."""
    rows = session.execute(
        select(ExportRow.target, ExportRow.recording_id, ExportRow.format, ExportRow.digest)
        .join(ExportVoiceRow, ExportVoiceRow.target == ExportRow.target)
        .join(VoiceRow, VoiceRow.id == ExportVoiceRow.voice_id)
        .where(VoiceRow.name == name)
    ).all()
    for target, recording_id, format, digest in rows:
        session.merge(ErasureFileRow(target=target, recording_id=recording_id, format=format, digest=digest))
    in_them = session.execute(select(RecordingRow.path, RecordingRow.id).where(RecordingRow.id.in_(heard_in))).all()
    for path, recording_id in in_them:
        session.merge(ErasureFileRow(target=path, recording_id=recording_id, format="", digest=None))


def is_anything_left(session: Session, *, asked_before: datetime | None = None) -> bool:
    """Is some erasure still to be ended? `asked_before`: only what was asked for before."""
    query = select(ErasureRow.id).limit(1)
    return (
        session.scalar(query if asked_before is None else query.where(ErasureRow.asked_at < asked_before)) is not None
    )


def files_to_erase(session: Session, key: str | None = None) -> list[FileToErase]:
    """What is still to be done, files first; or of the file with this `key` alone, as it is now."""
    query = (
        select(ErasureFileRow, RecordingRow.path, ExportRow.digest)
        .outerjoin(RecordingRow, RecordingRow.id == ErasureFileRow.recording_id)
        .outerjoin(ExportRow, ExportRow.target == ErasureFileRow.target)
        .order_by(ErasureFileRow.format == "", ErasureFileRow.target)
    )
    rows = session.execute(query if key is None else query.where(ErasureFileRow.target == key))
    return [
        FileToErase(
            key=row.target,
            path=text_to_path(row.target),
            recording=None if recording is None else text_to_path(recording),
            digests=tuple((row.digest or "").split()),
            whole=row.format == "",
            rewritten=digest if digest != row.digest else None,
        )
        for row, recording, digest in rows
    ]


def file_is_erased(session: Session, file: FileToErase) -> None:
    """One step is done."""
    session.execute(delete(ErasureFileRow).where(ErasureFileRow.target == file.key))


def needs_scrubbing(session: Session) -> bool:
    """Has the database file not been written anew since a voice was erased?"""
    return session.scalar(select(ErasureRow.id).where(ErasureRow.scrubbed_at.is_(None)).limit(1)) is not None


def end_erasures(database: Database) -> None:
    """Nothing is left to be done, if no file is."""
    with database.writing() as session:
        if session.scalar(select(ErasureFileRow.target).limit(1)) is None and not needs_scrubbing(session):
            session.execute(delete(ErasureRow))


def scrub(database: Database, tell: Callable[[str], None] = lambda _: None) -> None:
    """Write the file anew from what is in it, and empty its log. Takes as much free space again as it is large.

    `tell` is told when another program has to let go first. Raises DatabaseError when the disk is full or another
    program keeps the database open in a transaction.
    """
    with translated(database.path), database.locked(), database.connection() as connection:
        driver: Any = connection.connection.driver_connection  # outside of any transaction
        before_ms = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        try:
            _empty_log(driver, database, tell)
            driver.execute("PRAGMA secure_delete=ON")
            driver.execute("VACUUM")
            _empty_log(driver, database, tell)
        finally:
            driver.execute(f"PRAGMA busy_timeout={before_ms}")
    with database.writing() as session:
        session.execute(
            update(ErasureRow).where(ErasureRow.scrubbed_at.is_(None)).values(scrubbed_at=datetime.now(UTC))
        )


def _empty_log(driver: sqlite3.Connection, database: Database, tell: Callable[[str], None]) -> None:
    for patience_s in (0.0, READER_PATIENCE_S):
        driver.execute(f"PRAGMA busy_timeout={patience_s * 1000:.0f}")
        if not driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            return
        if not patience_s:
            tell(f"another program is reading the database; it is waited for, {READER_PATIENCE_S:.0f} s at most")
    raise DatabaseError(
        "another program is reading, so old copies in its log cannot be erased yet",
        path=database.path,
        hint="end it and run `voicemark forget` with the same name again; or the service ends what is left",
    )
