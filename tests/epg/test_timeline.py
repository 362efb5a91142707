"""Programmes on a recording's timeline: margins, several programmes, sources that agree or not, edited recordings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.eit import EitEvent
from voicemark.epg.stream_eit import Sighting, StreamEpg
from voicemark.epg.timeline import lay_out, on_air
from voicemark.recording import Programme, ProgrammeSpan, Recording

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def programme(
    title: str, minute: float | None, minutes: float | None, source: str = "xmltv", **more: object
) -> Programme:
    start = None if minute is None else at(minute)
    return Programme(title, source, start=start, duration_s=None if minutes is None else minutes * 60, **more)  # type: ignore[arg-type]


def recording(*programmes: Programme, minute: float | None = 10, **more: object) -> Recording:
    """Made from 19:10 on."""
    started_at = None if minute is None else at(minute)
    return Recording(Path("x.ts"), "vdr", (Path("x.ts"),), started_at, programmes=programmes, **more)  # type: ignore[arg-type]


def told(spans: tuple[ProgrammeSpan, ...]) -> list[tuple[str, float, float]]:
    return [(span.programme.title, span.start_s / 60, span.end_s / 60) for span in spans]


CRIME = programme("Tatort", 15, 90, "vdr-info", event_id=102)
GUIDE = (
    programme("Tagesschau", 0, 15),
    programme("Tatort: Borowski", 15, 90, description="Ein Fall."),
    programme("Talk", 105, 60),
)


def test_margins_are_before_and_behind_the_programme() -> None:
    spans = lay_out(recording(CRIME), 105 * 60)
    assert told(spans) == [("Tatort", 5, 95)]
    assert on_air(spans, 4 * 60) is None
    assert on_air(spans, 5 * 60) == on_air(spans, 94 * 60) == spans[0]
    assert on_air(spans, 96 * 60) is None


def test_a_guide_tells_what_was_in_the_margins_and_adds_what_lacks() -> None:
    spans = lay_out(recording(CRIME), 105 * 60, (GUIDE,))
    assert told(spans) == [("Tagesschau", 0, 5), ("Tatort", 5, 95), ("Talk", 95, 105)]
    assert spans[1].programme.description == "Ein Fall."
    assert spans[1].programme.source == "vdr-info"


def test_a_long_recording_holds_several_programmes() -> None:
    night = recording(programme("Die lange Nacht", None, None, "name"), minute=0)
    spans = lay_out(night, 160 * 60, (GUIDE,))
    assert told(spans) == [("Tagesschau", 0, 15), ("Tatort: Borowski", 15, 105), ("Talk", 105, 160)]
    playing = [on_air(spans, minute * 60) for minute in (1, 20, 110)]
    assert [span and span.programme.title for span in playing] == [
        "Tagesschau",
        "Tatort: Borowski",
        "Talk",
    ]


def test_a_file_named_after_a_programme_takes_its_time_from_the_guide() -> None:
    spans = lay_out(recording(programme("tatort", None, None, "name", season=3)), 105 * 60, (GUIDE,))
    assert told(spans)[1] == ("Tatort: Borowski", 5, 95)
    assert spans[1].programme.season == 3


def test_one_event_from_all_sources_is_one_programme() -> None:
    same = programme("TATORT", 15, 90, "epg.data", event_id=102, genres=("movie",))
    event = EitEvent(102, at(15), 5400.0, title="Tatort", subtitle="Borowski")
    spans = lay_out(recording(CRIME), 105 * 60, (GUIDE, (same,)), StreamEpg(events=(event,)))
    crimes = [span.programme for span in spans if span.programme.title.casefold().startswith("tatort")]
    assert len(crimes) == 1
    assert (crimes[0].source, crimes[0].subtitle, crimes[0].description, crimes[0].genres) == (
        "vdr-info", "Borowski", "Ein Fall.", ("movie",),
    )  # fmt: skip


def test_the_stream_knows_when_a_programme_ran_over() -> None:
    events = (
        EitEvent(101, at(0), 15 * 60.0, title="Tagesschau"),
        EitEvent(102, at(20), 5400.0, title="Tatort"),
        EitEvent(103, at(110), 3600.0, title="Talk"),
    )
    spans = lay_out(recording(CRIME), 105 * 60, (GUIDE,), StreamEpg(events=events))
    assert told(spans) == [("Tagesschau", 0, 5), ("Tatort", 10, 100), ("Talk", 100, 105)]


def test_the_change_that_was_seen_is_the_border() -> None:
    events = (EitEvent(101, at(0), 15 * 60.0, title="Tagesschau"), EitEvent(102, at(15), 5400.0, title="Tatort"))
    seen = (Sighting(0, 101), Sighting(200, 101), Sighting(400, 101), Sighting(410, 102), Sighting(3000, 102))
    spans = lay_out(recording(CRIME), 105 * 60, (), StreamEpg(events=events, sightings=seen))
    assert [(span.programme.title, span.start_s, span.end_s) for span in spans] == [
        ("Tagesschau", 0, 400),
        ("Tatort", 400, 95 * 60),
    ]
    rarely = (Sighting(0, 101), Sighting(3000, 102))
    assert lay_out(recording(CRIME), 105 * 60, (), StreamEpg(events=events, sightings=rarely))[1].start_s == 300


def test_an_edited_recording_is_its_programme_from_end_to_end() -> None:
    cut = recording(CRIME, edited=True)
    assert told(lay_out(cut, 88 * 60, (GUIDE,))) == [("Tatort", 0, 88)]


def test_an_edited_recording_still_holds_what_its_stream_says() -> None:
    events = (EitEvent(101, at(0), 900.0, title="Tagesschau"), EitEvent(102, at(15), 5400.0, title="Tatort"))
    seen = (Sighting(10, 101), Sighting(90, 101), Sighting(110, 102), Sighting(3000, 102))
    spans = lay_out(recording(CRIME, edited=True), 3600, (), StreamEpg(events=events, sightings=seen))
    assert [(span.programme.title, span.start_s, span.end_s) for span in spans] == [
        ("Tagesschau", 0, 100),
        ("Tatort", 100, 3600),
    ]


def test_without_any_time_the_programme_fills_the_recording() -> None:
    for made in (recording(programme("Film", None, None, "nfo"), minute=None), recording(CRIME, minute=None)):
        (span,) = lay_out(made, 600)
        assert (span.start_s, span.end_s) == (0, 600)
    day = replace(recording(programme("Film", None, None, "name")), start_error_s=86400.0)
    assert told(lay_out(day, 600, (GUIDE,))) == [("Film", 0, 10)]
    assert lay_out(recording(), 600) == ()


def test_a_programme_without_an_end_lasts_until_the_next() -> None:
    guide = (programme("Tagesschau", 0, None), programme("Tatort", 15, None), programme("Talk", 105, None))
    spans = lay_out(recording(programme("?", None, None, "name"), minute=0), 160 * 60, (guide,))
    assert told(spans) == [("Tagesschau", 0, 15), ("Tatort", 15, 105), ("Talk", 105, 160)]


def test_where_sources_disagree_the_more_trusted_has_the_time() -> None:
    wrong = (programme("Fußball", 10, 100), programme("Wetter", 104.5, 60))
    spans = lay_out(recording(CRIME), 105 * 60, (wrong,))
    assert told(spans)[0][0] == "Fußball" and told(spans)[0][1:] == (0, 5)
    assert told(spans)[1] == ("Tatort", 5, 95)


def test_durations_that_are_none() -> None:
    for duration in (0.0, -1.0, float("nan"), float("inf")):
        assert lay_out(recording(CRIME), duration) == ()


programmes = st.builds(
    programme,
    st.sampled_from(["Tatort", "Tatort: Borowski", "Talk", "News", "?"]),
    st.none() | st.floats(-300, 300),
    st.none() | st.floats(0, 300),
    st.sampled_from(["vdr-info", "name", "xmltv", "epg.data", "eit"]),
    event_id=st.none() | st.integers(101, 104),
)
events = st.builds(
    EitEvent,
    st.integers(101, 104),
    st.none() | st.floats(-300, 300).map(at),
    st.none() | st.floats(1, 9000),
    title=st.sampled_from(["Tatort", "X", ""]),
)
sightings = st.lists(st.builds(Sighting, st.floats(0, 9000), st.integers(101, 104)), max_size=8)
streams = st.builds(
    StreamEpg,
    events=st.lists(events, max_size=4).map(tuple),
    sightings=sightings.map(lambda items: tuple(sorted(items, key=lambda one: one.at_s))),
    started_at=st.none() | st.floats(-300, 300).map(at),
)


@given(
    st.lists(programmes, max_size=2), st.lists(programmes, max_size=6), streams, st.floats(1, 20_000),
    st.none() | st.floats(-900, 900), st.booleans(), st.floats(-100, 21_000),
)  # fmt: skip
def test_whatever_the_sources_say_spans_lie_in_the_recording_in_order(
    own: list[Programme],
    guides: list[Programme],
    stream: StreamEpg,
    duration_s: float,
    minute: float | None,
    edited: bool,
    moment: float,
) -> None:
    spans = lay_out(recording(*own, minute=minute, edited=edited), duration_s, (guides[::2], guides[1::2]), stream)
    borders = [border for span in spans for border in (span.start_s, span.end_s)]
    assert borders == sorted(borders)
    assert all(0 <= border <= duration_s for border in borders)
    assert all(span.start_s < span.end_s for span in spans)
    assert bool(spans) or not own
    naive = [span for span in spans if span.start_s <= moment < span.end_s]
    found = on_air(spans, moment)
    assert found == (naive[0] if naive else None) or moment == spans[-1].end_s
