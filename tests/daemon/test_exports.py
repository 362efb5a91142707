"""Exports that cannot be written are owed, on a clock that stands still until it is moved."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.config import ExportSection
from voicemark.store.database import Database, open_database
from voicemark.store.schema import RecordingRow
from voicemarkd.exports import FIRST_PAUSE_S, LONGEST_PAUSE_S, Exports

NOW = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)
FIRST, SECOND, UNHEARD = Path("/tv/first.ts"), Path("/tv/second.ts"), Path("/tv/unheard.ts")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db")
    with opened.writing() as session:
        for path in (FIRST, SECOND, UNHEARD):
            heard_at = None if path is UNHEARD else NOW
            session.add(RecordingRow(path=str(path), recorder="plain", content=path.name, title=path.stem,
                                     found_at=NOW, scanned_at=heard_at))  # fmt: skip
    yield opened
    opened.close()


class World:
    """An export folder that can be put out of reach, and a clock."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.settings = ExportSection(folder=folder / "export", formats=("json",))
        self.now = 0.0
        self.tried: list[float] = []
        self.exports = Exports(database, advanced=lambda: self.tried.append(self.now), monotonic=lambda: self.now)

    def break_folder(self) -> None:
        self.settings.folder.write_text("a file where the folder should be")

    def mend_folder(self) -> None:
        self.settings.folder.unlink()

    def written(self) -> list[str]:
        return sorted(file.name for file in self.settings.folder.rglob("*.json"))


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return World(tmp_path, database)


def test_what_failed_is_tried_again_with_growing_pauses_until_it_is_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.break_folder()
    world.exports.write([FIRST], world.settings)
    for _ in range(4 * int(LONGEST_PAUSE_S)):
        world.now += 1
        world.exports.try_again(world.settings)
    pauses = [later - earlier for earlier, later in zip(world.tried[1:], world.tried[2:], strict=False)]
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE_S
    assert caplog.text.count("not exported; tried again later") == 1, "said once"
    world.mend_folder()
    world.now += LONGEST_PAUSE_S
    world.exports.try_again(world.settings)
    assert world.written() == ["first.ts.json"] and world.exports.owed == ()
    assert "exported after all" in caplog.text


def test_a_success_makes_the_others_due_at_once(world: World) -> None:
    world.break_folder()
    world.exports.write([FIRST], world.settings)
    for _ in range(5):
        world.now += LONGEST_PAUSE_S
        world.exports.try_again(world.settings)
    world.mend_folder()
    world.exports.write([SECOND], world.settings)
    world.exports.try_again(world.settings)
    assert world.written() == ["first.ts.json", "second.ts.json"]


def test_what_has_no_results_is_not_owed(world: World) -> None:
    world.exports.write([UNHEARD, Path("/tv/unknown.ts")], world.settings)
    assert not world.exports.owed


def test_all_that_was_heard_is_owed_and_what_is_left_when_the_service_ends(world: World, database: Database) -> None:
    class EndError(Exception):
        pass

    def end_before_the_second() -> None:
        if world.written():
            raise EndError

    exports = Exports(database, advanced=end_before_the_second)
    with pytest.raises(EndError):
        exports.write(None, world.settings)
    assert world.written() == ["first.ts.json"] and exports.owed == (SECOND,)


def test_nothing_is_owed_when_no_format_is_asked_for_any_more(world: World) -> None:
    world.break_folder()
    world.exports.write([FIRST], world.settings)
    assert world.exports.owed == (FIRST,)
    world.exports.write(None, world.settings.model_copy(update={"formats": ()}))
    assert not world.exports.owed
