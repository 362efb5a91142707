"""The rest of forgetting somebody: files that name the voice, copies of the database, its free pages.

Each step is kept until it is done (`voicemark.store.forget`), so it does not matter where the last try was broken off:
the next `voicemark forget`, or the service, goes on from there.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from voicemark.config import ExportSection
from voicemark.errors import DatabaseError, ExportError
from voicemark.export.after import export_heard
from voicemark.export.files import read_present
from voicemark.store.database import Database
from voicemark.store.exports import digest_of, drop_export
from voicemark.store.forget import FileToErase, end_erasures, file_is_erased, files_to_erase, needs_scrubbing, scrub
from voicemark.store.migrate import copy_before


@dataclass
class Erased:
    """What became of what was left to be erased."""

    removed: list[Path] = field(default_factory=list)
    """Files that were taken away and not written anew, as nothing asks for them."""
    rewritten: int = 0
    changed: list[Path] = field(default_factory=list)
    """Somebody changed these since; they may still name the voice and are not ours to remove."""
    unreachable: dict[Path, str] = field(default_factory=dict)
    """Why these could not be erased; it is tried again."""
    in_the_way: str | None = None
    """Why the database file could not be written anew; it is tried again."""

    @property
    def unfinished(self) -> str | None:
        """In words, what is still to be done; None when nothing is."""
        left = [f"{path}: {why}" for path, why in self.unreachable.items()]
        return "; ".join([*left, *([self.in_the_way] if self.in_the_way else [])]) or None


def needed_bytes(database: Database) -> tuple[int, int]:
    """How much free space it takes to write the database anew, and how much there is beside it."""
    files = (database.path, database.path.with_name(database.path.name + "-wal"))
    size = sum(file.stat().st_size for file in files if file.exists())
    return 2 * size, shutil.disk_usage(database.path.parent).free


def finish_erasures(
    database: Database, settings: ExportSection, tell: Callable[[str], None] = lambda _: None
) -> Erased:
    """Do what is left to be done. `settings` says which files are written anew. Raises `DatabaseError` only where
    the database cannot be used at all."""
    erased = Erased()
    with database.reading() as session:
        files = files_to_erase(session)
    for key in (file.key for file in files):
        with database.reading() as session:
            now = files_to_erase(session, key)  # With another file of its recording it may have been written anew.
        for file in now:
            _erase(database, file, settings, erased)
    with database.reading() as session:
        dirty = needs_scrubbing(session)
    if dirty:
        copy_before(database.path).unlink(missing_ok=True)
        try:
            scrub(database, tell)
        except DatabaseError as error:
            erased.in_the_way = str(error)
    end_erasures(database)
    return erased


def _erase(database: Database, file: FileToErase, settings: ExportSection, erased: Erased) -> None:
    gone = False
    if not file.whole:
        try:
            gone = _remove(file, erased)
        except (ExportError, OSError) as error:
            erased.unreachable[file.path] = str(error)
            return
    if file.recording is not None:
        failures = [str(one) for one in export_heard(database, [file.recording], settings) if one.again]
        if failures:
            erased.unreachable[file.path] = "; ".join(failures)
            return
    with database.writing() as session:
        file_is_erased(session, file)
        if gone and not file.path.exists():
            drop_export(session, file.key)
            erased.removed.append(file.path)
        elif gone:
            erased.rewritten += 1


def _remove(file: FileToErase, erased: Erased) -> bool:
    """Take the file away if it is as it was written. Raises `ExportError`, `OSError` where that cannot be told."""
    present = read_present(file.path)
    if present is None:
        if not file.path.parent.is_dir():
            raise ExportError("its folder is not there: is its disk away?", path=file.path)
        return True
    digest = digest_of(present)
    if file.rewritten is not None and digest in file.rewritten.split():
        erased.rewritten += 1
        return False
    if digest not in file.digests:
        erased.changed.append(file.path)
        return False
    file.path.unlink()
    return True
