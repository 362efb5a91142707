"""A recording's results are written together, once, and the views tell them in words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, text

from voicemark.errors import RecordingVanishedError
from voicemark.recording import Programme, ProgrammeSpan, Recording
from voicemark.result import LocalSpeaker, Marker, NamedTurn, Recognised, Result, SpeakerTurn, Speech, Windows
from voicemark.store.database import Database, open_database
from voicemark.store.known import same_content
from voicemark.store.markers import voice_ids
from voicemark.store.queries import MarkerFilter, MarkerView, find_markers
from voicemark.store.results import write_result
from voicemark.store.schema import EmbeddingRow, ProgrammeRow, RecordingRow
from voicemark.voice.diarization import diarize, pack

BEGUN = datetime(2024, 3, 1, 19, 15, tzinfo=UTC)
NEWS = Programme("Tagesschau", "eit", channel="Das Erste", start=BEGUN, duration_s=900)
CRIME = Programme(
    "Tatort", "eit", subtitle="Käse in Münster", channel="Das Erste", start=BEGUN + timedelta(minutes=15),
    duration_s=5400, genres=("film", "detective"),
)  # fmt: skip


EVERYBODY = "SELECT title, speaker, local_speaker, start_s, end_s, at_min FROM speaker_turns ORDER BY start_s"


@pytest.fixture
def database(tmp_path) -> Database:
    return open_database(tmp_path / "v.db")


def result(path: str = "/video/Tatort.rec", **changes: object) -> Result:
    values: dict[str, object] = {
        "recording": Recording(Path(path), "vdr", (Path(path) / "00001.ts",), BEGUN, programmes=(CRIME, NEWS)),
        "content": "c1",
        "duration_s": 6000.0,
        "audio_stream": "mp2, deu",
        "windows": Windows("m1", np.ones((4, 8), np.int8), 0.5, 2.0),
        "turns": pack(diarize(np.ones((4, 8), np.int8), 0.5, 2.0)),
        "speech": Speech(
            (LocalSpeaker(1, 96.0, np.ones(8, np.int8)), LocalSpeaker(2, 9.5, np.ones(8, np.int8))),
            (SpeakerTurn(60.0, 66.0, 1), SpeakerTurn(1000.0, 1009.5, 2), SpeakerTurn(5900.0, 5990.0, 1)),
        ),
        "recognised": Recognised(
            (
                Marker("Anna", 60.0, 66.0, 0.81),
                Marker("Bert", 1000.0, 1010.04, 0.7449),
                Marker("Anna", 5900.0, 5990.0, 0.9),
            ),
            (NamedTurn(0, "Anna", 0.81), NamedTurn(2, "Anna", 0.9)),
        ),
        "voices": ("Anna", "Bert"),
        "match_key": "k1",
        "programmes": (ProgrammeSpan(NEWS, 0, 900), ProgrammeSpan(CRIME, 900, 5800)),
        "started_at": BEGUN,
        "notes": ("signal lost at 1:40.0 for 10.0 s",),
    }
    return Result(**{**values, **changes})  # type: ignore[arg-type]


def put(database: Database, done: Result) -> int:
    with database.writing() as session:
        path = str(done.recording.path)
        row = session.scalar(select(RecordingRow).where(RecordingRow.path == path))
        if row is None:
            row = RecordingRow(path=path, recorder="vdr", content="?", title="?", found_at=BEGUN)
            session.add(row)
            session.flush()
        voice_ids(session, done.voices)
        write_result(session, row.id, done)
        return row.id


def markers(database: Database, **wanted: object) -> list[MarkerView]:
    with database.snapshot() as connection:
        return list(find_markers(connection, MarkerFilter(**wanted)))  # type: ignore[arg-type]


def test_a_marker_belongs_to_the_programme_on_air_at_its_start(database):
    put(database, result())
    assert [(marker.speaker, marker.title, marker.subtitle) for marker in markers(database)] == [
        ("Anna", "Tagesschau", None),
        ("Bert", "Tatort", "Käse in Münster"),
        ("Anna", "Tatort", "Käse in Münster"),  # beside every programme: the recording's own title
    ]


def test_the_query_and_the_view_tell_the_same(database):
    put(database, result())
    with database.reading() as session:
        viewed = session.execute(text("SELECT * FROM voice_markers ORDER BY start_s")).all()
    asked = [
        (m.recording, m.title, m.subtitle, m.channel, m.speaker, m.start_s, m.end_s, m.at_min, m.score)
        for m in markers(database)
    ]
    assert [(*row[:4], *row[5:]) for row in viewed] == asked
    assert viewed[1].at_min == 16.7
    assert viewed[1].score == pytest.approx(0.745)


def test_writing_again_replaces_and_leaves_nothing_double(database):
    put(database, result())
    put(database, result(recognised=Recognised((Marker("Anna", 1.0, 5.0, 0.8),)), match_key="k2"))
    assert [(marker.speaker, marker.start_s) for marker in markers(database)] == [("Anna", 1.0)]
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM window_embeddings")).scalar() == 1
        assert session.execute(text("SELECT count(*) FROM recording_programmes")).scalar() == 2
        assert session.execute(text("SELECT count(*) FROM programmes")).scalar() == 2


def test_results_of_a_new_model_take_the_place_of_the_old(database):
    put(database, result())
    put(database, result(windows=Windows("m2", np.ones((4, 8), np.int8), 0.5, 2.0)))
    with database.reading() as session:
        assert session.scalars(select(EmbeddingRow.model_id)).all() == ["m2"]
        assert session.scalars(select(RecordingRow.model_id)).all() == ["m2"]


def test_in_which_numbers_it_was_computed_is_kept_and_known_from_another_place(database, tmp_path):
    put(database, result(windows=Windows("m1", np.ones((4, 8), np.int8), 0.5, 2.0, "int8")))
    put(database, result("/video/Old.rec", content="c2"))
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.numerics).order_by(RecordingRow.path)).all() == [None, "int8"]
        known = same_content(session, Recording(tmp_path, "vdr", ()), "c1", "m1")
    assert known is not None and known.windows.numerics == "int8"


def test_a_programme_of_two_recordings_is_there_once(database):
    put(database, result())
    put(database, result("/video/Copy.rec"))
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM programmes")).scalar() == 2
        assert session.execute(text("SELECT count(*) FROM recording_programmes")).scalar() == 4


def test_genres_are_words(database):
    put(database, result())
    with database.reading() as session:
        assert (
            session.scalars(select(ProgrammeRow.genre).where(ProgrammeRow.title == "Tatort")).one() == "film, detective"
        )


def test_notes_and_length_are_kept(database):
    put(database, result())
    with database.reading() as session:
        row = session.scalars(select(RecordingRow)).one()
    assert (row.duration_s, row.notes) == (6000.0, "signal lost at 1:40.0 for 10.0 s")


def test_a_recording_without_metadata_takes_the_title_of_what_fills_it(database):
    bare = Recording(Path("/video/20240301.ts"), "plain", (Path("/video/20240301.ts"),))
    put(database, result("/video/20240301.ts", recording=bare))
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.title)).one() == "Tatort"


def test_results_without_their_recording_are_refused(database):
    with pytest.raises(RecordingVanishedError), database.writing() as session:
        write_result(session, 99, result())


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 3),
        ({"speaker": "anna"}, 2),
        ({"title": "tages"}, 1),
        ({"title": "KÄSE"}, 1),
        ({"channel": "erste"}, 3),
        ({"channel": "ZDF"}, 0),
        ({"since": BEGUN}, 3),
        ({"since": BEGUN + timedelta(seconds=1)}, 0),
        ({"recording": "Tatort.rec"}, 3),
        ({"type": "detective"}, 1),
        ({"speaker": "Anna", "title": "Tatort"}, 1),
        ({"paths": [Path("/video/Tatort.rec")]}, 3),
        ({"paths": []}, 0),
    ],
)
def test_filters_are_parts_of_words_in_any_case_and_are_combined(database, wanted, count):
    put(database, result())
    assert len(markers(database, **wanted)) == count


def test_everybodys_turns_are_told_with_a_name_where_one_is_known(database):
    put(database, result())
    with database.reading() as session:
        told = session.execute(text(EVERYBODY)).all()
    assert told == [
        ("Tagesschau", "Anna", 1, 60.0, 66.0, 1.0),
        ("Tatort", None, 2, 1000.0, 1009.5, 16.7),
        ("Tatort", "Anna", 1, 5900.0, 5990.0, 98.3),
    ]


def test_turns_and_their_names_are_replaced_with_the_rest(database):
    put(database, result())
    put(database, result(speech=Speech(), recognised=Recognised()))
    with database.reading() as session:
        assert session.execute(text(EVERYBODY)).all() == []
