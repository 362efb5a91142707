"""A disk that does not answer holds nothing up: no look, and nothing of it is gone or done anew."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voicemark import patience
from voicemark.config import WatchSection
from voicemark.recorders.registry import recorder_for
from voicemark.store.database import open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemarkd.watch import WatchedFolder


class Disk:
    """What lies below `folder` does not answer while it is `silent`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.answers = str(folder), threading.Event()
        self.answers.set()
        self.asked_here: list[str] = []
        """By a thread that nobody can give up."""
        for module, name in ((os, "stat"), (os, "lstat"), (os, "scandir"), (os, "listdir"), (os, "open")):
            monkeypatch.setattr(module, name, self._held(getattr(module, name)))

    def _held(self, call: Any) -> Any:
        def held(path: Any = ".", *arguments: Any, **keywords: Any) -> Any:
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.folder):
                if not getattr(patience._here, "helper", False):
                    self.asked_here.append(f"{call.__name__} {os.fspath(path)}")
                self.answers.wait(60)
            return call(path, *arguments, **keywords)

        return held


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.2)
    (tmp_path / "video").mkdir()
    disk = Disk(tmp_path / "video", monkeypatch)
    yield disk
    disk.answers.set()


def test_a_look_at_a_silent_disk_ends_and_takes_nothing_for_gone(tmp_path: Path, disk: Disk) -> None:
    database = open_database(tmp_path / "v.db")
    inventory, jobs = Inventory(database), Jobs(database)
    section = WatchSection(path=tmp_path / "video", settle_s=0, mode="poll")
    folder = WatchedFolder(section, recorder_for(section), inventory, "m", rescan_s=0.0)
    for name in ("a.ts", "b.ts"):
        (tmp_path / "video" / name).write_bytes(b"G" * 1880)
    folder.tick()
    folder.tick()
    disk.asked_here.clear()
    disk.answers.clear()
    folder.hint(tmp_path / "video" / "a.ts")
    census = folder.look(thorough=True)
    assert census.gone == 0
    assert folder.look_at([tmp_path / "video" / "a.ts"]).gone == 0
    assert disk.asked_here == []
    disk.answers.set()
    while patience.silent_places():
        threading.Event().wait(0.01)
    census = folder.look(thorough=True)
    assert (census.present, census.gone) == (2, 0)
    assert jobs.claim("m") is not None
    database.close()
