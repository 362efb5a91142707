"""Exports follow their recordings: written when heard, written anew when matched anew, gone when they are gone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.config import ExportSection
from voicemark.export.after import export_heard, remove_exports
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.schema import FileRow, RecordingRow

NOW = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        for number, heard in enumerate((True, True, False)):
            row = RecordingRow(path=f"/tv/{number}.ts", recorder="plain", content=f"c{number}", title=str(number),
                               found_at=NOW, scanned_at=NOW if heard else None)  # fmt: skip
            row.files = [FileRow(position=0, path=f"/tv/{number}.ts", size=5, mtime_ns=1)]
            session.add(row)
            session.flush()
            if heard:
                write_markers(session, row.id, [Marker("Anna", 5.0, 9.0, 0.9)], "k", voice_ids(session, ["Anna"]))
    yield opened
    opened.close()


def test_all_that_was_heard_is_exported_and_what_is_not_asked_for_is_not(database: Database, tmp_path: Path) -> None:
    assert export_heard(database, None, ExportSection(folder=tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()
    settings = ExportSection(folder=tmp_path / "exports", formats=("edl", "csv"))
    assert export_heard(database, None, settings) == []
    assert sorted(file.name for file in (settings.folder / "tv").iterdir()) == [
        "0.ts.csv", "0.ts.edl", "1.ts.csv", "1.ts.edl",
    ]  # fmt: skip


def test_a_recording_that_fails_does_not_keep_the_others(database: Database, tmp_path: Path) -> None:
    settings = ExportSection(folder=tmp_path / "exports", formats=("edl",))
    [failure] = export_heard(database, [Path("/tv/2.ts"), Path("/tv/1.ts")], settings)
    assert failure.path == Path("/tv/2.ts") and "not been heard" in str(failure) and not failure.again
    assert (settings.folder / "tv" / "1.ts.edl").exists()


def test_new_markers_are_written_over_old_ones(database: Database, tmp_path: Path) -> None:
    settings = ExportSection(folder=tmp_path / "exports", formats=("edl",))
    export_heard(database, None, settings)
    with database.writing() as session:
        write_markers(session, 1, [Marker("Ben", 5.0, 9.0, 0.9)], "k2", voice_ids(session, ["Ben"]))
        write_markers(session, 2, [], "k2", {})
    assert export_heard(database, None, settings) == []
    assert "Ben" in (settings.folder / "tv" / "0.ts.edl").read_text()
    assert not (settings.folder / "tv" / "1.ts.edl").exists()


def test_exports_of_a_recording_that_is_gone_go_unless_their_owner_changed_them(
    database: Database, tmp_path: Path
) -> None:
    settings = ExportSection(folder=tmp_path / "exports", formats=("edl", "csv"))
    assert remove_exports([Path("/tv/0.ts")], settings) == []
    export_heard(database, None, settings)
    edl = settings.folder / "tv" / "0.ts.edl"
    edl.write_text(edl.read_text() + "## mine\n")
    assert remove_exports([Path("/tv/0.ts")], settings) == []
    assert sorted(file.name for file in edl.parent.iterdir()) == ["0.ts.edl", "1.ts.csv", "1.ts.edl"]
