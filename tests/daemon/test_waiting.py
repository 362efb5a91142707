"""A passing fault is not a verdict: the service waits, says for what, and goes on by itself. Real processes."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from support.disks import mounted
from support.service import IMPATIENT, Home, make_sources, serving, status_of

from voicemark.store.backup import backup
from voicemark.store.database import open_database
from voicemarkd.main import EXIT_DATABASE

pytestmark = pytest.mark.timeout(600)


def waits(home: Home) -> list[str]:
    """What `voicemark status` would say waits."""
    return [str(subject) for (subject,) in home.query("SELECT subject FROM waiting ORDER BY subject")]


def test_while_a_sample_is_empty_its_voice_is_looked_for_and_it_is_heard_again_by_itself(
    tmp_path: Path, sources: Path
) -> None:
    home = Home(tmp_path, sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    home.record("a.ts", 0)
    sample = home.root / "samples" / "low.wav"
    whole = sample.read_bytes()
    with serving(home) as daemon:
        daemon.wait_done(1)
        before = home.markers()
        assert before
        sample.write_bytes(b"")
        home.config.write_text(home.config.read_text() + "# any change\n")
        daemon.hang_up()
        daemon.wait(lambda: waits(home) == ["voice Low"], "the voice to wait")
        home.record("b.ts", 1)
        daemon.wait_done(2)
        assert {marker[1] for marker in home.markers()} == {"Low"} and len(home.markers()) > len(before)
        assert "stays in use" in str(status_of(home)["waiting"])
        sample.write_bytes(whole)
        daemon.wait(lambda: waits(home) == [], "the voice to be enrolled")
        assert home.markers()[: len(before)] == before


def test_a_configuration_that_meets_a_lock_is_taken_up_when_the_lock_is_gone(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.record("a.ts", 0)
    with serving(home, prelude="from voicemarkd import main; main.BUSY_S = 0.2") as daemon:
        daemon.wait_done(1)
        with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            home.config.write_text(home.config.read_text().replace('name = "Low"', 'name = "Other"'))
            daemon.hang_up()
            daemon.wait(lambda: "old one stays in force" in daemon.log, "the new configuration to meet the lock")
            other.execute("ROLLBACK")
        daemon.wait(lambda: {marker[1] for marker in home.markers()} == {"Other"}, "the new configuration")


def test_a_configuration_that_could_not_be_read_is_read_again(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.record("a.ts", 0)
    with serving(home) as daemon:
        daemon.wait_done(1)
        text = home.config.read_text().replace('name = "Low"', 'name = "Other"')
        home.config.unlink()
        home.config.mkdir()  # as unreadable for root as a file without rights is for the service
        daemon.wait(lambda: "stays in force" in daemon.log, "the refusal")
        home.config.rmdir()
        home.config.write_text(text)
        daemon.wait(lambda: {marker[1] for marker in home.markers()} == {"Other"}, "the new configuration")


@pytest.mark.parametrize("kind", ["deleted", "replaced"])
def test_a_database_that_is_taken_away_is_noticed_and_ends_the_service(
    tmp_path: Path, sources: Path, kind: str
) -> None:
    """Nothing is said to be done that is not in the file; the service manager starts it again."""
    home = Home(tmp_path, sources)
    home.record("a.ts", 0)
    with serving(home, prelude="from voicemarkd import service; service.LOST_S = 1.0") as daemon:
        daemon.wait_done(1)
        if kind == "deleted":
            for file in home.root.glob("voicemark.db*"):
                file.unlink()
        else:
            backup(home.database, home.root / "b.db")
            (home.root / "b.db").rename(home.database)
        home.record("b.ts", 1)
        assert daemon.process.wait(timeout=300) == EXIT_DATABASE
        assert "b.ts:" not in daemon.log
        assert ("is gone" if kind == "deleted" else "was replaced") in daemon.log
    with serving(home) as again:
        again.wait_done(2)
    assert home.intact()


def test_a_database_whose_disk_is_away_is_waited_for(tmp_path: Path, sources: Path) -> None:
    with mounted(tmp_path / "disk", size="64m") as disk:
        home = Home(tmp_path, sources, database=disk.path / "sub" / "voicemark.db")
        home.record("a.ts", 0)
        with serving(home, prelude="from voicemarkd import service; service.LOST_S = 0.5") as daemon:
            daemon.wait_done(1)
            (disk.path / "sub").rename(disk.path / "aside")
            daemon.wait(lambda: "is gone, though it was open" in daemon.log, "the loss to be noticed")
            home.record("b.ts", 1)
            (disk.path / "aside").rename(disk.path / "sub")
            daemon.wait_done(2)


def test_an_error_of_our_own_sets_one_recording_aside_and_the_rest_goes_on(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    broken = """
from voicemark.actions import at_once
hear = at_once.hear
def fails(recording, *arguments, **keywords):
    if recording.path.name == "odd.ts":
        raise LookupError("nobody has thought of this")
    return hear(recording, *arguments, **keywords)
at_once.hear = fails
"""
    with serving(home, prelude=broken) as daemon:
        home.record("odd.ts", 0)
        daemon.wait(lambda: home.states() == {"odd.ts": "failed"}, "it to be set aside")
        home.record("good.ts", 1)
        daemon.wait_done(1)
        assert home.attempts()["odd.ts"] == 1 and "Traceback" in daemon.log
        assert "nobody has thought of this" in str(status_of(home)["set_aside"])


def test_a_recording_out_of_reach_waits_alone_and_nothing_is_counted(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    away = """
from pathlib import Path
from voicemark import pipeline
from voicemark.errors import RecordingUnreadableError
from voicemark.actions import at_once
hear = at_once.hear
def fails(recording, *arguments, **keywords):
    if recording.path.name == "away.ts" and not Path("there").exists():
        raise RecordingUnreadableError("cannot be read: stale handle", path=recording.path)
    return hear(recording, *arguments, **keywords)
at_once.hear = fails
import voicemark.store.jobs as jobs
jobs.FIRST_WAIT = jobs.timedelta(seconds=1)
import os; os.chdir(os.environ["PLACE"])
"""
    with serving(home, prelude=away, environment={"PLACE": str(tmp_path)}) as daemon:
        home.record("away.ts", 0)
        daemon.wait(lambda: bool(home.query("SELECT 1 FROM jobs WHERE waits > 1")), "a second try")
        home.record("good.ts", 1)
        daemon.wait_done(1)
        assert home.attempts()["away.ts"] <= 1
        assert "stale handle" in str(status_of(home)["out_of_reach"])
        (tmp_path / "there").touch()
        daemon.wait_done(2)
        assert status_of(home)["out_of_reach"] == []


def test_what_a_forgotten_voice_left_is_ended_by_the_service(tmp_path: Path, sources: Path) -> None:
    """And a recording in hand does not bring the voice back."""
    home = Home(tmp_path, sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    home.record("a.ts", 0)
    with serving(home) as daemon:
        daemon.wait_done(1)
    from voicemark.store.forget import forget

    database = open_database(home.database)
    forget(database, "Low")
    database.close()
    text = home.config.read_text()
    home.config.write_text(text.replace('name = "Low"', 'name = "Else"'))
    quick = "from datetime import timedelta; from voicemarkd import steps; steps.ERASURES_OWN_TIME = timedelta()"
    with serving(home, prelude=quick) as daemon:
        daemon.wait(lambda: home.query("SELECT count(*) FROM erasures") == [(0,)], "the erasure to be ended")
        daemon.wait(lambda: {marker[1] for marker in home.markers()} == {"Else"}, "the archive to be matched")
        daemon.wait(lambda: "Else" in "".join(p.read_text() for p in (tmp_path / "export").rglob("*.json")), "exports")
    named = [path for path in tmp_path.rglob("*.json") if '"Low"' in path.read_text()]
    assert named == []


def test_exports_can_be_read_by_whom_the_folder_lets_whatever_the_umask(tmp_path: Path) -> None:
    home = Home(tmp_path, make_sources(tmp_path), service='[export]\nformats = ["json"]\nfolder = "export"')
    (tmp_path / "export").mkdir(mode=0o755)
    (tmp_path / "export").chmod(0o755)
    home.record("a.ts", 0)
    before = os.umask(0o077)
    try:
        with serving(home, prelude=IMPATIENT) as daemon:
            daemon.wait_done(1)
            daemon.wait(lambda: bool(list((tmp_path / "export").rglob("*.json"))), "the export")
    finally:
        os.umask(before)
    made = [path for path in (tmp_path / "export").rglob("*") if not path.name.startswith(".")]
    modes = {("folder" if path.is_dir() else "file", stat.S_IMODE(path.stat().st_mode)) for path in made}
    assert modes == {("folder", 0o755), ("file", 0o644)}


def test_a_damaged_database_is_said_for_as_long_as_it_is(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    damaged = """
from voicemark.store import check
from voicemarkd import steps
def finds(database):
    with database.writing() as session:
        session.merge(check.AboutRow(key="checked_at", value=check.datetime.now(check.UTC).isoformat()))
        session.merge(check.AboutRow(key="check_result", value="row 7 missing from index"))
    with database.reading() as session:
        return check.last_check(session)
steps.check = finds
"""
    with serving(home, prelude=damaged) as daemon:
        daemon.wait(lambda: waits(home) == ["the database"], "the damage to be told")
        home.record("a.ts", 0)
        daemon.wait_done(1)
    with serving(home) as daemon:
        daemon.wait(lambda: waits(home) == ["the database"], "the damage to be told again")
        assert "row 7 missing" in str(status_of(home)["waiting"])
