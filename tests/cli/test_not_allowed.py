"""Whoever may not read what a command needs is told so, and which group to join or who to be."""

import grp
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forked import run_forked

from voicemark.rights import barred_at, who_may
from voicemark.store.database import open_database

NOBODY = 65534
AS_NOBODY = f"""
import importlib, io, os
modules = "cli.doctor_recording actions.check actions.recording_report cli.people cli.scan store.called"
for name in modules.split():
    importlib.import_module("voicemark." + name)  # the Python of a user may be closed to others
from rich.console import Console
Console(file=io.StringIO()).print("[red]x[/]")
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
from voicemark.cli.main import run
run()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """As the service is installed: its folder is its own and its group's. (The tests' own folder is root's alone.)"""
    folder = Path(tempfile.mkdtemp(prefix="voicemark-"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    (folder / "data").chmod(0o2750)
    open_database(folder / "data/v.db").close()
    (folder / "data/a.ts").write_bytes(b"G" * 1880)
    (folder / "config.toml").write_text('[database]\nurl = "sqlite:///data/v.db"\n[[watch]]\npath = "data"\n')
    (folder / "config.toml").chmod(0o644)
    if os.geteuid():
        (folder / "data").chmod(0)
    yield folder
    (folder / "data").chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "command", ["markers", "status", "people", "scan", "playlist A", "retry --all", "config check"]
)
def test_a_database_in_a_folder_that_may_not_be_entered_is_no_traceback(place: Path, command: str) -> None:
    code, said = run_forked(AS_NOBODY, *command.split(), "-c", place / "config.toml")
    assert code == 1 and "data/v.db: may not be read by this user" in said and "run this as" in said
    assert "Traceback" not in said


def test_a_recording_that_may_not_be_read_is_not_said_to_be_missing(place: Path) -> None:
    (place / "config.toml").write_text("")
    code, said = run_forked(AS_NOBODY, "doctor", place / "data/a.ts", "-c", place / "config.toml")
    assert code == 1 and "a.ts: may not be read by this user" in said and "Traceback" not in said


def test_a_configuration_that_may_not_be_read_is_an_error_of_the_configuration(place: Path) -> None:
    (place / "config.toml").chmod(0)
    code, said = run_forked(AS_NOBODY, "status", "-c", place / "config.toml")
    assert code == 2 and "config.toml: may not be read by this user (run this as" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another group")
def test_a_group_that_may_read_is_named(place: Path) -> None:
    os.chown(place / "data", -1, NOBODY)
    code, said = run_forked(
        AS_NOBODY.replace("os.setgid(65534)", "os.setgid(1)"), "markers", "-c", place / "config.toml"
    )
    assert code == 1 and f"`adduser nobody {grp.getgrgid(NOBODY).gr_name}` lets nobody read it" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another group")
def test_who_may_read_and_not_write_is_answered_and_told_who_may_write(place: Path) -> None:
    for path in (place / "data", place / "data/v.db"):
        os.chown(path, -1, NOBODY)
    assert run_forked(AS_NOBODY, "markers", "-c", place / "config.toml") == (0, "no markers\n")
    code, said = run_forked(AS_NOBODY, "playlist", "A", "-c", place / "config.toml")
    assert code == 2 and "no voice 'A'" in said
    code, said = run_forked(AS_NOBODY, "retry", "--all", "-c", place / "config.toml")
    assert code == 1 and "is read-only (run this as root, who owns" in said


def test_what_may_be_read_or_is_not_there_bars_nobody(tmp_path: Path) -> None:
    assert barred_at(tmp_path) is None and barred_at(tmp_path / "nothing/at/all") is None
    assert "run this as" in who_may(tmp_path)
