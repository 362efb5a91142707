"""Labels in the database, and what is found through them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, text, update
from support.guides import made_up_programmes

from voicemark.errors import DatabaseError, ModelError
from voicemark.lab.titles.titles_training import TitleTraining
from voicemark.lab.titles.train import train_text_model
from voicemark.lab.titles.types_training import TypeTraining
from voicemark.recording import Programme
from voicemark.store.database import Database, open_database
from voicemark.store.programmes import put_programme
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow
from voicemark.titles.annotate import label_programmes
from voicemark.titles.model_file import TextModel, save_text_model
from voicemark.titles.related import Question, find_related, title_of

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
SHOWN = [
    Programme("Tatort", "eit", subtitle="Der Fall", start=NOON, genres=("movie", "Krimiserie")),
    Programme("TATORT: Der Fall", "vdr", start=NOON + timedelta(days=1)),
    Programme("Tatort - Am Hafen", "vdr", start=NOON + timedelta(days=2)),
    Programme("Abendnachrichten", "vdr", start=NOON + timedelta(days=3), description="Wetter und Nachrichten"),
    Programme("Kommissar am Hafen", "vdr", start=NOON + timedelta(days=4)),
    Programme("***", "vdr", start=NOON),
]


@pytest.fixture(scope="module")
def model() -> TextModel:
    training = TitleTraining(epochs=40, categories=4, drawn=3), TypeTraining(epochs=8, buckets=256, fewest=5)
    return train_text_model(made_up_programmes(), *training)


@pytest.fixture
def model_file(model: TextModel, tmp_path: Path) -> Path:
    save_text_model(tmp_path / "titles.safetensors", model)
    return tmp_path / "titles.safetensors"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        for programme in SHOWN:
            put_programme(session, programme)
    yield opened
    opened.close()


def rows(database: Database) -> list[ProgrammeRow]:
    with database.reading() as session:
        return list(session.scalars(select(ProgrammeRow).order_by(ProgrammeRow.id)))


def test_without_a_model_series_and_parts_are_written_and_nothing_else(database: Database, tmp_path: Path) -> None:
    assert label_programmes(database, tmp_path / "none") == 5
    found = rows(database)
    assert [row.series for row in found] == [
        "tatort", "tatort", "tatort", "abendnachrichten", "kommissar am hafen", None,
    ]  # fmt: skip
    assert found[0].part == found[1].part == "der fall"
    assert all((row.title_vector, row.title_model, row.type_guess) == (None, None, None) for row in found)


def test_labelling_again_changes_nothing(database: Database, model_file: Path) -> None:
    assert label_programmes(database, model_file) == 5 + len(SHOWN)
    assert label_programmes(database, model_file) == 0


def test_every_programme_gets_its_vector_and_the_models_id(
    database: Database, model: TextModel, model_file: Path
) -> None:
    label_programmes(database, model_file)
    for row in rows(database):
        assert row.title_model == model.model_id
        assert row.title_vector is not None
        np.testing.assert_array_equal(np.frombuffer(row.title_vector, "<f4"), model.titles.embed([row.title])[0])


def test_the_guides_own_genre_is_believed_and_the_texts_are_asked_where_there_is_none(
    database: Database, model: TextModel, model_file: Path
) -> None:
    label_programmes(database, model_file)
    found = rows(database)
    assert (found[0].type_guess, found[0].type_probability) == ("series", 1.0)
    guesses = [row.type_guess for row in found[1:]]
    assert all(row.type_probability is not None and row.type_probability < 1 for row in found[1:])
    assert model.types is not None and set(guesses) <= {*model.types.config.types, None}


def test_programmes_that_arrive_later_are_embedded_without_training(database: Database, model_file: Path) -> None:
    label_programmes(database, model_file)
    before = {row.id: row.title_vector for row in rows(database)}
    with database.writing() as session:
        put_programme(session, Programme("Tatort: Ein neuer Fall", "vdr", start=NOON + timedelta(days=9)))
    assert label_programmes(database, model_file) == 2  # its series, and its vector
    after = {row.id: row.title_vector for row in rows(database)}
    assert all(after[number] == vector for number, vector in before.items())


def test_another_model_makes_all_vectors_anew(database: Database, model_file: Path) -> None:
    label_programmes(database, model_file)
    other = train_text_model(made_up_programmes(), TitleTraining(epochs=1, seed=5), TypeTraining(epochs=1, fewest=5))
    save_text_model(model_file, other)
    label_programmes(database, model_file)
    assert {row.title_model for row in rows(database)} == {other.model_id}


def test_a_damaged_model_is_an_error_and_leaves_the_series(database: Database, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"nonsense")
    with pytest.raises(ModelError):
        label_programmes(database, tmp_path / "bad")
    assert rows(database)[0].series == "tatort"


def test_repeats_and_series_can_be_queried_as_views(database: Database, tmp_path: Path) -> None:
    label_programmes(database, tmp_path / "none")
    with database.reading() as session:
        series = session.execute(text("SELECT series, parts, showings FROM programme_series WHERE showings > 1")).all()
        repeats = session.execute(text("SELECT series, part, showings FROM programme_repeats")).all()
    assert [tuple(row) for row in series] == [("tatort", 2, 3)]
    assert [tuple(row) for row in repeats] == [("tatort", "der fall", 2)]


def add_marker(database: Database, programme: int, name: str) -> None:
    with database.writing() as session:
        voice = session.scalar(select(VoiceRow).where(VoiceRow.name == name)) or VoiceRow(name=name, enrolled_at=NOON)
        recording = RecordingRow(path=f"/v/{programme}.ts", recorder="plain", content="c", title="Tatort",
                                 subtitle="Der Fall", found_at=NOON)  # fmt: skip
        session.add_all([voice, recording])
        session.flush()
        session.add(MarkerRow(recording_id=recording.id, voice_id=voice.id, programme_id=programme, start_s=186.0,
                              end_s=190.0, score=0.8))  # fmt: skip


def related(database: Database, model: TextModel, *question: str | None) -> list[str]:
    with database.reading() as session:
        return [found.title for found in find_related(session, model, Question(*question))]  # type: ignore[arg-type]


def test_a_series_comes_first_and_its_showings_are_one_line(
    database: Database, model: TextModel, model_file: Path
) -> None:
    label_programmes(database, model_file)
    with database.reading() as session:
        found = find_related(session, model, Question("TATORT"))
    assert [(one.same_series, one.showings) for one in found[:2]] in ([(True, 2), (True, 1)], [(True, 1), (True, 2)])
    assert not any(one.same_series for one in found[2:])


def test_the_programme_asked_for_is_not_related_to_itself(
    database: Database, model: TextModel, model_file: Path
) -> None:
    label_programmes(database, model_file)
    assert related(database, model, "Tatort: Der Fall")[0] == "Tatort - Am Hafen"
    assert "TATORT: Der Fall" not in related(database, model, "Tatort", "Der Fall")


def test_only_programmes_of_a_voice_or_a_type_are_listed_when_asked(
    database: Database, model: TextModel, model_file: Path
) -> None:
    label_programmes(database, model_file)
    add_marker(database, 4, "Anna Beispiel")
    assert related(database, model, "Tatort", None, "anna") == ["Abendnachrichten"]
    assert related(database, model, "Tatort", None, "nobody") == []
    assert related(database, model, "Nachrichten", None, None, "series")[0] in ("Tatort", "TATORT: Der Fall")
    assert related(database, model, "Nachrichten", None, None, "krimi") == ["Tatort"]


def test_a_recordings_path_means_its_title(database: Database) -> None:
    add_marker(database, 1, "Anna")
    with database.reading() as session:
        assert title_of(session, "/v/1.ts") == ("Tatort", "Der Fall")
        assert title_of(session, "Irgendwas") == ("Irgendwas", None)


def test_vectors_of_another_model_are_not_compared(database: Database, model: TextModel, model_file: Path) -> None:
    label_programmes(database, model_file)
    with database.writing() as session:
        session.execute(update(ProgrammeRow).values(title_model="vt1-00000000"))
    with pytest.raises(DatabaseError, match="voicemark train titles"):
        related(database, model, "Tatort")
