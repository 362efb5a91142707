"""The whole thing as its owner has it: a service that has heard two programmes, the page beside it, and Chromium."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright
from support.service import Daemon, Home, make_recording, serving
from support.speech import ANNA, BERT, CARL, speak

from voicemark.config import Config, load_config
from voicemark.store import schema as _schema  # noqa: F401 (persons refer to its tables)
from voicemark.store.database import open_database
from voicemark.store.schema_people import BY_MACHINE, MembershipRow, PersonRow

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
INFO = """\
C S19.2E-1-1019-10301 Das Erste HD
E {event} {start} 60 4E 1F
T {title}
S {subtitle}
D Zwei Stimmen, die man kennt, und eine, die man nicht kennt.
V {start}
F 25
"""
BEGAN = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
PROGRAMMES = (
    ("Stimmen am Abend", "Mit Bert und Gästen", ((BERT, 9), (ANNA, 8), (BERT, 7), (CARL, 6), (ANNA, 9), (BERT, 8))),
    ("Das Gespräch", "Über das Wetter", ((ANNA, 10), (BERT, 9), (ANNA, 8), (CARL, 7))),
)


@dataclass(frozen=True)
class LivingPage:
    """Where it is, and what is behind it."""

    url: str
    home: Home
    daemon: Daemon
    sounds: tuple[NDArray[np.float32], ...]
    """What was recorded, (samples,) at 16 kHz."""

    @property
    def config(self) -> Config:
        """That of both."""
        return load_config(self.home.config)


@contextmanager
def living_page(root: Path, sources: Path) -> Iterator[LivingPage]:
    """Service and page run while inside; whoever spoke and has no name is a person of two programmes."""
    home = Home(root, sources)
    home.config.write_text(home.config.read_text().replace('name = "Low"', 'name = "Bert"'))
    sounds = tuple(_record(home, number) for number in range(len(PROGRAMMES)))
    with serving(home) as daemon:
        daemon.wait_done(len(PROGRAMMES))
        _discover(home)
        with _page(home) as url:
            yield LivingPage(url, home, daemon, sounds)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def has_chromium() -> bool:
    """Whether there is one to be had."""
    return shutil.which(CHROMIUM) is not None


def _record(home: Home, number: int) -> NDArray[np.float32]:
    """As VDR leaves a recording."""
    title, subtitle, turns = PROGRAMMES[number]
    sound = [speak(who, seconds, 10 * number + turn) for turn, (who, seconds) in enumerate(turns)]
    folder = home.video / title.replace(" ", "_") / f"2024-03-0{number + 1}.20.15.1-0.rec"
    folder.mkdir(parents=True)
    start = int(BEGAN.timestamp()) + 86_400 * number
    (folder / "info").write_text(INFO.format(event=4711 + number, start=start, title=title, subtitle=subtitle))
    make_recording(folder / "00001.ts", sound)
    return np.concatenate(sound)


def _discover(home: Home) -> None:
    """Everybody without a name becomes a person, as grouping would have it: by how long they speak."""
    database = open_database(home.database)
    nameless = home.query(
        "SELECT l.recording_id, l.number FROM local_speakers l WHERE NOT EXISTS (SELECT 1 FROM turns t"
        " JOIN turn_voices v ON v.recording_id = t.recording_id AND v.turn = t.number"
        " WHERE t.recording_id = l.recording_id"
        " AND t.local_speaker = l.number) ORDER BY l.recording_id, l.seconds DESC"
    )
    with database.writing() as session:
        persons: dict[int, int] = {}
        places: dict[object, int] = {}
        for recording, number in nameless:
            place = places[recording] = places.get(recording, -1) + 1
            if place not in persons:
                person = PersonRow(kind="person", by=BY_MACHINE, created_at=datetime.now(UTC))
                session.add(person)
                session.flush()
                persons[place] = person.id
            session.add(
                MembershipRow(
                    recording_id=recording, number=number, person_id=persons[place], placed_by=BY_MACHINE, score=0.7
                )
            )
    database.close()


@contextmanager
def _page(home: Home) -> Iterator[str]:
    command = [sys.executable, "-c", "from voicemark.cli.main import run; run()", "web", "--port", "0", "--config"]
    environment = {**os.environ, "CACHE_DIRECTORY": str(home.root / "cache"), "OMP_NUM_THREADS": "1"}
    with (home.root / "page.log").open("wb") as log:
        process = subprocess.Popen([*command, home.config], stdout=subprocess.PIPE, stderr=log, env=environment)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        assert "http" in line, (home.root / "page.log").read_text()
        yield line[line.index("http") :].strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
