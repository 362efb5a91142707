"""Of a person who is forgotten no byte is left: no name, no number of the group, nothing that was said."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from support.people import BEGUN, hear, place

from voicemark.actions.acts import Act, Answer, Correct, Ignore, Merge, Name, Split, Undo
from voicemark.actions.erase import finish_erasures
from voicemark.actions.perform import perform
from voicemark.config import Config, ExportSection
from voicemark.errors import VoicemarkError
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget, forget_group
from voicemark.store.markers import voice_ids
from voicemark.store.memories import CONFIRMED, DENIED, save_memory
from voicemark.store.schema_people import PersonRow

NAMES = ("Clara Unvergessen", "Dora Anders", "Bert Beispiel")
CLARA, DORA, BERT = NAMES


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        voice_ids(session, [BERT])
        for _ in range(3):
            session.add(PersonRow(kind="person", by="machine", created_at=BEGUN))
            session.flush()
        for path in ("/a.ts", "/b.ts", "/c.ts"):
            number = hear(session, path, [(1, 0, 60), (2, 60, 90)])
            place(session, number, 1, 2, score=0.8)
        place(session, 1, 2, 3, score=0.8)
    return opened


def names_on_disk(database: Database) -> set[str]:
    data = b"".join(file.read_bytes() for file in database.path.parent.glob("v.db*"))
    return {name for name in NAMES if name.encode() in data}


def ask(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


def do(database: Database, *acts: Act) -> None:
    for act in acts:
        perform(database, Config(), act, "me")


def test_nothing_that_was_ever_said_of_a_person_is_left(database: Database) -> None:
    do(
        database,
        Name(person=2, name=DORA),
        Name(person=2, name=CLARA),
        Correct(recording="/a.ts", start_s=3, end_s=9, is_name=CLARA, not_name=BERT),
        Merge(into=2, other=3),
        Split(person=2, recordings=("/c.ts",)),
        Name(person=4, name=DORA),
        Undo(),
        Answer(question="4:2", answer="no"),
    )
    vector = bytes(range(1, 129))
    with database.writing() as session:
        for origin in (CONFIRMED, DENIED):
            save_memory(session, CLARA, "m", "digest", np.frombuffer(vector, "<f4").reshape(1, -1), origin=origin)
    assert names_on_disk(database) == set(NAMES)
    forgotten = forget(database, CLARA)
    assert (forgotten.memories, forgotten.answers > 4) == (2, True)
    assert finish_erasures(database, ExportSection()).unfinished is None
    assert names_on_disk(database) == {BERT, DORA}  # Dora is in the log yet, of voice 4
    assert not any(vector in file.read_bytes() for file in database.path.parent.glob("v.db*"))
    for table in ("statements", "memberships", "cannot_links", "asked"):
        persons = "person_id = 2" if table != "asked" else "other_id = 2"
        assert ask(database, f"SELECT * FROM {table} WHERE {persons}") == []
    assert ask(database, "SELECT person FROM people ORDER BY person") == [(1,), (4,), (5,)]
    assert {row[0] for row in ask(database, "SELECT content FROM said")} == {"/a.ts"}, "Bert was corrected there"


def test_also_a_name_that_was_undone_is_forgotten(database: Database) -> None:
    do(database, Name(person=2, name=CLARA), Undo())
    assert CLARA in names_on_disk(database)
    forget(database, CLARA)
    assert finish_erasures(database, ExportSection()).unfinished is None
    assert CLARA not in names_on_disk(database)


def test_a_group_without_a_name_is_forgotten_by_its_number(database: Database) -> None:
    do(database, Ignore(person=2))
    forgotten = forget_group(database, 2)
    assert forgotten.recordings == ("/a.ts", "/b.ts", "/c.ts")
    assert ask(database, "SELECT count(*) FROM acts") == [(0,)]
    assert ask(database, "SELECT person_id FROM memberships") == [(3,)]
    with pytest.raises(VoicemarkError, match="nobody without a name who has the number 1"):
        forget_group(database, 1)


def test_what_was_said_of_others_stays_where_an_act_was_about_both(database: Database) -> None:
    do(
        database,
        Name(person=2, name=CLARA),
        Correct(recording="/a.ts", start_s=3, end_s=9, is_name=CLARA, not_name=BERT),
    )
    forget(database, CLARA)
    assert ask(database, "SELECT person_id, answer, act_id FROM statements") == [(1, "not", None)]
    assert finish_erasures(database, ExportSection()).unfinished is None
    assert names_on_disk(database) == {BERT}
