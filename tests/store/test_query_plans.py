"""What asks for a voice, a recording or a moment is looked up in an index, however many markers there are."""

import re
import sqlite3
from pathlib import Path

import pytest

from voicemark.store.database import open_database

DOCUMENT = (Path(__file__).parents[2] / "docs" / "database.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"\n\n([^\n]+)\n\n```sql\n(.*?)```", DOCUMENT, re.DOTALL))
WHOLE = {"The programme, its genre and its guessed type for every marker:"}
"""What tells all markers looks through them once."""
OF_ONE = {
    "a recording's markers": "SELECT * FROM voice_markers WHERE recording = '/v/1.ts' ORDER BY start_s",
    "those of some minutes": "SELECT * FROM voice_markers WHERE recording = '/v/1.ts' AND start_s BETWEEN 60 AND 180",
    "a recording's turns": "SELECT * FROM speaker_turns WHERE recording = '/v/1.ts'",
    "who is in a recording": "SELECT * FROM programmes_by_voice WHERE recording = '/v/1.ts'",
    "what a voice is in": "SELECT * FROM programmes_by_voice WHERE speaker = 'newsreader'",
    "how a recording stands": "SELECT * FROM recording_list WHERE recording = '/v/1.ts'",
    "a conversation": "SELECT a.at_min FROM voice_markers a JOIN voice_markers b ON b.recording = a.recording"
    " AND b.speaker <> a.speaker AND b.start_s BETWEEN a.end_s AND a.end_s + 10 WHERE a.recording = '/v/1.ts'",
}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A database that was never analysed: an owner's is not either."""
    path: Path = tmp_path_factory.mktemp("plans") / "v.db"
    open_database(path).close()
    return sqlite3.connect(path)


def plan(connection: sqlite3.Connection, query: str) -> list[str]:
    return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]


def scanned(steps: list[str]) -> list[str]:
    """Markers, turns, their names and speakers that are gone through from the first to the last."""
    return [step for step in steps if re.match(r"SCAN (m|t|n|l|markers|turns|turn_voices|local_speakers)\b", step)]


def test_of_the_documented_questions_only_those_to_all_markers_go_through_them_all(
    connection: sqlite3.Connection,
) -> None:
    assert {name for name, query in QUERIES.items() if scanned(plan(connection, query))} == WHOLE
    assert len(QUERIES) > 12


@pytest.mark.parametrize("name", OF_ONE)
def test_what_is_asked_of_one_recording_or_voice_reads_its_own_rows_alone(
    connection: sqlite3.Connection, name: str
) -> None:
    steps = plan(connection, OF_ONE[name])
    assert not scanned(steps) and "SCAN r" not in steps, steps


def test_a_conversation_is_looked_up_by_voice_recording_and_moment(connection: sqlite3.Connection) -> None:
    [query] = [query for name, query in QUERIES.items() if "as in a conversation" in name]
    assert any(
        "ix_markers_voice_recording_start (voice_id=? AND recording_id=? AND start_s>? AND start_s<?)" in step
        for step in plan(connection, query)
    )


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("Doubtful markers, to listen to:", "SCAN s USING COVERING INDEX ix_voice_sums_least_score"),
        ("How long does each voice speak, in all recordings?", "SEARCH s USING PRIMARY KEY (voice_id=?)"),
        ("Who speaks longest without a name, and where to listen to them first?",
         "SCAN s USING COVERING INDEX ix_local_speakers_seconds"),
        ("Markers of the last seven days:", "SEARCH r USING COVERING INDEX ix_recordings_started_path (started_at>?)"),
    ],
)  # fmt: skip
def test_a_question_to_the_whole_archive_goes_through_sums_or_an_index_in_order(
    connection: sqlite3.Connection, name: str, step: str
) -> None:
    assert step in plan(connection, QUERIES[name])
