"""Who there is, in numbers and words: an archive of three recordings, in which four people speak."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from support.people import hear, place

from voicemark.actions.people import NoSuchPersonError, list_people, places_of, show_person
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids
from voicemark.store.schema import MemoryRow
from voicemark.store.schema_people import PersonRow

BEGUN = datetime(2024, 3, 1, 19, 15, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Anna (1) is enrolled. 2 is heard in all of the recordings, 3 in the first; 4 is a jingle in two."""
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        voice_ids(session, ["Anna"])
        for kind in ("person", "person", "sound"):
            session.add(PersonRow(kind=kind, by="machine", created_at=BEGUN))
            session.flush()
        hear(session, "/a.ts", [(1, 0, 60), (2, 60, 90), (1, 90, 3690), (3, 3690, 3700)], title="Aspekte")
        hear(session, "/b.ts", [(1, 0, 600), (2, 600, 610)], title="Kulturzeit")
        hear(session, "/c.ts", [(1, 0, 7), (1, 30, 35)], title="Aspekte")
        for recording, number, person in ((1, 1, 2), (2, 1, 2), (3, 1, 2), (1, 2, 3), (1, 3, 4), (2, 2, 4)):
            place(session, recording, number, person, score=0.7)
    return opened


def test_most_heard_come_first_and_who_is_heard_little_is_left_out(database: Database) -> None:
    with database.reading() as session:
        everybody = list_people(session)
        assert [(one.person, one.called, one.recordings) for one in everybody] == [
            (2, "voice 2", 3), (3, "voice 3", 1), (4, "sound 4", 2), (1, "Anna", 0),
        ]  # fmt: skip
        assert everybody[0].hours == pytest.approx((3660 + 600 + 12) / 3600, abs=1e-3)
        assert everybody[0].mostly_in == "Aspekte"
        assert [one.person for one in list_people(session, min_recordings=2, named=False)] == [2, 4]
        assert [one.person for one in list_people(session, kind="sound")] == [4]
        assert [one.person for one in list_people(session, order="name", limit=2)] == [1, 2]
        assert [one.person for one in list_people(session, limit=1, offset=1)] == [3]


def test_places_to_listen_to_are_of_several_recordings(database: Database) -> None:
    with database.reading() as session:
        found = places_of(session, [2, 3, 1], 3)
    assert [(place.path, place.start_s, place.end_s) for place in found[2]] == [
        ("/a.ts", 0, 12), ("/b.ts", 0, 12), ("/c.ts", 0, 7),
    ]  # fmt: skip
    assert [place.path for place in found[3]] == ["/a.ts"]
    assert found[1] == []


def test_a_person_is_told_by_recording_month_and_programme(database: Database) -> None:
    with database.reading() as session:
        shown = show_person(session, 2)
        assert [path for path, _, _ in shown.recordings] == ["/a.ts", "/b.ts", "/c.ts"]
        assert [month for month, _ in shown.by_month] == ["2024-03"]
        assert [title for title, _ in shown.by_programme] == ["Aspekte", "Kulturzeit"]
        assert shown.looks_like == []
        with pytest.raises(NoSuchPersonError, match="there is no voice 99"):
            show_person(session, 99)


def test_who_sounds_like_somebody_with_a_name_may_be_that_person(database: Database) -> None:
    with database.writing() as session:
        memory = np.ones((3, 4), "<f4").tobytes()
        session.add(MemoryRow(voice_id=1, model_id="m", samples="", windows=3, dim=4, embeddings=memory, made_at=BEGUN))
    with database.reading() as session:
        assert show_person(session, 2).looks_like == [("Anna", 3, 3)]
        assert show_person(session, 1).looks_like == []


def test_the_view_says_whose_turn_it_is(database: Database) -> None:
    with database.reading() as session:
        rows = session.execute(text("SELECT start_s, person, name FROM speaker_turns WHERE recording = '/a.ts'")).all()
    assert sorted(rows) == [(0, 2, None), (60, 3, None), (90, 2, None), (3690, 4, None)]


IMPORTED = """
import importlib, pkgutil, sys
import voicemark.actions.acts, voicemark.actions.people, voicemark.actions.perform, voicemark.store
for module in pkgutil.iter_modules(voicemark.store.__path__):
    if not module.ispkg and module.name != "migrations":
        importlib.import_module("voicemark.store." + module.name)
print("torch" in sys.modules)
"""


def test_whoever_shows_people_or_does_an_act_loads_no_network() -> None:
    said = subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "False"
