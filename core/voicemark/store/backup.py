"""A copy of the database while others write to it: whole, checked, and in place only when it is good."""

import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from voicemark import files
from voicemark.errors import DatabaseError
from voicemark.store.revision import OURS, revision_of
from voicemark.store.sqlite_errors import in_words
from voicemark.store.sqlite_file import BUSY_TIMEOUT_S


@dataclass(frozen=True)
class Backup:
    """A finished copy."""

    path: Path
    size: int
    recordings: int


def backup(source: Path, target: Path) -> Backup:
    """Copy the database file `source`, as it is at one moment, to `target` with SQLite's online backup.

    Writers go on meanwhile. The database is not migrated, so that a copy can be made before an upgrade. The copy
    is written beside the target, for its user alone, checked (`integrity_check`), made durable and renamed; an older
    copy of that name is replaced, any other file is not, another program's database neither. Raises DatabaseError.
    """
    if not source.is_file():
        raise DatabaseError("there is no such database", path=source, hint="check [database] url")
    _check_target(source, target)
    try:
        with files.replacing(target, mode=0o600) as part:
            try:
                with in_words(part):
                    recordings = _copy(source, part)
            finally:
                for tail in ("-wal", "-shm", "-journal"):
                    part.with_name(part.name + tail).unlink(missing_ok=True)
            size = part.stat().st_size
    except OSError as error:
        raise DatabaseError(f"the copy cannot be written: {error.strerror}", path=target) from error
    return Backup(target, size, recordings)


def _check_target(source: Path, target: Path) -> None:
    if target.is_dir():
        raise DatabaseError("is a folder", path=target, hint="name the file to write")
    if not target.parent.is_dir():
        raise DatabaseError("its folder does not exist", path=target, hint="make it first")
    try:
        present = target.lstat()
    except FileNotFoundError:
        return
    if target.exists() and target.samefile(source):
        raise DatabaseError("is the database itself", path=target, hint="name another file")
    if not stat.S_ISREG(present.st_mode) or not _is_ours(target):
        raise DatabaseError(
            "exists and is no copy of a voicemark database; it is not overwritten",
            path=target,
            hint="name another file",
        )


def _is_ours(target: Path) -> bool:
    """Only reads: `immutable` makes SQLite leave a log that may lie beside it alone."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database,
    ):
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return names >= OURS
    return False


def _copy(source: Path, part: Path) -> int:
    """Copy into an empty file, check, and count the recordings in it."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as original,
        closing(sqlite3.connect(part)) as copy,
    ):
        if revision_of(original, source) is None:
            raise DatabaseError("is empty: there is nothing to copy", path=source, hint="check [database] url")
        original.backup(copy)  # all pages in one step: one consistent moment, and no writer makes it begin again
        faults = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        if faults != ["ok"]:
            raise DatabaseError(
                f"the copy is damaged, as the database probably is: {faults[0]}",
                path=source,
                hint="restore an older backup",
            )
        return int(copy.execute("SELECT count(*) FROM recordings").fetchone()[0])
