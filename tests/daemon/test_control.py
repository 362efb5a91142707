"""What a person says is done by the service where one runs, and all follows; without one it is done all the same."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.service import IMPATIENT, Daemon, Home, serving

from voicemark.actions.acts import ActError, Correct, Retry, Undo
from voicemark.config import load_config
from voicemark.control import submit as submitting
from voicemark.control.client import asked
from voicemark.control.place import ControlError, socket_of
from voicemark.control.submit import submit
from voicemark.control.wire import Request
from voicemark.store.sqlite_errors import DatabaseUnavailableError

pytestmark = pytest.mark.timeout(600)


def test_what_is_said_while_it_runs_is_done_by_it_and_undone(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    path = home.record("first.ts", 0)
    config = load_config(home.config)
    socket = socket_of(config)
    with serving(home) as daemon:
        daemon.wait_done(1)
        daemon.wait(lambda: len(home.markers()) == 1, "the marker")
        before = _rounded(home)
        inode = home.database.stat().st_ino

        done = submit(config, Correct(recording=str(path), start_s=5.0, end_s=6.5, is_name="Low"))
        assert done.act_id is not None
        daemon.wait(lambda: any(one[2] <= 5.0 and one[3] >= 6.5 for one in home.markers()), "what was said")  # type: ignore[operator]
        exported = tmp_path / "export"
        daemon.wait(lambda: any(_ends(file) >= 6.5 for file in exported.rglob("*.json")), "the export")
        submit(config, Undo())
        daemon.wait(lambda: _rounded(home) == before, "what was before")

        with pytest.raises(ActError):
            submit(config, Retry(recording=str(path)))
        with pytest.raises(ActError, match="cannot be done"):
            asked(socket, Request(home.database, {"act": "drop tables"}))
        with pytest.raises(ControlError, match="another database"):
            asked(socket, Request(tmp_path / "other.db", {"act": "undo"}))

        _a_second_service_leaves_it_alone(home, config, daemon)
        _a_socket_that_is_taken_away_is_made_again(socket, daemon)
        assert daemon.terminate() == 0
    assert not socket.exists() and home.database.stat().st_ino == inode
    assert home.intact()


def _a_second_service_leaves_it_alone(home: Home, config: object, daemon: Daemon) -> None:
    with serving(home) as second:
        second.wait(lambda: "another service listens there" in second.log, "the word for it")
        assert second.terminate() == 0
    assert socket_of(load_config(home.config)).exists()


def _a_socket_that_is_taken_away_is_made_again(socket: Path, daemon: Daemon) -> None:
    socket.unlink()
    daemon.wait(socket.exists, "the socket")


def test_without_a_service_it_is_done_here_and_what_follows_by_the_next(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    path = home.record("first.ts", 0)
    config = load_config(home.config)
    with serving(home) as daemon:
        daemon.wait_done(1)
        daemon.kill()
    assert socket_of(config).exists(), "left behind by the kill"
    done = submit(config, Correct(recording=str(path), start_s=5.0, end_s=6.5, is_name="Low"))
    assert done.act_id is not None
    with serving(home) as daemon:
        daemon.wait(lambda: any(one[2] <= 5.0 and one[3] >= 6.5 for one in home.markers()), "what was said")  # type: ignore[operator]
        assert daemon.terminate() == 0


def test_a_database_that_somebody_has_locked_is_told_and_nothing_is_done(
    tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path, sources)
    path = home.record("first.ts", 0)
    config = load_config(home.config)
    prelude = f"{IMPATIENT}\nfrom voicemark.control import submit; submit.PATIENCE_S = 1.0"
    with serving(home, prelude=prelude) as daemon:
        daemon.wait_done(1)
        with closing(sqlite3.connect(home.database, isolation_level=None)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnavailableError):
                submit(config, Correct(recording=str(path), start_s=5.0, end_s=6.5, is_name="Low"))
            locker.execute("ROLLBACK")
        assert home.query("SELECT count(*) FROM acts") == [(0,)]
        assert submit(config, Correct(recording=str(path), start_s=5.0, end_s=6.5, is_name="Low")).act_id is not None
        assert daemon.terminate() == 0
    assert submitting.PATIENCE_S > 1.0


def _rounded(home: Home) -> list[tuple[object, ...]]:
    """Markers, without the last digits of their scores, which depend on what is matched together."""
    return [(*one[:4], round(float(str(one[4])), 3)) for one in home.markers()]


def _ends(file: Path) -> float:
    told = json.loads(file.read_text())
    return max((float(one["end_s"]) for one in told["markers"]), default=0.0)
