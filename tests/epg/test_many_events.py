"""Events in numbers that no channel has: the work stays in proportion, and what is found is what comparing each with
each finds."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg import timeline, twins
from voicemark.epg.eit import EitEvent
from voicemark.epg.stream_eit import Sighting, StreamEpg
from voicemark.epg.timeline import lay_out
from voicemark.epg.titles_alike import Title
from voicemark.epg.twins import MOST_AT_ONCE, MOST_EVENTS, likeness
from voicemark.recording import Programme, ProgrammeSpan, Recording

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)
DAY_S = 86_400.0


def recording(*programmes: Programme) -> Recording:
    return Recording(Path("x.ts"), "plain", (Path("x.ts"),), START, programmes=programmes)


class CountedTitle(Title):
    """Counts how often titles are compared."""

    compared = 0

    def is_like(self, other: Title) -> bool:
        type(self).compared += 1
        return super().is_like(other)


SHAPES: dict[str, Any] = {
    "at once": lambda n: (EitEvent(n, START, 60.0, title=f"w{n} x{n}"), StreamEpg()),
    "the same words": lambda n: (EitEvent(n, START, 60.0, title=f"a b c w{n} x{n} y{n} z{n}"), StreamEpg()),
    "one after another": lambda n: (EitEvent(n, START + timedelta(seconds=n), 1.0, title=f"w{n}"), StreamEpg()),
    "without an end": lambda n: (EitEvent(n, START + timedelta(seconds=n), None, title=f"w{n}"), StreamEpg()),
    "without a start": lambda n: (EitEvent(n, None, 60.0, title=f"w{n}"), StreamEpg()),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_titles_are_compared_in_proportion_to_the_events(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "Title", CountedTitle)
    for count in (1000, 4000):
        CountedTitle.compared = 0
        events = tuple(SHAPES[shape](number)[0] for number in range(count))
        lay_out(
            recording(Programme("Own", "vdr-info", start=START, duration_s=60.0)), DAY_S, (), StreamEpg(events=events)
        )
        assert CountedTitle.compared <= 4 * MOST_AT_ONCE * count


def test_all_events_that_a_stream_can_name_are_laid_out() -> None:
    events = tuple(EitEvent(n, START + timedelta(seconds=n), 3600.0, title=f"w{n} x{n}") for n in range(1 << 16))
    sightings = (Sighting(10.0, 0), Sighting(50.0, 0))
    spans = lay_out(recording(), 7 * DAY_S, (), StreamEpg(events=events, sightings=sightings, started_at=START))
    assert 0 < len(spans) <= MOST_EVENTS
    assert all(one.end_s <= other.start_s for one, other in pairwise(spans))


def test_the_own_programme_is_kept_whatever_the_stream_says() -> None:
    own = Programme("Own", "vdr-info", start=START, duration_s=3600.0)
    events = tuple(EitEvent(n, START, 60.0, title=f"w{n}") for n in range(5000))
    assert lay_out(recording(own), 3600.0, (), StreamEpg(events=events))[0].programme.title == "Own"


programmes = st.builds(
    lambda title, minute, minutes, event_id, source: Programme(
        title, source, start=START + timedelta(minutes=minute), duration_s=minutes, event_id=event_id
    ),
    st.sampled_from(["Tatort", "Tatort: Borowski", "Talk", "News", "?", "!", "a b c d", "a b c e"]),
    st.floats(-200, 200),
    st.none() | st.floats(1, 9000),
    st.none() | st.integers(1, 3),
    st.sampled_from(["xmltv", "epg.data", "eit"]),
)


@given(st.lists(programmes, max_size=12), st.floats(60, 20_000))
def test_twins_are_those_that_comparing_each_with_each_finds(guides: list[Programme], duration_s: float) -> None:
    def slowly(self: twins.Events, item: twins.Candidate) -> twins.Candidate | None:
        best = max(self.items, key=lambda other: likeness(other, item), default=None)
        return best if best is not None and likeness(best, item) > 0 else None

    listings = [[one for one in guides if one.source == source] for source in ("xmltv", "epg.data", "eit")]
    quick = lay_out(recording(), duration_s, listings)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(twins.Events, "twin_of", slowly)
        assert lay_out(recording(), duration_s, listings) == quick


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=8), st.integers(0, 60), st.integers(0, 60)
)  # fmt: skip
def test_the_longest_gap_is_the_one_that_looking_at_every_second_finds(
    placed: list[tuple[int, int]], start: int, end: int
) -> None:
    taken: set[int] = set()
    spans = []
    for begin, length in sorted(placed):
        seconds = set(range(begin, begin + length))
        if not seconds & taken:
            taken |= seconds
            spans.append(ProgrammeSpan(Programme("x", "eit"), float(begin), float(begin + length)))
    longest = run = 0
    for second in range(start, end):
        run = 0 if second in taken else run + 1
        longest = max(longest, run)
    found = timeline._longest_gap(spans, float(start), float(end))
    assert found[1] - found[0] == longest
    assert not taken & set(range(int(found[0]), int(found[1])))
