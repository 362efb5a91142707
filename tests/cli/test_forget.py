"""Whoever is forgotten is named by no file any more, wherever the command was broken off: real processes."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select
from support.forked import run_forked

from voicemark.cli import main
from voicemark.result import Marker
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.paths import path_to_text
from voicemark.store.schema import FileRow, MemoryRow, RecordingRow

ANNA, BERT = "Zaphodia", "Bert"
BROKEN_OFF = """
import os, sys
from voicemark.actions import erase
from voicemark.store import forget
at = sys.argv.pop(1)
count = 0

def stops(name, real):
    def call(*arguments, **keywords):
        global count
        count += name == at.split(":")[0]
        if name == at.split(":")[0] and count >= int(at.split(":")[1]):
            os.kill(os.getpid(), 9)
        return real(*arguments, **keywords)
    return call

erase._erase = stops("file", erase._erase)
erase.export_heard = stops("export", erase.export_heard)
erase.file_is_erased = stops("step", erase.file_is_erased)
erase.scrub = stops("scrub", erase.scrub)
erase.end_erasures = stops("end", erase.end_erasures)
from voicemark.cli.main import run
run()
"""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


class Place:
    """A database with two recordings, in which a person's name is in every kind of file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.config.write_text('[database]\nurl = "sqlite:///v.db"\n[export]\nformats = ["json"]\nfolder = "exports"\n')
        self.recordings = [folder / "tv" / name for name in ("one.ts", "two.ts")]
        database = open_database(folder / "v.db")
        for path in self.recordings:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(os.urandom(8))
            with database.writing() as session:
                row = RecordingRow(
                    path=path_to_text(path), recorder="plain", content=path.name, title="T",
                    found_at=datetime.now(UTC), scanned_at=datetime.now(UTC), duration_s=100.0,
                )  # fmt: skip
                row.files = [FileRow(position=0, path=path_to_text(path), size=8, mtime_ns=1)]
                session.add(row)
                session.flush()
                markers = [Marker(name, 10.0, 20.0, 0.8) for name in (ANNA, BERT)]
                voices = voice_ids(session, [ANNA, BERT])
                write_markers(session, row.id, markers, "key", voices)
        with database.writing() as session:
            session.add(
                MemoryRow(
                    voice_id=voices[ANNA], model_id="m", samples="s", windows=1, dim=8,
                    embeddings=b"\x07" * 32, made_at=datetime.now(UTC),
                )
            )  # fmt: skip
        database.close()
        elsewhere = str(folder / "elsewhere")
        named = self.run("export", "edl", self.recordings[0], "--output", folder / "named.edl")
        assert named.returncode == 0
        for arguments in (["json"], ["csv"], ["webvtt", "--in-place"], ["edl", "--output", elsewhere]):
            for path in self.recordings:
                assert self.run("export", arguments[0], path, *arguments[1:]).returncode == 0

    def run(self, *arguments: str | Path) -> Done:
        """In this process: one of its own takes seconds to begin."""
        code = 0
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err, pytest.MonkeyPatch.context() as p:
            p.setattr(sys, "argv", ["voicemark", *map(str, arguments), "--config", str(self.config)])
            try:
                main.run()
            except SystemExit as exit_:
                code = int(exit_.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def run_killed(self, at: str, *arguments: str) -> int:
        return run_forked(BROKEN_OFF, at, *arguments, "--config", self.config)[0]

    def traces(self, *, but: str = "config.toml") -> list[str]:
        """Files that hold the name, or the memory."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != but and (ANNA.encode() in (d := path.read_bytes()) or b"\x07" * 32 in d)
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def test_every_file_that_was_written_is_erased_or_written_anew(place: Place) -> None:
    assert len(place.traces()) == 10
    done = place.run("forget", ANNA)
    assert done.returncode == 0, done.stderr
    assert place.traces() == []
    configured = list((place.folder / "exports").rglob("*.json"))
    assert len(configured) == 2 and all(BERT in path.read_text() for path in configured)
    assert "2 exported files were written anew" in done.stdout and done.stdout.count("removed (it named the voice") == 7
    again = place.run("forget", ANNA)
    assert again.returncode == 2 and f"there is no voice '{ANNA}'" in again.stderr and again.stdout == ""
    again = place.run("forget", ANNA, "--missing-ok")
    assert "nothing was kept" in again.stdout and again.returncode == 0


@pytest.mark.parametrize("at", ["file:1", "export:2", "step:1", "step:5", "scrub:1", "end:1"])
def test_broken_off_anywhere_the_next_run_ends_it_whatever_its_name(place: Place, at: str) -> None:
    assert place.run_killed(at, "forget", ANNA) == -9
    done = place.run("forget", "Nobody")
    assert done.returncode == 0, done.stderr
    assert "what an earlier run left to be done is done now" in done.stdout
    assert place.traces() == []
    assert len(list((place.folder / "exports").rglob("*.json"))) == 2
    with closing(sqlite3.connect(place.folder / "v.db")) as connection:
        assert connection.execute("SELECT count(*) FROM erasures").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM erasure_files").fetchone() == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_is_changed_or_out_of_reach_is_said_and_the_latter_is_tried_again(place: Place) -> None:
    [changed] = (place.folder / "exports").rglob("one*.csv")
    changed.write_text(changed.read_text() + "my own line\n")
    elsewhere = place.folder / "elsewhere"
    elsewhere.rename(place.folder / "disk")
    done = place.run("forget", ANNA)
    assert done.returncode == 1
    assert f"{changed}: was changed since" in done.stdout
    assert "is its disk away?" in done.stderr
    (place.folder / "disk").rename(elsewhere)
    assert place.run("forget", "Nobody").returncode == 0
    assert place.traces() == [str(changed.relative_to(place.folder))]


def test_a_reader_of_its_words_that_goes_away_stops_nothing(place: Place) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", "from voicemark.cli.main import run; run()", "forget", ANNA]
    subprocess.run([*command, "--config", place.config], stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    assert place.traces() == []


def test_a_migrations_copy_goes_as_well(place: Place) -> None:
    (place.folder / "v.db.before-migration").write_bytes((place.folder / "v.db").read_bytes())
    place.run("forget", ANNA)
    assert place.traces() == []


def test_a_file_is_known_although_the_program_was_killed_before_it_was_settled(place: Place) -> None:
    """The row is there before the file."""
    [target] = (place.folder / "exports").rglob("one*.json")
    with closing(sqlite3.connect(place.folder / "v.db")) as connection, connection:
        connection.execute("UPDATE exports SET made_of = NULL, digest = 'of the new one ' || digest")
    assert ANNA in target.read_text()
    assert place.run("forget", ANNA).returncode == 0
    assert place.traces() == []


def test_no_row_names_a_voice_that_is_not_there(place: Place) -> None:
    place.run("forget", ANNA)
    with open_database(place.folder / "v.db").reading() as session:
        assert session.scalars(select(RecordingRow.match_key)).all() == [None, None]
