"""Commands killed at random moments: run to their end afterwards, they leave what they would have left undisturbed."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from support.forked import Forked
from support.service import LONG, Home, serving

from voicemark.store.database import open_database

pytestmark = [pytest.mark.soak, pytest.mark.attack, pytest.mark.timeout(7_200)]
RECORDINGS, KILLS = (12, 40) if LONG else (3, 3)
PROGRAM = """
import voicemark.actions.scan, voicemark.actions.erase, voicemark.export.write, voicemark.store.backup
import voicemark.store.migrate
from voicemark.cli.main import run
print("begun", flush=True)
run()
"""
"""What takes long to load comes first: kills are to fall upon the work."""
DATABASES = Path(__file__).parents[1] / "store" / "databases"


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Home:
    """Recordings that have been heard and exported; tests leave it as it was."""
    home = Home(tmp_path_factory.mktemp("heard"), sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    for number in range(RECORDINGS):
        home.record(f"{number:03}.ts", number)
    with serving(home) as daemon:
        daemon.wait_done(RECORDINGS)
        daemon.wait(lambda: len(list((home.root / "export").rglob("*.json"))) == RECORDINGS, "the exports")
        assert daemon.terminate() == 0
    return home


def command(home: Home, *words: str, after_s: float | None = None) -> tuple[float, bool]:
    """Run `voicemark` to its end, or kill it so many seconds after it has begun; seconds that it took from there, and
    whether it was killed."""
    told, tells = os.pipe()
    arguments = [*words, "--config", str(home.config)]
    with os.fdopen(told) as output, TemporaryFile() as errors:
        process = Forked(PROGRAM, arguments, os.environ, stdout=tells, stderr=errors.fileno())
        os.close(tells)
        assert output.readline() == "begun\n"
        began = time.monotonic()
        try:
            code = process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return time.monotonic() - began, True
        took_s = time.monotonic() - began
        errors.seek(0)
        assert code == 0 or after_s is not None, errors.read().decode()
    assert code != -signal.SIGSEGV
    return took_s, False


def disturbed(
    home: Home, words: Sequence[str], outcome: Callable[[], object], check: Callable[[], object] = lambda: None
) -> None:
    """`outcome` is the same with kills as without; `check` holds after every kill. Then everything is as before."""
    saved = home.root.with_name(home.root.name + ".saved")
    shutil.copytree(home.root, saved)
    try:
        whole_s, _ = command(home, *words)
        undisturbed = outcome()
        restore(saved, home)
        chance, killed = random.Random(words[0]), 0
        for _ in range(3 * KILLS):
            took_s, was_killed = command(home, *words, after_s=chance.uniform(0, whole_s))
            # On a busy machine one run is no measure of the next.
            whole_s = max(whole_s, took_s) if was_killed else took_s
            killed += was_killed
            assert home.intact() and home.query("PRAGMA foreign_key_check") == []
            check()
            if not was_killed or chance.random() < 0.5:
                restore(saved, home)
            if killed == KILLS:
                break
        command(home, *words)
        assert outcome() == undisturbed
        assert home.intact() and home.query("PRAGMA foreign_key_check") == []
        print(f"{words[0]}: {killed} kills within {whole_s:.1f} s of work")
    finally:
        restore(saved, home)
        shutil.rmtree(saved)


def restore(saved: Path, home: Home) -> None:
    for path in home.root.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(saved, home.root, dirs_exist_ok=True)


def naming(home: Home, name: bytes) -> list[Path]:
    """Files that hold `name`, but for what the owner wrote and the log."""
    own = {home.config, home.root / "log"}
    return [path for path in home.root.rglob("*") if path.is_file() and path not in own and name in path.read_bytes()]


def test_forget(heard: Home) -> None:
    assert naming(heard, b"Low")
    disturbed(heard, ["forget", "Low"], lambda: naming(heard, b"Low") or heard.markers())


def test_a_match_of_the_archive(heard: Home) -> None:
    before, text = heard.markers(), heard.config.read_text()
    heard.config.write_text(text.replace('name = "Low"', 'name = "Else"'))
    try:
        disturbed(heard, ["scan", str(heard.video)], heard.markers)
    finally:
        heard.config.write_text(text)
    assert heard.markers() == before


def test_an_export(heard: Home) -> None:
    def written() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in heard.video.glob("*.vtt")}

    disturbed(heard, ["export", "webvtt", *map(str, sorted(heard.video.glob("*.ts"))), "--in-place"], written)


def test_a_backup(heard: Home) -> None:
    target = heard.root / "copy.db"

    def whole() -> object:
        with closing(sqlite3.connect(target)) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return copy.execute("SELECT count(*) FROM markers").fetchall()

    disturbed(heard, ["backup", str(target)], whole, lambda: target.exists() and whole())


@pytest.mark.parametrize("version", sorted(path.stem for path in DATABASES.glob("*.sql")))
def test_a_migration(tmp_path: Path, sources: Path, version: str) -> None:
    home = Home(tmp_path / "home", sources)
    with closing(sqlite3.connect(home.database)) as old:
        old.executescript((DATABASES / f"{version}.sql").read_text("utf-8"))

    def taken_over() -> object:
        open_database(home.database).close()
        return home.query("SELECT speaker, start_s, title FROM voice_markers ORDER BY 1, 2")

    disturbed(home, ["markers"], taken_over)
