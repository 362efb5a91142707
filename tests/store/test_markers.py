"""Markers of a recording: replaced together where they differ, linked to what was on air."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from voicemark.result import Marker
from voicemark.store.connections import plain
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingProgrammeRow, RecordingRow, VoiceRow

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db")
    yield opened
    opened.close()


@pytest.fixture
def recording(database: Database) -> int:
    """A recording with a trailer before, two programmes that overlap by a minute, and a gap after them."""
    with database.writing() as session:
        row = RecordingRow(path="/video/a.rec", recorder="vdr", content="c", title="Evening", found_at=NOW)
        session.add(row)
        for identity, start_s, end_s in (("news", 120.0, 1020.0), ("film", 960.0, 5000.0)):
            programme = ProgrammeRow(identity=identity, source="vdr-info", title=identity)
            session.add(programme)
            session.flush()
            session.add(
                RecordingProgrammeRow(recording_id=row.id, programme_id=programme.id, start_s=start_s, end_s=end_s)
            )
        return row.id


def titles(database: Database) -> list[tuple[float, str | None]]:
    with database.reading() as session:
        rows = session.execute(
            select(MarkerRow.start_s, ProgrammeRow.title).outerjoin(MarkerRow.programme).order_by(MarkerRow.start_s)
        )
        return [(start_s, title) for start_s, title in rows]


def test_markers_belong_to_the_programme_on_air_where_they_start(database: Database, recording: int) -> None:
    markers = [Marker("anna", at, at + 30, 0.8) for at in (5.0, 120.0, 1000.0, 1010.0, 4999.0, 5000.0)]
    with database.writing() as session:
        write_markers(session, recording, markers, "key", voice_ids(session, ["anna"]))
    assert titles(database) == [
        (5.0, None), (120.0, "news"), (1000.0, "film"), (1010.0, "film"), (4999.0, "film"), (5000.0, None),
    ]  # fmt: skip


def test_new_markers_replace_the_old_and_say_what_they_were_matched_with(database: Database, recording: int) -> None:
    for key, names in (("first", ["anna", "bert"]), ("second", ["bert"])):
        with database.writing() as session:
            markers = [Marker(name, 200.0, 210.0, 0.7) for name in names]
            write_markers(session, recording, markers, key, voice_ids(session, names))
    with database.reading() as session:
        assert session.scalars(select(VoiceRow.name).join(MarkerRow, MarkerRow.voice_id == VoiceRow.id)).all() == [
            "bert"
        ]
        assert session.scalars(select(RecordingRow.match_key)).all() == ["second"]


def test_a_recording_in_which_nobody_is_heard_counts_as_matched(database: Database, recording: int) -> None:
    with database.writing() as session:
        write_markers(session, recording, [], "key", {})
    assert titles(database) == []
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.match_key)).all() == ["key"]


def test_a_voice_keeps_its_id(database: Database) -> None:
    with database.writing() as session:
        first = voice_ids(session, ["anna"])
    with database.writing() as session:
        both = voice_ids(session, ["bert", "anna"])
    assert both["anna"] == first["anna"] != both["bert"]


Rows = dict[int, tuple[str, float, float, float]]
SPANS = st.lists(
    st.tuples(st.sampled_from(["anna", "bert"]), st.integers(0, 4), st.integers(1, 3), st.sampled_from([0.6, 0.7])),
    max_size=5,
)


def rows(database: Database) -> Rows:
    """Every marker by its number: voice, start, end, score."""
    query = "SELECT m.id, v.name, m.start_s, m.end_s, m.score FROM markers m JOIN voices v ON v.id = m.voice_id"
    with database.reading() as session:
        return {row[0]: tuple(row[1:]) for row in session.execute(text(query))}


def match(database: Database, recording: int, spans: list[tuple[str, int, int, float]]) -> Rows:
    markers = [Marker(voice, float(at), float(at + length), score) for voice, at, length, score in spans]
    with database.writing() as session:
        write_markers(session, recording, markers, "key", voice_ids(session, ["anna", "bert"]))
    return rows(database)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matches=st.lists(SPANS, min_size=2, max_size=4))
def test_a_marker_that_stays_keeps_its_number_and_none_is_used_again(
    database: Database, recording: int, matches: list[list[tuple[str, int, int, float]]]
) -> None:
    before = rows(database)
    used = dict(before)
    for spans in matches:
        after = match(database, recording, spans)
        assert sorted(after.values()) == sorted((v, float(a), float(a + n), s) for v, a, n, s in spans)
        for number in set(used) & set(after):
            assert number in before and used[number][:3] == after[number][:3]
        for place in {row[:3] for row in before.values()}:
            had, has = ({n for n, row in one.items() if row[:3] == place} for one in (before, after))
            assert had <= has or has <= had
        before, used = after, used | after


def test_a_marker_that_stays_is_written_only_where_it_differs(database: Database, recording: int) -> None:
    spans = [("anna", 0, 3, 0.6), ("bert", 1, 3, 0.7)]
    match(database, recording, spans)
    told: list[str] = []
    for now in (spans, [spans[0], ("bert", 1, 3, 0.6)]):
        told.clear()
        with database.writing() as session:
            plain(session).set_trace_callback(told.append)
        match(database, recording, now)
        with database.writing() as session:
            plain(session).set_trace_callback(None)
        written = [one for one in told if "markers" in one.split("(")[0] and not one.lstrip().startswith("SELECT")]
        assert len(written) == (0 if now is spans else 1), written


def test_the_numbers_of_a_forgotten_voice_are_not_used_again(database: Database, recording: int) -> None:
    before = match(database, recording, [("anna", 0, 3, 0.6), ("bert", 1, 3, 0.7)])
    with database.writing() as session:
        session.execute(text("DELETE FROM voices WHERE name = 'bert'"))
    assert not set(before) & (set(match(database, recording, [("bert", 1, 3, 0.7)])))
