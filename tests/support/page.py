"""The page without a network: requests go straight into the application, as a server hands them over."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from voicemark.store.database import Database, open_database
from voicemark.store.schema import (
    FileRow,
    JobRow,
    LocalSpeakerRow,
    MarkerRow,
    ProgrammeRow,
    RecordingProgrammeRow,
    RecordingRow,
    TurnRow,
    TurnVoiceRow,
    VoiceRow,
)
from voicemark.store.schema_people import BY_MACHINE, BY_MATCH, MembershipRow, PersonRow

BEGAN = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
HERE = "http://127.0.0.1:8765"
OWN = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}


class Browser:
    """Asks an application for pages; keeps cookies, follows nothing."""

    def __init__(self, app: ASGIApp, base: str = HERE, client: str = "127.0.0.1") -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 50_000))
        self._base = base
        self.cookies = httpx.Cookies()

    def get(self, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        """The answer to GET."""
        return self.ask("GET", path, headers=headers, **more)

    def post(
        self, path: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """The answer to a form of this page."""
        return self.ask("POST", path, data=data, headers=OWN if headers is None else headers, **more)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to any request."""

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self._base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(asked())


class Seen(HTMLParser):
    """What a page holds: its elements and what can be read in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All that can be read, blanks closed up."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of every such element."""
        return [has for name, has in self.elements if name == tag and wanted.items() <= has.items()]


def small_archive(path: Path) -> Database:
    """Three recordings: news in which Anna and somebody without a name speak, a film that failed, one that waits."""
    database = open_database(path)
    with database.writing() as session:
        session.add_all(VoiceRow(id=n, name=name, enrolled_at=BEGAN) for n, name in ((1, "Anna"), (2, "Bert Maria")))
        for number, title, channel, state in (
            (1, "Tagesschau", "Das Erste HD", "done"),
            (2, "Die Küste", "ZDF", "failed"),
            (3, "Lindenstraße", None, "waiting"),
        ):
            session.add(
                RecordingRow(
                    id=number,
                    path=f"/video/{number}.ts",
                    recorder="plain",
                    content=f"content-{number}",
                    title=title,
                    channel=channel,
                    started_at=None if number == 3 else BEGAN + timedelta(days=number),
                    duration_s=900.0 if number == 1 else None,
                    found_at=BEGAN,
                    scanned_at=BEGAN if number == 1 else None,
                    notes="signal lost at 5:00.0 for 3.0 s\ndamaged audio: 3 frames" if number == 1 else None,
                    files=[FileRow(position=0, path=f"/video/{number}.ts", size=1, mtime_ns=1)],
                )
            )
            session.flush()
            session.add(
                JobRow(
                    recording_id=number,
                    content=f"content-{number}",
                    model_id="m",
                    state=state,
                    priority=0,
                    error="the decoder stopped" if state == "failed" else None,
                    created_at=BEGAN,
                    updated_at=BEGAN,
                )
            )
        session.flush()
        session.add(
            ProgrammeRow(id=1, identity="1", source="eit", title="Wetter", description="Sturm über der Nordsee")
        )
        session.flush()
        session.add(RecordingProgrammeRow(recording_id=1, programme_id=1, start_s=600, end_s=900))
        session.add_all(LocalSpeakerRow(recording_id=1, number=n, seconds=30.0, embedding=b"\1") for n in (1, 2))
        for number, start_s, who in ((0, 0.0, 1), (1, 20.0, 2), (2, 610.0, 1)):
            session.add(TurnRow(recording_id=1, number=number, start_s=start_s, end_s=start_s + 10, local_speaker=who))
        session.add_all(TurnVoiceRow(recording_id=1, turn=turn, voice_id=1, score=0.81) for turn in (0, 2))
        session.add(MarkerRow(recording_id=1, voice_id=1, start_s=0.0, end_s=10.0, score=0.81))
        session.add(MarkerRow(recording_id=1, voice_id=1, start_s=610.0, end_s=620.0, score=0.81, programme_id=1))
    return database


def add_people(database: Database) -> None:
    """Two more recordings, and who speaks in all three: Anna, somebody without a name (3), a jingle, one ignored."""
    with database.writing() as session:
        for number, kind, voice in (
            (1, "person", 1),
            (2, "person", 2),
            (3, "person", None),
            (4, "sound", None),
            (5, "ignored", None),
        ):
            session.add(PersonRow(id=number, kind=kind, voice_id=voice, by=BY_MACHINE, created_at=BEGAN))
        for number, title in ((4, "Talk"), (5, "Talk")):
            session.add(
                RecordingRow(
                    id=number, path=f"/video/{number}.ts", recorder="plain", content=f"content-{number}", title=title,
                    started_at=BEGAN + timedelta(days=40 * number), duration_s=1800.0, found_at=BEGAN, scanned_at=BEGAN,
                    files=[FileRow(position=0, path=f"/video/{number}.ts", size=1, mtime_ns=1)],
                )
            )  # fmt: skip
        session.flush()
        for recording, speaker, person in ((1, 1, 1), (1, 2, 3), (4, 1, 3), (4, 2, 4), (5, 1, 3), (5, 2, 5)):
            if recording > 1:
                session.add(LocalSpeakerRow(recording_id=recording, number=speaker, seconds=900.0, embedding=b"\1"))
                for turn in range(2):
                    start_s = 900.0 * turn + 100 * speaker
                    session.add(
                        TurnRow(
                            recording_id=recording, number=2 * turn + speaker, start_s=start_s, end_s=start_s + 20,
                            local_speaker=speaker,
                        )
                    )  # fmt: skip
            placed = BY_MATCH if person < 3 else BY_MACHINE
            session.add(
                MembershipRow(recording_id=recording, number=speaker, person_id=person, placed_by=placed, score=0.7)
            )
