"""What a page costs: bytes and questions to the database, of a large archive and of a long recording.

`pytest -s` also says how much processor each takes; docs/web.md has the figures.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from support.page import Browser

from voicemark.config import Config
from voicemark.store.database import open_database
from voicemark.web.app import make_app

RECORDINGS, TURNS, SPEAKERS, VOICES = 20_000, 2_000, 40, 20
LONG = 7
AT = "2024-01-01 00:00:00.000000"
MOST_BYTES = 300_000
MOST_QUESTIONS = 20


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    path = tmp_path_factory.mktemp("cost") / "v.db"
    open_database(path).close()
    draw = Random(1)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(2000)]
    connection = sqlite3.connect(path)
    connection.executemany("INSERT INTO voices VALUES (?, ?, ?)", ((n, f"Anna{n}", AT) for n in range(1, VOICES + 1)))
    connection.execute(
        "INSERT INTO persons (id, kind, voice_id, by, created_at) SELECT id, 'person', id, 'person', ? FROM voices",
        (AT,),
    )
    connection.executemany(
        "INSERT INTO recordings (id, path, recorder, content, title, subtitle, channel, started_at, duration_s, "
        "found_at, scanned_at) VALUES (?, ?, 'vdr', ?, ?, ?, ?, ?, 3600, ?, ?)",
        (
            (n, f"/video/{n}.rec", str(n), words[n % 1500], " ".join(draw.choices(words, k=4)), f"Channel {n % 40}",
             f"20{10 + n % 15:02}-{1 + n % 12:02}-{1 + n % 28:02} 20:15:00.000000", AT, AT)
            for n in range(1, RECORDINGS + 1)
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO jobs (recording_id, content, model_id, state, priority, attempts, created_at, updated_at) "
        "VALUES (?, ?, 'm', ?, 0, 1, ?, ?)",
        ((n, str(n), "done" if n % 100 else "failed", AT, AT) for n in range(1, RECORDINGS + 1)),
    )
    connection.executemany(
        "INSERT INTO markers (recording_id, voice_id, start_s, end_s, score) VALUES (?, ?, ?, ?, 0.7)",
        ((1 + n // 5, 1 + draw.randrange(VOICES), n % 5 * 100, n % 5 * 100 + 20) for n in range(5 * RECORDINGS)),
    )
    connection.execute("UPDATE recordings SET duration_s = 14400 WHERE id = ?", (LONG,))
    connection.executemany(
        "INSERT INTO turns VALUES (?, ?, ?, ?, ?)",
        ((LONG, n, n * 7.2, n * 7.2 + 6.4, 1 + draw.randrange(SPEAKERS)) for n in range(TURNS)),
    )
    connection.executemany(
        "INSERT INTO turn_voices VALUES (?, ?, ?, 0.7)", ((LONG, n, 1 + draw.randrange(5)) for n in range(0, TURNS, 3))
    )
    connection.commit()
    connection.close()
    return Browser(make_app(Config.model_validate({"database": {"url": f"sqlite:///{path}"}})))


@contextmanager
def questions() -> Iterator[list[str]]:
    """What is asked of any database within the block."""
    heard: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(
    "path",
    [
        "/recordings",
        "/recordings?order=title&way=up",
        "/recordings?q=anna17",
        "/recordings?state=failed",
        '/recordings?after=["2014-01-01T00:00:00%2B00:00",9]',
        f"/recordings/{LONG}",
        f"/recordings/{LONG}?from=7200&to=9000&row=1100",
        "/people",
        "/state",
    ],
)
def test_a_page_is_small_and_asks_little(browser: Browser, path: str) -> None:
    browser.get(path)  # what is compiled once
    before = time.process_time()
    with questions() as asked:
        answer = browser.get(path)
    took_ms = 1000 * (time.process_time() - before)
    print(f"{path}: {took_ms:.0f} ms of processor, {len(answer.content) / 1000:.0f} kB, {len(asked)} questions")
    assert answer.status_code == 200
    assert len(answer.content) < MOST_BYTES
    assert len(asked) <= MOST_QUESTIONS


def test_a_page_of_the_list_does_not_grow_with_the_archive(browser: Browser) -> None:
    html = browser.get("/recordings").text
    assert f"{RECORDINGS:,} recordings" in html and html.count("data-row") == 50
