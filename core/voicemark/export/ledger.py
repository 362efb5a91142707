"""What voicemark has written: how a file is known to be ours, so that nobody else's is ever overwritten.

Formats differ in whether they allow a signature inside, and a signature would not tell a file that its owner has
changed since. So a digest of every file written is kept, in one small SQLite file in the export folder: a file is ours
when its bytes are exactly what was once written, wherever it lies now (recordings are renamed and moved, their files
with them). Where each was written is kept too, so that a file is found that a moved recording has left behind. For
formats that others write too, the entries that are ours are kept.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from voicemark.errors import ExportError
from voicemark.export.modes import make_folders
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.private import create_private

NAME = ".voicemark-written.db"
TIMEOUT_S = 30.0

_TABLES = """
CREATE TABLE IF NOT EXISTS files (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (target TEXT PRIMARY KEY, made TEXT, recording TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS places_made ON places (made);
CREATE TABLE IF NOT EXISTS entries (target TEXT, entry TEXT, PRIMARY KEY (target, entry)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Place:
    """Where a file was written."""

    target: Path
    made: str
    """What it is, wherever it lies: the recording's content and the format."""
    recording: Path
    """Where the recording was then."""


class Ledger:
    """The record in `folder`; a context manager. What is remembered is on disk when the call returns."""

    def __init__(self, folder: Path) -> None:
        """Raises `ExportError` when the record cannot be opened or made."""
        self._path = folder / NAME
        with self._translated():
            make_folders(folder)
            with suppress(FileExistsError):
                os.close(create_private(self._path))
            self._connection = sqlite3.connect(self._path, timeout=TIMEOUT_S, isolation_level=None)
            self._connection.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def knows(self, data: bytes) -> bool:
        """Whether a file with these bytes was written here before."""
        with self._translated():
            found = self._connection.execute("SELECT 1 FROM files WHERE digest = ?", (_digest(data),)).fetchone()
        return found is not None

    def remember(self, data: bytes, place: Place) -> None:
        """A file with these bytes is about to be written there."""
        row = path_to_text(place.target), place.made, path_to_text(place.recording)
        with self._translated():
            self._connection.execute("INSERT OR IGNORE INTO files VALUES (?)", (_digest(data),))
            self._connection.execute(
                "INSERT INTO places VALUES (?, ?, ?) ON CONFLICT (target) DO UPDATE"
                " SET made = excluded.made, recording = excluded.recording"
                " WHERE made != excluded.made OR recording != excluded.recording",
                row,
            )

    def elsewhere(self, place: Place) -> list[Place]:
        """Where the same was written when its recording, or one with the same content, was at another path."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT target, recording FROM places WHERE made = ? AND recording != ?",
                (place.made, path_to_text(place.recording)),
            ).fetchall()
        return [Place(text_to_path(target), place.made, text_to_path(recording)) for target, recording in rows]

    def forget(self, place: Place) -> None:
        """Nothing of ours is there any more."""
        with self._translated():
            self._connection.execute("DELETE FROM places WHERE target = ?", (path_to_text(place.target),))

    def entries(self, targets: Iterable[str]) -> set[str]:
        """The entries that are ours in a file known by any of the names `targets`."""
        found: set[str] = set()
        with self._translated():
            for target in targets:
                found.update(
                    row[0] for row in self._connection.execute("SELECT entry FROM entries WHERE target = ?", (target,))
                )
        return found

    def remember_entries(self, targets: Iterable[str], entries: Iterable[str]) -> None:
        """`entries` are about to be ours as well, under each of the names."""
        kept = list(entries)
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            for target in targets:
                self._connection.executemany(
                    "INSERT OR IGNORE INTO entries VALUES (?, ?)", [(target, entry) for entry in kept]
                )
            self._connection.execute("COMMIT")

    def forget_entries(self, targets: Iterable[str], kept: Iterable[str]) -> None:
        """Only the entries `kept` are left of ours."""
        names, there = list(targets), set(kept)
        with self._translated():
            for target in names:
                gone = [(target, entry) for entry in self.entries([target]) - there]
                self._connection.executemany("DELETE FROM entries WHERE target = ? AND entry = ?", gone)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, ExportError) as error:
            raise ExportError(
                f"the record of what was written cannot be kept: {error}",
                path=self._path,
                hint="[export] folder needs space, and must be writable for the user that exports",
            ) from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
