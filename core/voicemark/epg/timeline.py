"""Programmes on a recording's own timeline: who was on air at which of its seconds.

Sources are ordered by trust (docs/epg.md says why). For texts: the recorder's own metadata, the stream's EIT, XMLTV,
epg.data, and last a title that is only a file's name. For times: the stream's EIT, which follows a programme that runs
over; then the others in the order above. The same event from two sources is one programme with the fields of both.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from voicemark.epg.origin import Clock, origin_of
from voicemark.epg.stream_eit import Sighting, StreamEpg
from voicemark.epg.twins import NAME_ONLY, OWN, Candidate, merged
from voicemark.recording import Programme, ProgrammeSpan, Recording

SHORTEST_S = 60.0  # a less trusted programme that keeps less than this between others is left out

_TEXT_TRUST = {"eit": 1, "xmltv": 2, "epg.data": 3}
_FROM_NAMES = frozenset({"name", "vdr-name"})


def lay_out(
    recording: Recording,
    duration_s: float,
    guides: Sequence[Sequence[Programme]] = (),
    stream: StreamEpg | None = None,
    clock: Clock | None = None,
) -> tuple[ProgrammeSpan, ...]:
    """The programmes of a recording that plays for `duration_s` seconds, in order, not overlapping, within it.

    `guides`: of each guide the programmes of its channel around its time; `stream`: what the stream itself told;
    `clock`: the time of day on its timeline, where that was weighed already. Where nothing tells a time, the programme
    that the recording was made for fills all of it.
    """
    if not 0 < duration_s < math.inf:
        return ()
    stream = stream or StreamEpg()
    clock = clock or origin_of(recording, stream, duration_s).clock
    started_at = clock.started_at if clock is not None else None
    candidates = merged(_candidates(recording, guides, stream), started_at, duration_s)
    sightings = stream.sightings
    if clock is not None:
        placed = _by_clock(candidates, clock, duration_s)
    else:
        sighted = {sighting.event_id for sighting in sightings}
        placed = [item for item in candidates if item.by_stream and item.programme.event_id in sighted]
        for item in placed:
            item.start_s = item.end_s = math.nan
    _follow_sightings(placed, sightings, duration_s)
    spans = _without_overlap(placed, duration_s)
    main = recording.programme
    if not spans and main is not None:
        whole = next((item.programme for item in candidates if item.trust in (OWN, NAME_ONLY)), main)
        return (ProgrammeSpan(whole, 0.0, duration_s),)
    return spans


def on_air(spans: Sequence[ProgrammeSpan], at_s: float) -> ProgrammeSpan | None:
    """The programme on air at a moment of the recording; `spans` as `lay_out` gives them. None between programmes."""
    index = bisect_right(spans, at_s, key=lambda span: span.start_s) - 1
    if index < 0:
        return None
    span = spans[index]
    return span if at_s < span.end_s or at_s == span.end_s == spans[-1].end_s else None


def _candidates(recording: Recording, guides: Sequence[Sequence[Programme]], stream: StreamEpg) -> list[Candidate]:
    """All programmes, most trusted first."""
    items = [
        Candidate(programme, NAME_ONLY if programme.source in _FROM_NAMES else OWN, source="recorder")
        for programme in recording.programmes
    ]
    main = recording.programme
    channel = (main.channel if main else None) or stream.service_name
    for event in stream.events:
        programme = event.programme("eit", channel)
        if programme is not None:
            items.append(Candidate(programme, _TEXT_TRUST["eit"], by_stream=True, source="stream"))
    for number, guide in enumerate(guides):
        for programme in guide:
            trust = _TEXT_TRUST.get(programme.source, 4)
            items.append(Candidate(programme, trust, source=(number, programme.channel)))
    return sorted(items, key=lambda item: item.trust)


def _by_clock(items: Sequence[Candidate], clock: Clock, duration_s: float) -> list[Candidate]:
    """Those with a start, placed; without a duration a programme lasts until the next begins."""
    timed = sorted(
        (item for item in items if item.programme.start is not None),
        key=lambda item: (item.programme.start, item.trust),
    )
    starts = [item.begins for item in timed]
    for index, item in enumerate(timed):
        assert item.programme.start is not None
        item.start_s = clock.position(item.programme.start)
        if item.ends is not None:
            item.end_s = clock.position(item.programme.start + timedelta(seconds=item.programme.duration_s or 0.0))
            continue
        later = bisect_right(starts, item.begins, lo=index)
        item.end_s = (
            duration_s if later == len(timed) else clock.position(timed[later].programme.start or item.programme.start)
        )
    return [item for item in timed if item.end_s > 0 and item.start_s < duration_s]


def _follow_sightings(placed: Sequence[Candidate], sightings: Sequence[Sighting], duration_s: float) -> None:
    """Move the borders between programmes to where the stream changed from one to the next.

    Between the last sighting of one and the first of the next the border is where the clock says, if it says so at all.
    """
    by_id = {item.programme.event_id: item for item in placed if item.by_stream}
    runs: list[tuple[Candidate, float, float]] = []  # an event, first and last seconds seen
    for sighting in sightings:
        item = by_id.get(sighting.event_id)
        if item is None:
            continue
        if runs and runs[-1][0] is item:
            runs[-1] = (item, runs[-1][1], sighting.at_s)
        else:
            runs.append((item, sighting.at_s, sighting.at_s))
    longest: dict[int, tuple[Candidate, float, float]] = {}
    for run in runs:  # an event that comes back after another (a broadcaster's slip) stands where it was seen longest
        known = longest.get(id(run[0]))
        if known is None or run[2] - run[1] > known[2] - known[1]:
            longest[id(run[0])] = run
    ordered = sorted(longest.values(), key=lambda run: run[1])
    for index, (item, first, last) in enumerate(ordered):
        before = ordered[index - 1][2] if index else -math.inf
        after = ordered[index + 1][1] if index + 1 < len(ordered) else math.inf
        item.start_s = _border(item.start_s, before, first, 0.0)
        item.end_s = _border(item.end_s, last, after, duration_s)
    for (earlier, *_), (later, *_) in pairwise(ordered):
        if later.start_s - earlier.end_s < SHORTEST_S:
            earlier.end_s = later.start_s


def _border(clock_s: float, low: float, high: float, edge: float) -> float:
    """The clock's border where it lies between two sightings, else the nearer of them; the middle without a clock."""
    if math.isnan(clock_s):
        if math.isinf(low) or math.isinf(high):
            return edge
        return (low + high) / 2
    return min(max(clock_s, low), high)


def _without_overlap(placed: Sequence[Candidate], duration_s: float) -> tuple[ProgrammeSpan, ...]:
    """Within the recording, the more trusted first; what others leave of a less trusted one, if that is enough."""
    spans: list[ProgrammeSpan] = []  # by time; no two overlap
    for item in sorted(placed, key=lambda item: (not item.by_stream and item.trust != OWN, item.trust, item.start_s)):
        start, end = _longest_gap(spans, max(0.0, item.start_s), min(duration_s, item.end_s))
        enough = 0.0 if not spans or item.trust == OWN else max(0.0, min(SHORTEST_S, 0.5 * (item.end_s - item.start_s)))
        if end - start > enough:
            place = bisect_left(spans, start, key=lambda span: span.start_s)
            spans.insert(place, ProgrammeSpan(item.programme, start, end))
    return tuple(spans)


def _longest_gap(spans: Sequence[ProgrammeSpan], start: float, end: float) -> tuple[float, float]:
    """Where from `start` to `end` the spans leave most, the first such place; (0, 0) where they leave nothing."""
    best = (0.0, 0.0)
    at = start
    first = bisect_right(spans, start, key=lambda span: span.end_s)
    for span in spans[first:]:
        if span.start_s >= end:
            break
        if span.start_s - at > best[1] - best[0]:
            best = (at, span.start_s)
        at = max(at, span.end_s)
    return (at, end) if end - at > best[1] - best[0] else best
