"""What nobody has thought of ends the service at its start with a code of its own, and never in its work."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.service import Home, serving

from voicemark.store.database import open_database
from voicemarkd.main import EXIT_SOFTWARE

pytestmark = pytest.mark.timeout(600)


def test_a_broken_library_ends_it_at_the_start(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    (tmp_path / "torch.py").write_text("raise OSError('libtorch_cpu.so: cannot open shared object file')")
    serve = [sys.executable, "-c", "from voicemarkd.main import run; run()", "--config", str(home.config)]
    done = subprocess.run(serve, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == EXIT_SOFTWARE
    assert "OSError: libtorch_cpu.so: cannot open" in done.stderr and "Traceback" in done.stderr


def test_nonsense_in_the_job_table_is_said_and_waited_for(tmp_path: Path, sources: Path) -> None:
    """A program that is not voicemark has written there."""
    home = Home(tmp_path, sources)
    open_database(home.database).close()
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.executescript(
            "INSERT INTO recordings (id, path, recorder, content, title, found_at)"
            " VALUES (1, '/a', 'plain', 'c', 'A', '2026-03-01 20:15:00.000000');"
            "INSERT INTO jobs (recording_id, content, model_id, state, priority, attempts, created_at, updated_at)"
            " VALUES (1, 'c', 'm', 'running', 0, 1, '2026-03-01 20:15:00.000000', 'yesterday')"
        )
    home.record("a.ts")
    with serving(home) as daemon:
        daemon.wait(lambda: "yesterday" in daemon.log and "Traceback" in daemon.log, "the complaint")
        daemon.wait(lambda: home.query("SELECT subject FROM waiting") == [("the queue",)], "what waits")
        with closing(sqlite3.connect(home.database, timeout=30)) as connection, connection:
            connection.execute("DELETE FROM jobs WHERE updated_at = 'yesterday'")
        daemon.wait_done(1)
        daemon.wait(lambda: home.query("SELECT subject FROM waiting") == [], "that nothing waits")
