"""`voicemark export`: from the database to files, to a folder of choice, or to the screen."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from voicemark.cli.export import export
from voicemark.config import ExportSection
from voicemark.errors import ConfigError, RecordingError
from voicemark.export.after import export_heard
from voicemark.export.load import load_recording
from voicemark.export.write import WRITERS, is_current
from voicemark.result import LocalSpeaker, Marker, NamedTurn, SpeakerTurn, Speech
from voicemark.store.database import Database, open_database
from voicemark.store.exports import ExportRecord
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.paths import path_to_text
from voicemark.store.schema import FileRow, ProgrammeRow, RecordingProgrammeRow, RecordingRow
from voicemark.store.speakers import write_names, write_speech

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
            voices = voice_ids(session, ["Anna", "Ben"])
            write_markers(session, row.id, markers, "key", voices)
            anna = LocalSpeaker(1, 8.0, np.ones(4, np.int8))
            write_speech(session, row.id, Speech((anna,), (SpeakerTurn(5.0, 9.0, 1), SpeakerTurn(186.04, 190.0, 1))))
            write_names(session, row.id, [NamedTurn(0, "Anna", 0.9)], voices)
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


@pytest.mark.parametrize("name", list(WRITERS))
def test_one_recording_goes_to_the_file_that_is_named(place: Place, name: str) -> None:
    target = place.folder / "mine" / f"a{Path('x' + WRITERS[name].suffix).suffix}"
    for _ in range(2):
        done = place.run(name, place.media, "--output", target)
        assert done.exit_code == 0, done.output
        assert done.stdout.strip() == str(target) and target.stat().st_size > 0
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    target.write_text("mine")
    assert place.run(name, place.media, "--output", target).exit_code == 1 and target.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "count", "why"),
    [("a.edl", 2, "one file, for 2 recordings"), ("a.csv", 1, "ends in .edl"), ("config.toml", 1, "ends in .edl")],
)
def test_a_file_that_cannot_be_meant_is_refused(place: Place, name: str, count: int, why: str) -> None:
    before = sorted(place.folder.rglob("*"))
    done = place.run("edl", *[place.media] * count, "--output", place.folder / name)
    assert isinstance(done.exception, ConfigError) and why in str(done.exception)
    assert sorted(place.folder.rglob("*")) == before


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


@pytest.mark.parametrize("where", [[], ["--in-place"], ["--output", "-"], ["--output", "mine"]])
def test_a_question_that_finds_nothing_touches_nothing(
    place: Place, where: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.folder)
    assert place.run("edl", place.media, *where).exit_code == 0
    before = {path: path.read_bytes() for path in place.folder.rglob("*.edl")}
    typo = place.run("edl", place.media, *where, "--speaker", "Amna")
    assert isinstance(typo.exception, ConfigError) and "is it Anna?" in str(typo.exception)
    with place.database().writing() as session:
        voice_ids(session, ["Carl"])
    absent = place.run("edl", place.media, *where, "--speaker", "Carl")
    assert absent.exit_code == 0 and absent.stdout == ""
    assert {path: path.read_bytes() for path in place.folder.rglob("*.edl")} == before


def test_two_recordings_of_one_stem_have_files_of_their_own(place: Place) -> None:
    other = place.media.with_suffix(".mkv")
    other.write_bytes(b"other")
    database = place.database()
    with database.writing() as session:
        row = RecordingRow(
            path=path_to_text(other), recorder="plain", content="other", title="Other",
            found_at=NOW, scanned_at=NOW, duration_s=60.0,
        )  # fmt: skip
        row.files = [FileRow(position=0, path=path_to_text(other), size=5, mtime_ns=1)]
        session.add(row)
        session.flush()
        write_markers(session, row.id, [Marker("Ben", 7.0, 9.0, 0.8)], "key", voice_ids(session, ["Ben"]))
    database.close()
    for _ in range(2):
        for path in (place.media, other):
            assert place.run("edl", path, "--in-place").exit_code == 0
        first, second = place.media.with_suffix(".edl"), other.with_name(other.name + ".edl")
        assert "5.00" in first.read_text() and "7.00" not in first.read_text()
        assert "7.00" in second.read_text()
    place.media.unlink()
    assert place.run("edl", other, "--in-place").exit_code == 0
    assert "7.00" in first.read_text(), "the name that players look for is free"


def test_what_has_not_changed_is_not_even_looked_at(place: Place) -> None:
    settings = ExportSection(formats=("edl", "json"), folder=place.folder / "exports")
    database = place.database()
    assert export_heard(database, None, settings) == []
    place.media.unlink()  # what would be needed to write anew
    with database.reading() as session:
        recording = load_recording(session, place.media)
    record = ExportRecord(database, recording.path)
    assert is_current(recording, settings.formats, settings, record)
    [target] = (place.folder / "exports").rglob("*.edl")
    target.write_text("mine now")
    assert not is_current(recording, settings.formats, settings, record)
    target.unlink()
    assert export_heard(database, None, settings) == [] and target.exists()
    database.close()
