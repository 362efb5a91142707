"""A kill in the middle of acts loses and doubles nothing: each is done whole, or not at all."""

import os
import random
import signal
import time
from pathlib import Path

from sqlalchemy import text
from support.forked import Forked
from support.people import BEGUN, hear, place

from voicemark.actions.acts import Undo
from voicemark.actions.perform import perform
from voicemark.config import Config
from voicemark.store.database import Database, open_database
from voicemark.store.schema_people import PersonRow

MEMBERS = 40
ACTING = """
import sys
from pathlib import Path
from voicemark.actions.acts import Merge, Name, Undo
from voicemark.actions.perform import perform
from voicemark.config import Config
from voicemark.store.database import open_database
database = open_database(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    perform(database, Config(), Name(person=1, name="Anna"), "me")
    perform(database, Config(), Merge(into=1, other=2), "me")
    perform(database, Config(), Undo(), "me")
    perform(database, Config(), Undo(), "me")
"""


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


def test_killed_in_the_middle_of_acts_each_was_done_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    database = open_database(path)
    with database.writing() as session:
        for _ in range(2):
            session.add(PersonRow(kind="person", by="machine", created_at=BEGUN))
            session.flush()
        for number in range(MEMBERS):
            hear(session, f"/{number}.ts", [(1, 0, 60), (2, 60, 90)])
            place(session, number + 1, 1, 1 + number % 2, score=0.8)
    whose = "SELECT recording_id, number, person_id, placed_by FROM memberships ORDER BY 1"
    before = rows(database, whose)
    seed = random.Random(4)
    for _ in range(3):
        reading, writing = os.pipe()
        acting = Forked(ACTING, [str(path)], os.environ, stdout=writing, stderr=writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as said:
            assert said.readline() == b"ready\n"
            time.sleep(seed.uniform(0.05, 0.4))
            acting.kill()
            assert acting.wait(60) == -signal.SIGKILL
        standing = rows(database, "SELECT id, what FROM acts WHERE undone_at IS NULL ORDER BY id")
        named, merged = len(standing) > 0, len(standing) > 1
        assert rows(database, "SELECT count(*) FROM voices") == [(int(named),)]
        assert rows(database, "SELECT count(*) FROM persons") == [(1 if merged else 2,)]
        assert rows(database, "SELECT count(*) FROM memberships") == [(MEMBERS,)]
        spans = len(before) if merged else len(before) // 2 if named else 0
        assert rows(database, "SELECT count(*) FROM statements") == [(spans,)]
        for _ in standing:
            perform(database, Config(), Undo(), "me")
        assert rows(database, whose) == before
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    database.close()
