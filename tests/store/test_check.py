"""The daily check finds damage and says so; the library's known bug is known by its version."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voicemark.store.check import SOUND, check, has_reset_bug, is_due, last_check
from voicemark.store.database import open_database
from voicemark.store.schema import AboutRow


def test_a_sound_database_is_said_to_be_and_asked_again_after_a_day(tmp_path: Path) -> None:
    database = open_database(tmp_path / "v.db")
    with database.reading() as session:
        assert last_check(session) is None and is_due(session, datetime.now(UTC))
    made = check(database)
    assert made.result == SOUND
    with database.reading() as session:
        assert last_check(session) == made
        due = [is_due(session, made.at + timedelta(hours=hours)) for hours in (0, 23, 25, -48)]
    assert due == [False, False, True, True]
    database.close()


def test_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    database = open_database(path)
    with database.writing() as session:
        session.add_all(AboutRow(key=f"key {number}", value="v" * 500) for number in range(200))
    database.close()
    data = bytearray(path.read_bytes())
    page = data.rindex(b"key 150") // 4096 * 4096
    data[page : page + 100] = b"\xff" * 100
    path.write_bytes(data)
    database = open_database(path)
    assert check(database).result != SOUND
    database.close()


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)  # fmt: skip
def test_which_versions_can_lose_a_commit(version: tuple[int, ...], affected: bool) -> None:
    assert has_reset_bug(version) is affected
