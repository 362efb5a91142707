"""Which events are one: by id and source first, and nothing of a listing vanishes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.eit import EitEvent
from voicemark.epg.stream_eit import StreamEpg
from voicemark.epg.timeline import lay_out
from voicemark.epg.titles_alike import titles_alike
from voicemark.epg.twins import same_event
from voicemark.epg.xmltv import read_programmes
from voicemark.recording import Programme, Recording

START = datetime(2025, 10, 21, 16, 40, tzinfo=UTC)
LISTING = Path(__file__).parents[3] / "shared/epg/guide.xml"


def programme(
    title: str, minute: float | None, minutes: float | None, source: str = "xmltv", **more: object
) -> Programme:
    start = None if minute is None else START + timedelta(minutes=minute)
    return Programme(title, source, start=start, duration_s=None if minutes is None else minutes * 60, **more)  # type: ignore[arg-type]


def recording(*programmes: Programme, minute: float = 0) -> Recording:
    begun = START + timedelta(minutes=minute)
    return Recording(Path("x.ts"), "plain", (Path("x.ts"),), begun, programmes=programmes)


EPISODES = tuple(programme("Kleine Igel", 5 * number, 5, subtitle=f"Folge {number + 1}") for number in range(6))


def told(
    guides: Sequence[Sequence[Programme]], minutes: float = 34, stream: StreamEpg | None = None
) -> list[tuple[str | None, float, float]]:
    made = recording(programme("Kleine Igel", None, None, "name"), minute=-2)
    return [
        (span.programme.subtitle, span.start_s / 60, span.end_s / 60)
        for span in lay_out(made, minutes * 60, guides, stream)
    ]


SIX = [(f"Folge {number + 1}", 2 + 5 * number, 7 + 5 * number) for number in range(6)]


def test_short_episodes_of_one_title_are_programmes_of_their_own() -> None:
    assert told([EPISODES], 32) == SIX


def test_a_second_guide_that_is_late_adds_none_and_takes_none_away() -> None:
    late = [programme("Kleine Igel", 5 * number + 1, 5) for number in range(6)]
    assert told([EPISODES, late], 32) == SIX


def test_the_stream_tells_the_times_of_each_episode() -> None:
    events = tuple(
        EitEvent(100 + number, START + timedelta(minutes=5 * number + 1), 300.0, title="Kleine Igel")
        for number in range(6)
    )
    found = told([EPISODES], 33, StreamEpg(events=events))
    assert found == [(subtitle, begins + 1, ends + 1) for subtitle, begins, ends in SIX]


def test_news_and_their_weather_are_two() -> None:
    guide = [programme("Tagesschau", 0, 15), programme("Tagesschau: Wetter", 15, 5), programme("Tagesschau", 20, 2)]
    spans = lay_out(recording(), 22 * 60, [guide])
    assert [span.programme.title for span in spans] == ["Tagesschau", "Tagesschau: Wetter", "Tagesschau"]


def test_what_was_seen_twice_in_one_guide_under_one_id_is_one() -> None:
    twice = [programme("A", 0, 30, event_id=7), programme("A", 5, 30, event_id=7)]
    assert len(lay_out(recording(), 40 * 60, [twice])) == 1


def test_titles_alike() -> None:
    assert titles_alike("Tatort", "Tatort: Borowski") and titles_alike("TATORT (Wh.)", "Tatort")
    assert titles_alike("Café", "cafe")
    assert titles_alike("???", "???") and not titles_alike("???", "!!!")
    assert not titles_alike("Tagesschau", "Tagesthemen")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (programme("A", 0, 15), programme("A", 60, 15), False),
        (programme("A", 0, 15), programme("A", 14, 15), True),
        (programme("A", 0, 15), programme("A", 15, 15), False),
        (programme("A", 0, 120), programme("A", 16, 120), False),
        (programme("A", 0, 15, event_id=7), programme("A: live", 100, 15, event_id=7), True),
        (programme("A", 0, 15, event_id=7), programme("B", 100, 15, event_id=7), False),
        (programme("A", 0, 15, event_id=7), programme("B", 5, 15, event_id=7), True),
        (programme("A", 0, 15, event_id=7), programme("A", 5, 15, event_id=8), True),
        (programme("A", 0, 15), programme("A", 5, None), True),
        (programme("A", None, 15), programme("A", 0, 15), False),
    ],
)
def test_two_sources_mean_one_event(one: Programme, other: Programme, same: bool) -> None:
    assert same_event(one, other) is same_event(other, one) is same


@given(
    st.lists(
        st.tuples(st.sampled_from(["Tatort", "Tatort: Borowski", "Talk"]), st.integers(1, 90)), min_size=1, max_size=60
    )
)
def test_nothing_of_a_listing_vanishes(slots: list[tuple[str, int]]) -> None:
    minute, listing = 0, []
    for title, minutes in slots:
        listing.append(programme(title, minute, minutes))
        minute += minutes
    spans = lay_out(recording(), minute * 60, [listing])
    assert [span.programme for span in spans] == listing


def channels(path: Path) -> Iterator[list[Programme]]:
    found: dict[str | None, list[Programme]] = defaultdict(list)
    for one in read_programmes(path):
        found[one.channel].append(one)
    yield from found.values()


def test_nothing_of_a_real_listing_vanishes() -> None:
    if not LISTING.exists():
        pytest.skip("../shared/epg is not there")
    lost = []
    for listing in channels(LISTING):
        listing.sort(key=lambda one: one.start or START)
        begins = listing[0].start or START
        ends = max((one.start or START) + timedelta(seconds=one.duration_s or 60.0) for one in listing)
        whole = Recording(Path("x.ts"), "plain", (Path("x.ts"),), begins, 5.0)
        there = {span.programme for span in lay_out(whole, (ends - begins).total_seconds(), [listing])}
        lost += [one for one in listing if one not in there]
    assert lost == []
