"""Questions to an archive of many markers: what is asked for is read, a little at a time, and nothing is sorted."""

import json
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from support.commands import run
from support.guides import made_up_programmes

from voicemark.cli.markers import MOST_ROWS
from voicemark.lab.titles.titles_training import TitleTraining
from voicemark.lab.titles.train import train_text_model
from voicemark.lab.titles.types_training import TypeTraining
from voicemark.store.connections import plain
from voicemark.store.database import Database, open_database
from voicemark.store.queries import MarkerFilter, MarkerView, find_markers
from voicemark.titles.model_file import TextModel
from voicemark.titles.related import Question, find_related

RECORDINGS, MARKERS, VOICES = 80, 8_000, 20
AT = "2024-01-01 00:00:00.000000"
LITTLE = 2_500_000
"""Bytes. A list of all markers takes several times as much."""


@pytest.fixture(scope="module")
def model() -> TextModel:
    training = TitleTraining(epochs=1, categories=4, drawn=3), TypeTraining(epochs=1, buckets=256, fewest=5)
    return train_text_model(made_up_programmes(), *training)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, model: TextModel) -> Path:
    path = tmp_path_factory.mktemp("large") / "v.db"
    open_database(path).close()
    dim = len(model.titles.embed(["a"])[0])
    vectors = np.random.default_rng(1).standard_normal((RECORDINGS, dim)).astype("<f4")
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO voices(id, name, enrolled_at) VALUES (?, ?, ?)", ((n, f"Voice {n}", AT) for n in range(VOICES))
    )
    connection.executemany(
        "INSERT INTO recordings(id, path, recorder, content, title, found_at, started_at) "
        "VALUES (?, ?, 'vdr', ?, ?, ?, ?)",
        (
            (n, f"/v/{n:03}.ts", str(n), f"Title {n % 7}", AT, f"20{10 + n * 7 % 13}-01-01 00:00:00.000000")
            for n in range(RECORDINGS)
        ),
    )
    connection.executemany(
        "INSERT INTO programmes(id, identity, source, title, subtitle, series, part, genre, title_vector, title_model) "
        "VALUES (?, ?, 'eit', ?, ?, ?, ?, ?, ?, ?)",
        (
            (n, str(n), f"Title {n % 7}", f"Part {n}", f"title {n % 7}", f"part {n}", "News" if n % 2 else None,
             vectors[n].tobytes(), model.model_id)
            for n in range(RECORDINGS)
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO markers(recording_id, voice_id, programme_id, start_s, end_s, score) VALUES (?, ?, ?, ?, ?, 0.7)",
        (
            (n % RECORDINGS, n * 3 % (VOICES - 1), None if n % 5 == 0 else n % RECORDINGS, n * 0.5, n * 0.5 + 3)
            for n in range(MARKERS)
        ),
    )
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = open_database(file)
    yield opened
    opened.close()


def asked(session: Session, **wanted: Any) -> Iterator[MarkerView]:
    return find_markers(plain(session), MarkerFilter(**wanted))


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of any database within the block."""
    heard: list[tuple[str, Any]] = []

    def hear(_c: Connection, _cursor: object, statement: str, parameters: object, _x: object, _many: bool) -> None:
        heard.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def plan(session: Session, told: tuple[str, Any]) -> list[str]:
    statement, parameters = told
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [str(row[3]) for row in rows]


ALL: list[dict[str, Any]] = [
    {},
    {"speaker": "voice 3"},
    {"title": "title 4"},
    {"title": "PART 17"},
    {"channel": "nowhere"},
    {"type": "news"},
    {"recording": "/v/01"},
    {"since": datetime(2015, 6, 1, tzinfo=UTC)},
    {"speaker": "voice 3", "title": "title 4"},
]


@pytest.mark.parametrize("wanted", ALL)
def test_no_marker_is_looked_at_that_is_not_of_a_recording_or_voice_asked_for(
    database: Database, wanted: dict[str, Any]
) -> None:
    told: list[str] = []
    with database.snapshot() as connection:
        connection.set_trace_callback(told.append)
        list(find_markers(connection, MarkerFilter(**wanted)))
        connection.set_trace_callback(None)
        steps = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {told[-1]}")]
    assert not [step for step in steps if step.startswith("SCAN markers")]
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps, "the first marker would wait for the last"
    assert len(told) == 2  # the voices and the markers


@pytest.mark.parametrize("wanted", ALL)
def test_what_is_found_is_what_a_look_at_every_marker_finds(database: Database, wanted: dict[str, Any]) -> None:
    with database.reading() as session:
        every = list(asked(session))
        found = list(asked(session, **wanted))
        types = {f"Part {n}": "News" for n in range(1, RECORDINGS, 2)}
    assert (
        every == sorted(every, key=lambda one: (one.started_at, one.recording, one.start_s)) and len(every) == MARKERS
    )
    assert found == [
        one
        for one in every
        if wanted.get("speaker", "").casefold() in one.speaker.casefold()
        and wanted.get("title", "").casefold() in f"{one.title}|{one.subtitle}".casefold()
        and wanted.get("channel", "") in (one.channel or "")
        and wanted.get("type", "").casefold() in types.get(one.subtitle or "", "").casefold()
        and wanted.get("recording", "") in one.recording
        and (one.started_at or datetime.max) >= wanted.get("since", datetime(1990, 1, 1, tzinfo=UTC))
    ]


def test_markers_are_read_a_little_at_a_time(database: Database) -> None:
    with database.reading() as session:
        list(asked(session, speaker="voice 3"))  # what is imported and compiled once
        tracemalloc.start()
        count = sum(1 for _ in asked(session))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == MARKERS
    assert peak < LITTLE


def test_as_many_recordings_can_be_asked_for_as_there_are(database: Database) -> None:
    with database.reading() as session:
        many = [Path(f"/v/{n:03}.ts") for n in range(300_000)]
        assert sum(1 for _ in asked(session, paths=many)) == MARKERS


def test_related_programmes_cost_their_own_markers_and_no_others(database: Database, model: TextModel) -> None:
    with database.reading() as session, statements() as told:
        tracemalloc.start()
        found = find_related(session, model, Question("Title 3", speaker="voice 3", limit=2))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(found) == 2 and all({marker.speaker for marker in one.markers} == {"Voice 3"} for one in found)
    assert peak < LITTLE
    with database.reading() as session:
        steps = [step for one in told if one[0].startswith("SELECT") for step in plan(session, one)]
    assert not [step for step in steps if step.startswith("SCAN markers")]
    assert len(told) < 16


def test_related_tells_every_marker_of_a_programme(database: Database, model: TextModel) -> None:
    with database.reading() as session:
        [found] = find_related(session, model, Question("Title 3", limit=1))
        theirs = [one for one in asked(session, title=str(found.subtitle)) if one.subtitle == found.subtitle]
    assert [(one.recording, one.speaker, one.start_s) for one in found.markers] == [
        (one.recording, one.speaker, one.start_s) for one in theirs
    ]


@pytest.fixture
def config(file: Path) -> Path:
    path = file.with_name("config.toml")
    path.write_text(f'[database]\nurl = "sqlite:///{file}"\n')
    return path


def test_a_long_table_ends_and_says_how_to_get_the_rest(config: Path) -> None:
    done = run("markers", "--config", config)
    assert len(done.stdout.splitlines()) == MOST_ROWS + 1
    assert "--all" in done.stderr


def test_a_table_that_just_fits_says_nothing(config: Path) -> None:
    done = run("markers", "--config", config, "--recording", "/v/00")
    assert len(done.stdout.splitlines()) == MOST_ROWS + 1
    assert done.stderr == ""


def test_all_of_a_long_table_is_shown_when_asked_for(config: Path) -> None:
    wanted = ("markers", "--config", config, "--since", "2021-01-01")
    count = len(run(*wanted, "--json").stdout.splitlines())
    done = run(*wanted, "--all")
    assert sum("at min" in line for line in done.stdout.splitlines()) == count > MOST_ROWS
    assert done.stderr == ""


def test_json_never_ends_early(config: Path) -> None:
    lines = run("markers", "--config", config, "--json").stdout.splitlines()
    assert len(lines) == MARKERS
    assert set(json.loads(lines[-1])) == set(MarkerView.__dataclass_fields__)
