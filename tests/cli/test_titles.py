"""`train titles`, `related` and `evaluate titles`, run as a person runs them."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from support.commands import Done, run
from support.guides import made_up_programmes, write_guide

from voicemark.recording import Programme
from voicemark.store.database import open_database
from voicemark.store.programmes import put_programme
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow
from voicemark.titles.annotate import label_programmes
from voicemark.titles.model_file import load_text_model

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration, a guide, and a database with a series, one of its parts marked."""
    place = tmp_path_factory.mktemp("titles")
    (place / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n[titles]\nmodel = "titles.safetensors"\n')
    write_guide(place / "guide.xml", made_up_programmes())
    database = open_database(place / "v.db")
    with database.writing() as session:
        put_programme(session, Programme("Soko am Hafen", "vdr", subtitle="Der Fall", start=NOON))
        row = put_programme(session, Programme("SOKO am Hafen: Die [Spur]", "vdr", start=NOON))
        put_programme(session, Programme("Backen für Gäste", "vdr", start=NOON, genres=("show", "Kochshow")))
        recording = RecordingRow(path="/v/a.ts", recorder="plain", content="c", title=row.title, found_at=NOON)
        voice = VoiceRow(name="Anna", enrolled_at=NOON)
        session.add_all([recording, voice])
        session.flush()
        session.add(MarkerRow(recording_id=recording.id, voice_id=voice.id, programme_id=row.id, start_s=186.0,
                              end_s=190.0, score=0.8))  # fmt: skip
    database.close()
    return place


@pytest.fixture(scope="module")
def trained(place: Path) -> Done:
    return run("train", "titles", "--xmltv", place / "guide.xml", "--epochs", "30", "-c", place / "config.toml")


def test_without_a_model_related_lists_the_series_alone_and_says_how_to_train(place: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'[database]\nurl = "sqlite:///{place}/v.db"\n[titles]\nmodel = "none"\n')
    with closing(open_database(place / "v.db")) as database:
        label_programmes(database, tmp_path / "none")  # as a scan does
    done = run("related", "Soko am Hafen: Der Fall", "--json", "-c", tmp_path / "config.toml")
    assert done.returncode == 0 and "voicemark train titles" in done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found and all(one["same_series"] and one["similarity"] is None for one in found)
    other = run("related", "Backen", "-c", tmp_path / "config.toml")
    assert other.returncode == 0 and "Soko" not in other.stdout


def test_training_shows_progress_writes_the_model_and_labels_the_database(place: Path, trained: Done) -> None:
    assert trained.returncode == 0, trained.stderr
    assert "step" in trained.stderr and "loss" in trained.stderr
    model = load_text_model(place / "titles.safetensors")
    assert model.model_id in trained.stdout
    database = open_database(place / "v.db")
    with database.reading() as session:
        assert {row.title_model for row in session.scalars(select(ProgrammeRow))} == {model.model_id}
    database.close()


def test_related_lists_the_series_first_with_its_markers(place: Path, trained: Done) -> None:
    done = run("related", "Soko am Hafen: Der Fall", "-c", place / "config.toml")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[1:3]
    assert first.startswith("series") and "SOKO am Hafen: Die [Spur]" in first and "Anna at 3:06" in first
    assert "Backen für Gäste" in second


def test_related_gives_objects_and_keeps_to_a_voice_and_a_type(place: Path, trained: Done) -> None:
    done = run("related", "/v/a.ts", "--json", "-c", place / "config.toml")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"similarity", "same_series", "title", "type", "showings", "markers"} <= set(found[0])
    assert [one["title"] for one in found if one["same_series"]] == ["Soko am Hafen"]
    voices = run("related", "Backen", "--speaker", "ann", "--json", "-c", place / "config.toml").stdout.splitlines()
    assert [json.loads(line)["markers"][0]["at_min"] for line in voices] == [3.1]
    shows = run("related", "Soko", "--type", "show", "--json", "-c", place / "config.toml").stdout.splitlines()
    assert [json.loads(line)["title"] for line in shows] == ["Backen für Gäste"]


def test_training_on_nothing_is_a_usage_error(place: Path) -> None:
    done = run("train", "titles", "-c", place / "config.toml")
    assert done.returncode == 2
    assert "--xmltv" in done.stderr


def test_a_database_with_too_little_to_learn_from_is_said_and_leaves_the_model(place: Path, trained: Done) -> None:
    before = (place / "titles.safetensors").read_bytes()
    done = run("train", "titles", "--database", "-c", place / "config.toml")
    assert done.returncode == 1
    assert "too little to learn from" in done.stderr
    assert (place / "titles.safetensors").read_bytes() == before


def test_evaluation_is_one_json_document(place: Path) -> None:
    guide = place / "guide.xml"
    done = run("evaluate", "titles", "--train", guide, "--test", guide, "--only", "retrieval", "--json")
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["retrieval"][0]["name"] == "voicemark titles"
    assert 0 < measured["retrieval"][0]["category"]["recall"] <= 1
