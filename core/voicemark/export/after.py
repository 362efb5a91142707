"""What happens to exported files when something happened to recordings: heard, matched anew, moved, or gone.

Called by `voicemark scan` and the service after each recording. A marker file that cannot be written is no reason to
hear a recording again, so nothing here raises for one: failures come back, and whoever can tries again later.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from voicemark.config import ExportSection
from voicemark.errors import DatabaseError, ExportError, RecordingError
from voicemark.export.files import mirrored
from voicemark.export.ledger import Ledger
from voicemark.export.load import load_recording
from voicemark.export.write import WRITERS, export_recording, is_current, remove_if_ours
from voicemark.store.database import Database
from voicemark.store.exports import ExportRecord
from voicemark.store.paths import text_to_path
from voicemark.store.schema import RecordingRow

log = logging.getLogger(__name__)
_told: set[str] = set()


@dataclass(frozen=True)
class Failure:
    """A recording whose files could not all be written, and why; as text, the reason."""

    path: Path
    reason: str
    again: bool
    """Another try may help: the reason lies in the place that is written to, not in the recording."""

    def __str__(self) -> str:
        return self.reason


def export_heard(database: Database, paths: Iterable[Path] | None, settings: ExportSection) -> list[Failure]:
    """Write what `[export]` asks for, for the recordings at `paths` (None: all that were heard and are still there).

    Files that would not change are not touched. Returns what failed. Raises `DatabaseError`.
    """
    if not settings.formats:
        return []
    failures: list[Failure] = []
    for path in heard(database) if paths is None else paths:
        try:
            with database.reading() as session:
                recording = load_recording(session, path)
            record = ExportRecord(database, recording.path)
            if not is_current(recording, settings.formats, settings, record):
                export_recording(recording, settings.formats, settings, record)
        except (ExportError, RecordingError) as error:
            failures.append(Failure(path, str(error), again=isinstance(error, ExportError)))
        except DatabaseError:
            raise
        except Exception as error:
            if (reason := f"{path}: {type(error).__name__}: {error}") not in _told:
                _told.add(reason)
                log.exception("%s is not exported: an error of voicemark itself", path)
            failures.append(Failure(path, reason, again=True))
    return failures


def heard(database: Database) -> list[Path]:
    """Every recording that was heard and is still there."""
    with database.reading() as session:
        rows = session.scalars(
            select(RecordingRow.path).where(RecordingRow.scanned_at.is_not(None), RecordingRow.deleted_at.is_(None))
        )
        return [text_to_path(text) for text in rows]


def remove_exports(paths: Iterable[Path], settings: ExportSection) -> list[str]:
    """Take away what was written to the export folder for recordings that are gone; returns what failed.

    What lies beside recordings is their recorder's to delete with them; a file changed by its owner stays.
    """
    failures: list[str] = []
    if not settings.folder.is_dir():
        return failures
    with Ledger(settings.folder) as ledger:
        for path in paths:
            for writer in WRITERS.values():
                try:
                    remove_if_ours(mirrored(settings.folder, path, writer.suffix), ledger)
                except ExportError as error:
                    failures.append(str(error))
    return failures
