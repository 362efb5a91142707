"""Which file was written for which recording, and whom it names: so that it can be found again, wherever it lies.

A file is noted before it is written, and settled when it is there: a program that is killed in between leaves a row too
much, never one too few.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.store.database import Database
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import RecordingRow, VoiceRow
from voicemark.store.schema_files import ExportRow, ExportVoiceRow


def digest_of(data: bytes) -> str:
    """What a file's bytes are known by."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Noted:
    """A row: the digests that the file may have (of what is there, or was before a write that may have been broken
    off), and what it was made of."""

    digests: tuple[str, ...]
    made_of: str | None


class ExportRecord:
    """The rows of one recording's files. Raises `DatabaseError`."""

    def __init__(self, database: Database, recording: Path) -> None:
        self._database = database
        self._recording = path_to_text(recording)
        with database.reading() as session:
            mine = select(RecordingRow.id).where(RecordingRow.path == self._recording).scalar_subquery()
            rows = session.scalars(select(ExportRow).where(ExportRow.recording_id == mine))
            self._rows = {row.target: Noted(_digests(row), row.made_of) for row in rows}

    def owner(self, target: Path) -> Path | None:
        """The other recording whose file `target` is; None when it is nobody's, or this one's."""
        with self._database.reading() as session:
            wanted = (
                select(RecordingRow.path)
                .join(ExportRow, ExportRow.recording_id == RecordingRow.id)
                .where(ExportRow.target == path_to_text(target), RecordingRow.path != self._recording)
                .where(RecordingRow.deleted_at.is_(None))
            )
            found = session.scalar(wanted)
        return None if found is None else text_to_path(found)

    def made_of(self, target: Path) -> str | None:
        """What the file was made of when it was last there as it should be."""
        row = self._rows.get(path_to_text(target))
        return None if row is None else row.made_of

    def note(self, target: Path, format: str, data: bytes, voices: Iterable[str]) -> None:
        """A file with these bytes, which name `voices`, is about to be written."""
        text, digest = path_to_text(target), digest_of(data)
        row = self._rows.get(text)
        if row is not None and row.digests == (digest,) and row.made_of is not None:
            return  # It is there, and all is known of it.
        digests = tuple(dict.fromkeys((digest, *(row.digests if row else ()))))[:4]
        with self._database.writing() as session:
            _put(session, text, self._recording, format, " ".join(digests))
            _name(session, text, voices, exactly=False)
        self._rows[text] = Noted(digests, None)

    def settle(self, files: Mapping[Path, tuple[str, bytes | None, frozenset[str], str]]) -> None:
        """For each target its format, what is there now (None: nothing of ours), whom it names and what it was made
        of. What the recording had elsewhere and is no longer there is not known any more."""
        changed = {
            path_to_text(target): (format, () if data is None else (digest_of(data),), voices, made_of)
            for target, (format, data, voices, made_of) in files.items()
        }
        formats = {format for format, *_ in changed.values()}
        changed = {text: entry for text, entry in changed.items() if self._rows.get(text) != Noted(entry[1], entry[3])}
        if not changed:
            return
        with self._database.writing() as session:
            for text, (format, digests, voices, made_of) in changed.items():
                _put(session, text, self._recording, format, " ".join(digests) or None, made_of)
                _name(session, text, voices, exactly=True)
                self._rows[text] = Noted(digests, made_of)
            rows = session.scalars(
                select(ExportRow)
                .join(RecordingRow, RecordingRow.id == ExportRow.recording_id)
                .where(RecordingRow.path == self._recording, ExportRow.format.in_(formats))
            ).all()
            here = {path_to_text(target) for target in files}
            for row in rows:
                if row.target not in here and row.made_of is not None and not text_to_path(row.target).exists():
                    session.delete(row)


def drop_export(session: Session, target: str) -> None:
    """Nothing of ours is there any more."""
    session.execute(delete(ExportRow).where(ExportRow.target == target))


def name_other_voice(session: Session, voice: int, other: int) -> None:
    """Files that name `voice`, which is about to be no more, count as naming the `other` that it is one with."""
    for row in session.scalars(select(ExportVoiceRow).where(ExportVoiceRow.voice_id == voice)).all():
        session.merge(ExportVoiceRow(target=row.target, voice_id=other))


def _digests(row: ExportRow) -> tuple[str, ...]:
    return tuple((row.digest or "").split())


def _put(
    session: Session, target: str, recording: str, format: str, digest: str | None, made_of: str | None = None
) -> None:
    recording_id = session.scalar(select(RecordingRow.id).where(RecordingRow.path == recording))
    row = ExportRow(target=target, recording_id=recording_id, format=format, digest=digest, made_of=made_of)
    session.merge(row)
    session.flush()


def _name(session: Session, target: str, voices: Iterable[str], *, exactly: bool) -> None:
    """`exactly` these voices are named, or these as well."""
    wanted = set(session.scalars(select(VoiceRow.id).where(VoiceRow.name.in_(list(voices)))))
    there = set(session.scalars(select(ExportVoiceRow.voice_id).where(ExportVoiceRow.target == target)))
    session.add_all(ExportVoiceRow(target=target, voice_id=voice) for voice in wanted - there)
    if exactly and there - wanted:
        session.execute(
            delete(ExportVoiceRow).where(ExportVoiceRow.target == target, ExportVoiceRow.voice_id.in_(there - wanted))
        )
