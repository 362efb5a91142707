"""`voicemark export`: from the database to files, to a folder of choice, or to the screen."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from voicemark.cli.export import export
from voicemark.config import ExportSection
from voicemark.errors import ConfigError, RecordingError
from voicemark.export.load import load_recording
from voicemark.export.write import WRITERS
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.paths import path_to_text
from voicemark.store.schema import FileRow, ProgrammeRow, RecordingProgrammeRow, RecordingRow

NOW = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
ODD = "Tat\udce4ort.ts"

app = typer.Typer()
app.command()(export)


class Place:
    """A database with one heard recording and one that waits, and the configuration for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.config.write_text('[database]\nurl = "sqlite:///v.db"\n[export]\nfolder = "exports"\n')
        self.media = folder / "tv" / ODD
        self.media.parent.mkdir()
        self.media.write_bytes(b"media")

    def database(self) -> Database:
        return open_database(self.folder / "v.db")

    def fill(self) -> None:
        database = self.database()
        with database.writing() as session:
            row = RecordingRow(
                path=path_to_text(self.media), recorder="plain", content="c0ffee", title="Evening",
                subtitle=None, channel="Das Erste", started_at=NOW, found_at=NOW, scanned_at=NOW, duration_s=5400.0,
            )  # fmt: skip
            row.files = [FileRow(position=0, path=path_to_text(self.media), size=5, mtime_ns=1)]
            film = ProgrammeRow(identity="film", source="eit", title="Tatort")
            waiting = RecordingRow(path="/tv/new.ts", recorder="plain", content="d", title="New", found_at=NOW)
            session.add_all([row, film, waiting])
            session.flush()
            session.add(RecordingProgrammeRow(recording_id=row.id, programme_id=film.id, start_s=100.0, end_s=5400.0))
            session.flush()
            markers = [
                Marker("Ben", 300.0, 310.5, 0.75),
                Marker("Anna", 186.04, 190.0, 0.8123),
                Marker("Anna", 5, 9, 0.9),
            ]
            write_markers(session, row.id, markers, "key", voice_ids(session, ["Anna", "Ben"]))
        database.close()

    def run(self, *arguments: str | Path) -> Any:
        return CliRunner().invoke(app, [*map(str, arguments), "-c", str(self.config)])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.fill()
    return made


def test_the_database_gives_the_recording_with_its_markers_and_programmes(place: Place) -> None:
    database = place.database()
    with database.reading() as session:
        recording = load_recording(session, place.media)
    database.close()
    assert (recording.path, recording.content, recording.channel) == (place.media, "c0ffee", "Das Erste")
    assert [(marker.speaker, marker.start_s, marker.programme) for marker in recording.markers] == [
        ("Anna", 5.0, None),
        ("Anna", 186.04, "Tatort"),
        ("Ben", 300.0, "Tatort"),
    ]


@pytest.mark.parametrize(("path", "why"), [("/tv/none.ts", "not in the database"), ("/tv/new.ts", "not been heard")])
def test_what_cannot_be_exported_is_said(place: Place, path: str, why: str) -> None:
    database = place.database()
    with database.reading() as session, pytest.raises(RecordingError, match=why):
        load_recording(session, Path(path))
    database.close()


@pytest.mark.parametrize("name", list(WRITERS))
def test_every_format_is_written_to_the_export_folder(place: Place, name: str) -> None:
    done = place.run(name, place.media)
    assert done.exit_code == 0, done.output
    [file] = (file for file in (place.folder / "exports").rglob("*") if file.is_file() and file.name[0] != ".")
    assert b"Anna" in file.read_bytes() or name in {"sm", "cuts"}
    assert done.stdout.strip() == path_to_text(file)
    assert sorted(entry.name for entry in place.media.parent.iterdir()) == [ODD]


def test_one_voice_to_a_folder_of_choice(place: Place) -> None:
    done = place.run("json", place.media, "--speaker", "anna", "--output", place.folder / "mine")
    assert done.exit_code == 0, done.output
    [file] = (place.folder / "mine").rglob("*.json")
    assert {marker["speaker"] for marker in json.loads(file.read_text())["markers"]} == {"Anna"}
    assert not (place.folder / "exports").exists()


def test_a_dash_prints_the_file(place: Place) -> None:
    done = place.run("csv", place.media, "--output", "-")
    assert done.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode())))
    assert [(row["speaker"], row["start_s"], row["at"]) for row in rows] == [
        ("Anna", "5.000", "00:00:05"),
        ("Anna", "186.040", "00:03:06"),
        ("Ben", "300.000", "00:05:00"),
    ]


def test_in_place_writes_beside_the_recording(place: Place) -> None:
    assert place.run("edl", place.media, "--in-place").exit_code == 0
    assert (place.media.parent / "Tat\udce4ort.edl").exists()


def test_one_recording_that_fails_does_not_keep_the_others(place: Place) -> None:
    done = place.run("rttm", "/tv/none.ts", place.media)
    assert done.exit_code == 1
    assert done.stdout.strip().endswith(".rttm")


def test_an_unknown_format_and_two_places_are_usage_errors(place: Place) -> None:
    assert isinstance(place.run("mp3", place.media).exception, ConfigError)
    both = place.run("edl", place.media, "--in-place", "--output", place.folder)
    assert isinstance(both.exception, ConfigError)


def test_the_configuration_offers_exactly_the_formats_that_there_are() -> None:
    assert ExportSection(formats=tuple(WRITERS)).formats == tuple(WRITERS)
    offered = ExportSection.model_json_schema()["properties"]["formats"]["items"]["enum"]
    assert sorted(offered) == sorted(WRITERS)
