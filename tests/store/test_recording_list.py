"""Pages of a list follow each other without a gap, in every order, and state is told as the view tells it."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from voicemark.store.database import Database, open_database
from voicemark.store.recording_list import STATES, After, Order, Wanted, list_recordings, state_of
from voicemark.store.schema import RecordingRow

AT = "2024-01-01 00:00:00.000000"
RECORDINGS = 60
SIZE = 7


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("list") / "v.db"
    open_database(path).close()
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO recordings(id, path, recorder, content, title, channel, started_at, duration_s, found_at, "
        "scanned_at, deleted_at) VALUES (?, ?, 'vdr', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (n, str(n), str(n), f"{'Äbc'[n % 3]} {n % 5}", None if n % 4 == 0 else f"C{n % 3}",
             None if n % 7 == 0 else f"2024-01-{1 + n % 9:02} 20:15:00.000000", None if n % 5 == 0 else 60.0 * (n % 6),
             AT, AT if n % 2 else None, AT if n % 11 == 0 else None)
            for n in range(1, RECORDINGS + 1)
        ),
    )  # fmt: skip
    states = ("ready", "running", "done", "failed", "gone", "waiting")
    connection.executemany(
        "INSERT INTO jobs(recording_id, content, model_id, state, priority, attempts, waits, created_at, updated_at) "
        "VALUES (?, ?, 'm', ?, 0, 0, 0, ?, ?)",
        (
            (n, f"{n}-{k}", states[(n // 4 + k) % len(states)], AT, f"2024-02-0{1 + (n * k) % 3} 00:00:00.000000")
            for n in range(1, RECORDINGS + 1)
            for k in range(n % 4)
        ),
    )
    connection.commit()
    connection.close()
    opened = open_database(path)
    yield opened
    opened.close()


def through(database: Database, wanted: Wanted) -> list[int]:
    """All pages, one after another; each cursor goes through an address."""
    numbers: list[int] = []
    after: After | None = None
    with database.reading() as session:
        for _ in range(RECORDINGS):
            page = list_recordings(session, Wanted(**{**vars(wanted), "after": after}), SIZE)
            numbers += [line.id for line in page.lines]
            if page.next is None:
                assert len(numbers) == page.found
                return numbers
            after = After.of(str(page.next))
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("falling", [True, False])
def test_every_recording_comes_once_in_its_order(database: Database, order: Order, falling: bool) -> None:
    numbers = through(database, Wanted(order=order, falling=falling))
    assert sorted(numbers) == list(range(1, RECORDINGS + 1))
    columns = {Order.DATE: "started_at", Order.TITLE: "title", Order.CHANNEL: "channel", Order.LENGTH: "duration_s"}
    with database.reading() as session:
        rows = session.execute(text(f"SELECT id, {columns[order]} FROM recordings")).all()
    keys = {number: (key is not None, key.casefold() if isinstance(key, str) else key or 0) for number, key in rows}
    ordered = sorted(keys, key=lambda number: (keys[number], number), reverse=falling)
    assert numbers == ordered


@pytest.mark.parametrize("state", STATES)
def test_a_state_finds_those_of_which_the_view_tells_it(database: Database, state: str) -> None:
    with database.reading() as session:
        told = "SELECT r.id FROM recordings r JOIN recording_list l ON l.recording = r.path WHERE l.state = :state"
        by_view = set(session.scalars(text(told), {"state": state}))
        assert by_view == set(session.scalars(select(RecordingRow.id).where(state_of() == state)))
    assert set(through(database, Wanted(state=state))) == by_view
    assert by_view or state in ("waiting",)


def test_a_page_is_a_few_questions_however_many_recordings_there_are(database: Database) -> None:
    asked: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with database.reading() as session:
            list_recordings(session, Wanted(words="abc 1", order=Order.TITLE))
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert len(asked) <= 6


def test_the_latest_are_read_in_their_order_without_sorting_all(database: Database) -> None:
    with database.reading() as session:
        plan = session.execute(
            text("EXPLAIN QUERY PLAN SELECT id FROM recordings ORDER BY started_at DESC, id DESC LIMIT 51")
        ).all()
    assert any("ix_recordings_started_path" in row[3] for row in plan)


@given(st.text())
def test_what_is_no_cursor_is_none(told: str) -> None:
    after = After.of(told)
    assert after is None or After.of(str(after)) == after


@pytest.mark.parametrize("told", ['["x",1]', "[null,3]", "[1.5,2]", '["",0]'])
def test_a_cursor_of_another_order_begins_at_the_beginning(database: Database, told: str) -> None:
    with database.reading() as session:
        for order in Order:
            assert list_recordings(session, Wanted(order=order, after=After.of(told))).found == RECORDINGS
