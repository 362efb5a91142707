"""Exports follow a recording that moves: a real folder, job table and export folder, and a clock moved by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from support.service import Home, serving

from voicemark.config import ExportSection, WatchSection
from voicemark.recorders import recorder_for
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.schema import RecordingRow
from voicemarkd.exports import FIRST_PAUSE_S, Exports
from voicemarkd.watch import Clocks, WatchedFolder

MODEL = "encoder-a"
LONG_S = 1000.0
"""Everything has settled, and every folder was looked at."""


class World:
    """A watched folder with plain files, what the service makes of it, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.video, self.settings = folder / "video", ExportSection(folder=folder / "export", formats=("edl", "json"))
        self.video.mkdir()
        self.now = LONG_S
        self.database: Database = open_database(folder / "voicemark.db")
        self.jobs = Jobs(self.database)
        self.start()

    def start(self) -> None:
        """The service's parts as after a start; nothing in memory is left of before."""
        section = WatchSection.model_validate({"path": self.video, "mode": "poll", "settle_s": 1.0, "poll_s": 10})
        clocks = Clocks(monotonic=lambda: self.now)
        self.exports = Exports(self.database, monotonic=clocks.monotonic)
        self.folder = WatchedFolder(
            section,
            recorder_for(section),
            Inventory(self.database),
            MODEL,
            rescan_s=60.0,
            clocks=clocks,
            moved=self.exports.owe,
        )

    def find(self) -> None:
        """The service looks at its folder until nothing is new."""
        for _ in range(3):
            self.now += LONG_S
            self.folder.tick()

    def look(self) -> None:
        """And then at what it owes."""
        self.find()
        self.exports.try_again(self.settings)

    def hear(self, name: str, content: str, speaker: str = "Anna") -> Path:
        """A new recording is found, heard and exported."""
        path = self.video / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        self.look()
        claim = self.jobs.claim(MODEL, path)
        assert claim is not None
        with self.database.writing() as session:
            row = session.scalars(select(RecordingRow).where(RecordingRow.path == str(path))).one()
            row.scanned_at = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)
            write_markers(session, row.id, [Marker(speaker, 5.0, 9.0, 0.9)], "k", voice_ids(session, [speaker]))
            self.jobs.finish(session, claim)
        self.exports.write([path], self.settings)
        return path

    def exported(self) -> list[str]:
        where = self.video if self.settings.in_place else self.settings.folder / self.video.relative_to("/")
        return sorted(str(file.relative_to(where)) for file in where.rglob("*") if file.suffix in {".edl", ".json"})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.folder.stop()
    made.database.close()


def test_the_files_of_a_moved_recording_are_at_its_new_place_and_at_no_other(world: World) -> None:
    world.hear("films/a.ts", "first")
    world.hear("films/b.ts", "second")
    assert world.exported() == ["films/a.ts.edl", "films/a.ts.json", "films/b.ts.edl", "films/b.ts.json"]
    (world.video / "films").rename(world.video / "crime")
    (world.video / "crime/b.ts").rename(world.video / "c.ts")
    world.look()
    assert world.exported() == ["c.ts.edl", "c.ts.json", "crime/a.ts.edl", "crime/a.ts.json"]
    assert world.exports.owed == ()


@pytest.mark.timeout(600)
def test_the_service_sees_to_it(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources, service='[export]\nformats = ["edl"]\nfolder = "export"')
    recording = home.record("a.ts")
    with serving(home) as daemon:
        daemon.wait(lambda: [file.name for file in tmp_path.rglob("*.edl")] == ["a.ts.edl"], "the export")
        recording.rename(home.video / "b.ts")
        daemon.wait(lambda: [file.name for file in tmp_path.rglob("*.edl")] == ["b.ts.edl"], "its move")
        assert daemon.terminate() == 0


def test_in_place_too(world: World) -> None:
    world.settings = world.settings.model_copy(update={"in_place": True})
    old = world.hear("a.ts", "first")
    assert world.exported() == ["a.edl", "a.voicemark.json"]
    old.rename(world.video / "b.ts")
    world.look()
    assert world.exported() == ["b.edl", "b.voicemark.json"]


def test_a_file_that_its_owner_has_edited_stays_where_it_is(world: World) -> None:
    old = world.hear("a.ts", "first")
    [edl] = world.settings.folder.rglob("a.ts.edl")
    edl.write_text(edl.read_text() + "9 12 3\n")
    old.rename(world.video / "b.ts")
    world.look()
    assert world.exported() == ["a.ts.edl", "b.ts.edl", "b.ts.json"]
    assert edl.read_text().endswith("9 12 3\n")


def test_a_copy_keeps_its_own_files(world: World) -> None:
    world.hear("a.ts", "the same")
    kept = world.hear("copy.ts", "the same")
    (world.video / "a.ts").rename(world.video / "b.ts")
    world.look()
    assert world.exported() == ["b.ts.edl", "b.ts.json", "copy.ts.edl", "copy.ts.json"]
    away = kept.rename(world.video.with_name("copy.ts"))  # As on a disk that is not mounted.
    world.exports.write(None, world.settings)
    assert "copy.ts.edl" in world.exported()
    away.rename(kept)


def test_another_recording_at_the_old_place_keeps_its_files(world: World) -> None:
    world.hear("a.ts", "first").rename(world.video / "b.ts")
    world.find()
    world.hear("a.ts", "second", speaker="Ben")
    world.exports.write(None, world.settings)
    assert world.exported() == ["a.ts.edl", "a.ts.json", "b.ts.edl", "b.ts.json"]
    [edl] = world.settings.folder.rglob("a.ts.edl")
    assert "Ben" in edl.read_text()


def test_what_was_left_behind_by_a_service_that_was_killed_goes_at_the_next_start(world: World) -> None:
    world.hear("a.ts", "first").rename(world.video / "b.ts")
    world.find()
    world.start()
    world.exports.write(None, world.settings)
    assert world.exported() == ["b.ts.edl", "b.ts.json"]


def test_what_cannot_be_taken_away_yet_is_tried_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.hear("films/a.ts", "first").rename(world.video / "b.ts")
    [edl] = world.settings.folder.rglob("a.ts.edl")
    text = edl.read_bytes()
    edl.unlink()
    edl.symlink_to("/dev/null")
    world.look()
    assert world.exports.owed == (world.video / "b.ts",) and str(edl) in caplog.text
    edl.unlink()
    edl.write_bytes(text)
    world.now += FIRST_PAUSE_S
    world.exports.try_again(world.settings)
    assert world.exported() == ["b.ts.edl", "b.ts.json"] and not world.exports.owed


def test_a_recording_that_moves_before_it_was_heard_is_nothing_to_complain_about(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    old = world.video / "a.ts"
    old.write_text("first")
    world.look()
    old.rename(world.video / "b.ts")
    world.look()
    assert world.exported() == [] and not world.exports.owed and caplog.records == []
