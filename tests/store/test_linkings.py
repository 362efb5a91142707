"""What is kept of the last linking can be read again, and nothing that stands there stops anybody."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.store.database import open_database
from voicemark.store.linkings import Linking, keep_linking, last_linking
from voicemark.store.schema import AboutRow

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_what_was_kept_is_read_and_only_linking_anew_changes_when_that_was(tmp_path: Path) -> None:
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        assert last_linking(session) == Linking()
        keep_linking(session, "a", NOW, 3)
        assert last_linking(session) == Linking("a", NOW, 0, 3)
        keep_linking(session, "b", None, 4)
        assert last_linking(session) == Linking("b", NOW, 0, 3)
    database.close()


@pytest.mark.parametrize("value", ["", "[]", "{}", '{"said": 1, "anew_at": "x", "recordings": 1, "rules": 1}', "null"])
def test_what_cannot_be_read_counts_as_never(tmp_path: Path, value: str) -> None:
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        session.add(AboutRow(key="linking", value=value))
        session.flush()
        assert last_linking(session) == Linking()
    database.close()
