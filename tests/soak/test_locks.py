"""Another program holds the database for a minute: the service waits, tells systemd so, loses nothing and goes on."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.service import IMPATIENT, LONG, Daemon, Home, serving, serving_unready

LOCKED_S = 60.0 if LONG else 3.0

HOLD = """
import sqlite3, sys, time
path, statement, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
connection = sqlite3.connect(path, timeout=60, isolation_level=None)
connection.executescript(statement)
print("held", flush=True)
time.sleep(seconds)
sys.stdin.read()
connection.rollback()
"""
HOLDS = {
    "reader": "BEGIN; SELECT count(*) FROM jobs",
    "writer": "BEGIN IMMEDIATE; INSERT INTO voices (name, enrolled_at) VALUES ('nobody', '2026-03-01 00:00:00')",
    # Not while the service has it open.
    "owner": "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; SELECT count(*) FROM jobs",
}

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


@contextmanager
def held(database: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own has the database locked from here on, for `LOCKED_S` and until its stdin is closed."""
    command = [sys.executable, "-c", HOLD, str(database), HOLDS[how], str(LOCKED_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def let_go(holder: subprocess.Popen[str], daemon: Daemon) -> None:
    """Until the lock has ended."""
    assert holder.stdin is not None
    holder.stdin.close()
    daemon.wait(lambda: holder.poll() is not None, "the lock to end")


def complained(daemon: Daemon) -> bool:
    """Has systemd been told of the lock?"""
    return any("is locked by another program" in message for message in daemon.messages)


@pytest.mark.parametrize("how", ["reader", "writer"])
def test_a_lock_for_a_minute_costs_nothing_but_time(tmp_path: Path, sources: Path, how: str) -> None:
    home = Home(tmp_path, sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    with serving(home, prelude=IMPATIENT) as daemon:
        home.record("before.ts", 0)
        daemon.wait_done(1)
        with held(home.database, how) as holder:
            told = daemon.messages.count("WATCHDOG=1")
            home.record("meanwhile.ts", 1)
            if how == "reader":
                daemon.wait_done(2)
            else:
                daemon.wait(lambda: complained(daemon), "the complaint")
            daemon.wait(lambda: daemon.messages.count("WATCHDOG=1") > told, "a sign of life: systemd would end it")
            let_go(holder, daemon)
            assert complained(daemon) == (how != "reader")
        home.record("after.ts", 2)
        daemon.wait_done(3)
        daemon.wait(lambda: len(list((tmp_path / "export").rglob("*.json"))) == 3, "the exports")
        assert daemon.messages.count("READY=1") == 1
        assert daemon.terminate() == 0
    assert home.attempts() == {"before.ts": 1, "meanwhile.ts": 1, "after.ts": 1}
    assert {marker[0] for marker in home.markers()} == set(home.attempts())
    assert home.intact()


def test_a_service_that_finds_its_database_locked_starts_when_it_is_free(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.record("a.ts")
    with serving(home) as daemon:
        daemon.wait_done(1)
        daemon.terminate()
    home.record("b.ts", 1)
    with held(home.database, "owner") as holder, serving_unready(home, prelude=IMPATIENT) as daemon:
        daemon.wait(lambda: "STATUS=waiting: is locked by another program" in daemon.messages, "the status")
        assert holder.poll() is None and "READY=1" not in daemon.messages
        assert any(message.startswith("EXTEND_TIMEOUT_USEC=") for message in daemon.messages)
        let_go(holder, daemon)
        daemon.wait_done(2)
        assert daemon.messages.count("READY=1") == 1
