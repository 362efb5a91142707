"""The time of day on a recording's timeline: who is believed when they disagree, and what is told of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.eit import EitEvent
from voicemark.epg.origin import Clock, Stretch, origin_of, piece_positions
from voicemark.epg.stream_eit import Sighting, StreamEpg
from voicemark.epg.timeline import lay_out
from voicemark.recorders.local_time import aware, other_readings
from voicemark.recording import Piece, Programme, Recording

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


CRIME = Programme("Tatort", "vdr-info", start=at(15), duration_s=5400.0, event_id=102)
FILM = replace(CRIME, duration_s=3 * 3600.0)
"""Three hours."""


def named(minute: float = 10, programme: Programme | None = CRIME, **more: object) -> Recording:
    programmes = (programme,) if programme else ()
    return Recording(Path("x"), "vdr", (Path("x"),), at(minute), programmes=programmes, **more)  # type: ignore[arg-type]


def exact(minute: float = 10, **more: object) -> Recording:
    return replace(named(minute, **more), start_error_s=5.0)  # type: ignore[arg-type]


def begun(
    recording: Recording, stream: StreamEpg | None = None, minutes: float = 105, written_at: datetime | None = None
) -> float:
    clock = origin_of(recording, stream or StreamEpg(), minutes * 60, written_at).clock
    assert clock is not None
    return (clock.started_at - START).total_seconds() / 60


def test_the_broadcasters_clock_tells_the_second() -> None:
    told = StreamEpg(started_at=at(10))
    assert begun(named(13), told) == begun(exact(12), told) == 10
    assert origin_of(named(13), told, 6300).notes == ()


@pytest.mark.parametrize("off", [HOUR, -2 * HOUR, timedelta(days=-365), timedelta(days=-20_0 * 5)])
def test_a_stream_clock_that_is_far_off_loses_against_the_recorders_second(off: timedelta) -> None:
    stream = StreamEpg(started_at=at(10) + off)
    for made in (exact(10), exact(10, programme=None), named(10)):
        assert begun(made, stream) == 10
        (note,) = origin_of(made, stream, 6300).notes
        assert "the stream's clock says" in note and f"{at(10):%H:%M:%S}" in note and f"{at(10) + off:%Y-%m-%d}" in note


def test_a_whole_stream_from_another_day_loses_too() -> None:
    day = timedelta(days=3)
    events = (EitEvent(7, at(15) - day, 5400.0, title="Krimi"),)
    stream = StreamEpg(started_at=at(10) - day, events=events, sightings=(Sighting(600.0, 7), Sighting(900.0, 7)))
    assert begun(exact(10), stream) == begun(exact(10, programme=None), stream) == begun(named(10), stream) == 10


def test_a_recorder_without_a_clock_loses_against_the_stream_and_the_programme() -> None:
    box = replace(exact(), started_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert begun(box, StreamEpg(started_at=at(10)), written_at=datetime(2020, 1, 1, 1, 45, tzinfo=UTC)) == 10


@pytest.mark.parametrize("hours", [-11, -1, 1, 2, 5.5, 9])
def test_a_recorder_in_another_time_zone_is_seen_through(hours: float) -> None:
    assert begun(named(10 + 60 * hours)) == 10


@pytest.mark.parametrize("hours", [-2, -1, 1, 2])
def test_three_hours_in_another_time_zone(hours: float) -> None:
    assert begun(named(10 + 60 * hours, FILM), minutes=195) == 10
    assert begun(named(10, FILM), minutes=195) == 10


def test_the_second_hour_of_the_night_that_ends_summer_time() -> None:
    first = aware(2024, 10, 27, 2, 10, zone="Europe/Berlin")
    assert first == datetime(2024, 10, 27, 0, 10, tzinfo=UTC)
    others = other_readings(first, "Europe/Berlin")
    assert others == (datetime(2024, 10, 27, 1, 10, tzinfo=UTC),)
    second = others[0]
    night = Recording(Path("x"), "vdr", (Path("x"),), first, other_starts=others)
    for begins in (first, second):
        film = Programme("Film", "vdr-info", start=begins + timedelta(minutes=5), duration_s=3 * 3600.0)
        clock = origin_of(replace(night, programmes=(film,)), StreamEpg(), 195 * 60).clock
        assert clock is not None and clock.started_at == begins
    found = origin_of(night, StreamEpg(), 3600, second + HOUR).clock
    assert found is not None and found.started_at == second, "the files tell which hour it was"
    assert other_readings(aware(2024, 7, 1, 2, 10, zone="Europe/Berlin"), "Europe/Berlin") == ()


def test_without_a_configured_zone_a_name_may_be_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert other_readings(aware(2024, 7, 1, 20, 15)) == (datetime(2024, 7, 1, 20, 15, tzinfo=UTC),)
        assert other_readings(aware(2024, 10, 27, 2, 15)) == (
            datetime(2024, 10, 27, 1, 15, tzinfo=UTC),
            datetime(2024, 10, 27, 2, 15, tzinfo=UTC),
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert other_readings(None) == ()


def test_files_written_before_the_recording_could_have_ended_tell_the_zone() -> None:
    late = named(70, programme=None, other_starts=(at(10),))
    assert begun(late) == 70
    assert begun(late, written_at=at(10 + 105)) == 10
    assert begun(late, written_at=at(5000)) == 70, "copied since"


def test_an_instant_recording_begins_within_its_programme() -> None:
    assert begun(named(45), minutes=70) == 45
    assert begun(named(70), minutes=180) == 70  # VDR's three hours


def test_an_edited_recording_and_one_known_by_the_day_have_no_clock() -> None:
    assert origin_of(named(edited=True), StreamEpg(started_at=at(0)), 6300).clock is None
    assert origin_of(replace(named(), start_error_s=86400.0), StreamEpg(), 6300).clock is None


def interrupted() -> Recording:
    """From 20:00 to 20:20, and from 20:50 on for half an hour."""
    pieces = (Piece(0, at(0), 1200.0), Piece(1, at(50), 1800.0))
    files = (Path("a.ts"), Path("a-1.ts"))
    return Recording(Path("a.ts"), "tvheadend", files, at(0), 5.0, pieces=pieces)


def test_the_gap_of_an_interrupted_recording_is_no_time_in_it() -> None:
    guide = [
        Programme("News", "xmltv", start=at(0), duration_s=900.0),
        Programme("Quiz", "xmltv", start=at(15), duration_s=900.0),
        Programme("Lost", "xmltv", start=at(30), duration_s=900.0),
        Programme("Talk", "xmltv", start=at(45), duration_s=3600.0),
    ]
    spans = lay_out(interrupted(), 50 * 60, [guide])
    assert [(span.programme.title, span.start_s / 60, span.end_s / 60) for span in spans] == [
        ("News", 0, 15), ("Quiz", 15, 20), ("Talk", 20, 50),
    ]  # fmt: skip


def test_pieces_stand_where_what_there_is_to_hear_puts_them() -> None:
    made = interrupted()
    assert piece_positions(made, 3000.0) == (0.0, 1200.0)
    assert piece_positions(made, 1500.0) == (0.0, 600.0)
    open_end = replace(made, pieces=(made.pieces[0], replace(made.pieces[1], length_s=None)))
    assert piece_positions(open_end, 3000.0) == (0.0, 1200.0)
    unknown = replace(made, pieces=(replace(made.pieces[0], length_s=None), made.pieces[1]))
    assert piece_positions(unknown, 3000.0) == ()


def test_the_streams_jumps_are_gaps_where_the_recorder_tells_of_none() -> None:
    made = replace(exact(0, programme=None), other_starts=())
    clock = origin_of(made, StreamEpg(started_at=at(0), jumps=((1200.0, at(50)),)), 3000).clock
    assert clock == Clock((Stretch(0.0, at(0)), Stretch(1200.0, at(50))))
    assert clock.position(at(30)) == 1200.0 and clock.position(at(60)) == 1800.0 and clock.position(at(-1)) == -60.0


times = st.floats(-3000, 3000).map(at)


@given(
    times, times | st.none(), times | st.none(), st.floats(1, 20_000), st.sampled_from([5.0, 60.0]),
    st.lists(times, max_size=2),
)  # fmt: skip
def test_whatever_the_witnesses_say_one_of_them_is_believed(
    start: datetime,
    stream: datetime | None,
    written_at: datetime | None,
    duration_s: float,
    error_s: float,
    others: list[datetime],
) -> None:
    made = Recording(Path("x"), "vdr", (Path("x"),), start, error_s, tuple(others), programmes=(CRIME,))
    clock = origin_of(made, StreamEpg(started_at=stream), duration_s, written_at).clock
    assert clock is not None
    half_hours = (clock.started_at - start).total_seconds() / 1800
    assert clock.started_at in (start, stream, *others) or half_hours == pytest.approx(round(half_hours))
