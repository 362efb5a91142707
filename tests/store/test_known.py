"""What is known of a recording that was heard: its metadata change, its markers stay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from voicemark.recording import Programme, ProgrammeSpan, Recording
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.findings import Finding
from voicemark.store.inventory import Inventory
from voicemark.store.known import same_content, told_otherwise, write_metadata
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.paths import path_to_text
from voicemark.store.programmes import lay_programmes
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow

NOW = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
FILM = Programme("Film", "nfo", channel="ARD", season=1)


def recording(path: Path, *programmes: Programme, started_at: datetime | None = NOW) -> Recording:
    return Recording(path, "plain", (path,), started_at, programmes=programmes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "film.ts"
    made.write_bytes(b"film")
    return made


@pytest.fixture
def database(tmp_path: Path, path: Path) -> Iterator[Database]:
    """In which one recording was heard, with a marker in its film."""
    made = open_database(tmp_path / "v.db")
    with made.writing() as session:
        row = RecordingRow(
            path=path_to_text(path), recorder="plain", content="c", title="Film", channel="ARD", started_at=NOW,
            found_at=NOW, scanned_at=NOW, duration_s=900.0, model_id="m",
        )  # fmt: skip
        session.add(row)
        session.flush()
        lay_programmes(session, row, [ProgrammeSpan(FILM, 0.0, 900.0)])
        write_markers(session, row.id, [Marker("Anna", 700.0, 710.0, 0.9)], "k", voice_ids(session, ["Anna"]))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("told", "otherwise"),
    [
        (FILM, False),
        (Programme("Film", "nfo", channel="ARD"), False),
        (Programme("Der Film", "nfo", channel="ARD"), True),
        (Programme("Film", "nfo", subtitle="Teil 2", channel="ARD"), True),
        (Programme("Film", "nfo", channel="ARD", season=2), True),
        (Programme("Film", "nfo", channel="ARD", description="Text"), True),
        (Programme("Film", "name", channel="ARD"), False),
        (None, False),
    ],
)
def test_metadata_that_say_something_else_are_seen(
    database: Database, path: Path, told: Programme | None, otherwise: bool
) -> None:
    with database.reading() as session:
        found = told_otherwise(session, recording(path, *([told] if told else [])))
        assert found == (900.0 if otherwise else None)
        assert told_otherwise(session, recording(path.with_name("other.ts"), FILM)) is None


def test_markers_stay_and_belong_to_what_was_on_air(database: Database, path: Path) -> None:
    talk = Programme("Talk", "xmltv")
    better = Programme("Der Film", "nfo", channel="ARD")
    spans = [ProgrammeSpan(better, 0.0, 600.0), ProgrammeSpan(talk, 600.0, 900.0)]
    later = NOW + timedelta(minutes=5)
    with database.writing() as session:
        write_metadata(session, recording(path, better), spans, later)
    with database.reading() as session:
        row = session.scalars(select(RecordingRow)).one()
        assert (row.title, row.channel, row.started_at) == ("Der Film", "ARD", later)
        titles = session.scalars(select(ProgrammeRow.title).join(MarkerRow, MarkerRow.programme_id == ProgrammeRow.id))
        assert titles.all() == ["Talk"]
        assert told_otherwise(session, recording(path, better)) is None


def test_a_recording_that_is_found_again_keeps_what_guides_told_and_when_it_began(
    database: Database, path: Path
) -> None:
    Inventory(database).found([Finding(recording(path, started_at=NOW + timedelta(hours=1)), "c")], "m")
    with database.reading() as session:
        row = session.scalars(select(RecordingRow)).one()
        assert (row.title, row.channel, row.started_at) == ("Film", "ARD", NOW)
    Inventory(database).found([Finding(recording(path, Programme("Der Film", "name")), "c")], "m")
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.title)).one() == "Der Film"


def test_without_embeddings_nothing_can_be_taken_over(database: Database, path: Path) -> None:
    with database.reading() as session:
        assert same_content(session, recording(path.with_name("copy.ts")), "c", "m") is None
