"""Programmes on a recording's own timeline: who was on air at which of its seconds.

Sources are ordered by trust (docs/epg.md says why). For texts: the recorder's own metadata, the stream's EIT, XMLTV,
epg.data, and last a title that is only a file's name. For times: the stream's EIT, which follows a programme that runs
over; then the others in the order above. The same event from two sources is one programme with the fields of both.
"""

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from voicemark.epg.stream_eit import Sighting, StreamEpg
from voicemark.recording import Programme, ProgrammeSpan, Recording

MAX_START_ERROR_S = 900.0  # a start known less exactly places no programme
NAMED_ERROR_S = 60.0  # a start known better is a UNIX time, which has no time zone
SAME_START_S = 900.0  # two sources may give the start of one event so far apart
SAME_ID_S = 2 * 3600.0  # under one event id even farther: it has been moved
SHORTEST_S = 60.0  # a less trusted programme that keeps less than this between others is left out
LONGEST_LEAD_S = 3600.0  # margins before a programme are shorter,
LONGEST_TAIL_S = 2700.0  # and so are those behind it
ZONE_STEP_S = 1800.0  # time zones differ by multiples of this
FARTHEST_ZONE_S = 15 * 3600.0

_TEXT_TRUST = {"eit": 1, "xmltv": 2, "epg.data": 3}
_OWN, _NAME_ONLY = 0, 9
_FILLED = (
    *("subtitle", "description", "channel", "start", "duration_s", "language", "event_id"),
    *("season", "episode", "age_rating", "genres"),
)
_FROM_NAMES = frozenset({"name", "vdr-name"})


@dataclass
class _Candidate:
    """A programme on its way onto the timeline."""

    programme: Programme
    trust: int
    by_stream: bool = False
    """Its times are the stream's."""
    start_s: float = 0.0
    end_s: float = 0.0


def lay_out(
    recording: Recording, duration_s: float, guides: Sequence[Programme] = (), stream: StreamEpg | None = None
) -> tuple[ProgrammeSpan, ...]:
    """The programmes of a recording that plays for `duration_s` seconds, in order, not overlapping, within it.

    `guides`: programmes of its channel around its time, from XMLTV and epg.data; `stream`: what the stream itself told.
    Where nothing tells a time, the programme that the recording was made for fills all of it.
    """
    if not 0 < duration_s < math.inf:
        return ()
    stream = stream or StreamEpg()
    origin = origin_of(recording, stream, duration_s)
    candidates = _merged(_candidates(recording, guides, stream), origin, duration_s)
    sightings = stream.sightings
    if origin is not None:
        placed = _by_clock(candidates, origin, duration_s)
    else:
        sighted = {sighting.event_id for sighting in sightings}
        placed = [item for item in candidates if item.by_stream and item.programme.event_id in sighted]
        for item in placed:
            item.start_s = item.end_s = math.nan
    _follow_sightings(placed, sightings, duration_s)
    spans = _without_overlap(placed, duration_s)
    main = recording.programme
    if not spans and main is not None:
        whole = next((item.programme for item in candidates if item.trust in (_OWN, _NAME_ONLY)), main)
        return (ProgrammeSpan(whole, 0.0, duration_s),)
    return spans


def on_air(spans: Sequence[ProgrammeSpan], at_s: float) -> ProgrammeSpan | None:
    """The programme on air at a moment of the recording; `spans` as `lay_out` gives them. None between programmes."""
    index = bisect_right(spans, at_s, key=lambda span: span.start_s) - 1
    if index < 0:
        return None
    span = spans[index]
    return span if at_s < span.end_s or at_s == span.end_s == spans[-1].end_s else None


def origin_of(recording: Recording, stream: StreamEpg, duration_s: float) -> datetime | None:
    """Time of day at the recording's first moment: by the broadcaster's clock, else the recorder's; None when edited.

    A recorder names its directories in its own time zone, which may not be this machine's (a container's is UTC). So
    where the programme that the recording was made for falls outside it, or mostly, but whole half hours away lies in
    it with margins as recorders leave them, those are added.
    """
    if recording.edited:
        return None
    if stream.started_at is not None:
        return stream.started_at
    start = recording.started_at
    if start is None or recording.start_error_s > MAX_START_ERROR_S:
        return None
    main = recording.programme
    if main is None or main.start is None or recording.start_error_s < NAMED_ERROR_S:
        return start
    lead = (main.start - start).total_seconds()
    shift = math.floor(lead / ZONE_STEP_S) * ZONE_STEP_S
    if not shift or abs(shift) > FARTHEST_ZONE_S:
        return start
    lasting = main.duration_s or duration_s
    most = min(lasting, duration_s)
    tail = duration_s - (lead - shift) - lasting
    fits = _overlap(lead - shift, lasting, duration_s) >= 0.9 * most - ZONE_STEP_S and tail <= LONGEST_TAIL_S
    outside = _overlap(lead, lasting, duration_s)
    if outside <= 0 or (fits and outside < 0.6 * most and not 0 <= lead <= LONGEST_LEAD_S):
        return start + timedelta(seconds=shift)
    return start


def _overlap(start_s: float, lasting_s: float, duration_s: float) -> float:
    """Seconds that a programme and a recording from 0 on have in common."""
    return min(duration_s, start_s + lasting_s) - max(0.0, start_s)


def _candidates(recording: Recording, guides: Sequence[Programme], stream: StreamEpg) -> list[_Candidate]:
    """All programmes, most trusted first."""
    items = [
        _Candidate(programme, _NAME_ONLY if programme.source in _FROM_NAMES else _OWN)
        for programme in recording.programmes
    ]
    main = recording.programme
    channel = (main.channel if main else None) or stream.service_name
    for event in stream.events:
        programme = event.programme("eit", channel)
        if programme is not None:
            items.append(_Candidate(programme, _TEXT_TRUST["eit"], by_stream=True))
    items += [_Candidate(programme, _TEXT_TRUST.get(programme.source, 4)) for programme in guides]
    return sorted(items, key=lambda item: item.trust)


def _merged(items: Iterable[_Candidate], origin: datetime | None, duration_s: float) -> list[_Candidate]:
    """Each event once. A title from a file's name joins the event of that title that fills most of the recording."""
    kept: list[_Candidate] = []
    timeless: list[_Candidate] = []
    for item in items:
        if item.programme.start is None:
            timeless.append(item)
            continue
        twin = next((other for other in kept if same_event(other.programme, item.programme)), None)
        if twin is None:
            kept.append(item)
        else:
            _join(twin, item)
    for item in timeless:
        alike = [other for other in kept if titles_alike(other.programme.title, item.programme.title)]
        found = max(alike, key=lambda other: _share(other.programme, origin, duration_s), default=None)
        if found is None:
            kept.append(item)
        elif item.trust == _NAME_ONLY:
            _join(found, item)
        else:
            found.programme = joined(item.programme, found.programme)
            found.trust = min(found.trust, item.trust)
    return kept


def _join(twin: _Candidate, item: _Candidate) -> None:
    times = item.programme if item.by_stream and not twin.by_stream else twin.programme
    twin.programme = replace(
        joined(twin.programme, item.programme),
        start=times.start,
        duration_s=times.duration_s or twin.programme.duration_s or item.programme.duration_s,
        event_id=times.event_id if times.event_id is not None else twin.programme.event_id,
    )
    twin.by_stream |= item.by_stream


def joined(trusted: Programme, other: Programme) -> Programme:
    """The trusted programme with what it lacks from the other."""
    lacking = {name: getattr(other, name) for name in _FILLED if getattr(trusted, name) in (None, ())}
    return replace(trusted, **lacking)


def same_event(one: Programme, other: Programme) -> bool:
    """Whether two sources mean one event: the same id, or titles alike, at about the same time."""
    if one.start is None or other.start is None:
        return False
    apart = abs((one.start - other.start).total_seconds())
    if one.event_id is not None and one.event_id == other.event_id:
        return apart <= SAME_ID_S
    return apart <= SAME_START_S and titles_alike(one.title, other.title)


def titles_alike(one: str, other: str) -> bool:
    """`Tatort`, `Tatort: Borowski` and `TATORT (Wh.)` are alike: equal words, or one begins with the other."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return one.strip() == other.strip()
    shorter, longer = sorted((first, second), key=len)
    if longer[: len(shorter)] == shorter:
        return True
    common = len(set(first) & set(second))
    return common / len(set(first) | set(second)) >= 0.6


def _words(title: str) -> list[str]:
    text = unicodedata.normalize("NFKD", title.casefold())
    return re.findall(r"\w+", "".join(character for character in text if not unicodedata.combining(character)))


def _share(programme: Programme, origin: datetime | None, duration_s: float) -> float:
    """Seconds of the recording that a programme fills by the clock."""
    if programme.start is None or origin is None:
        return 0.0
    return _overlap((programme.start - origin).total_seconds(), programme.duration_s or 0.0, duration_s)


def _by_clock(items: Sequence[_Candidate], origin: datetime, duration_s: float) -> list[_Candidate]:
    """Those with a start, placed; without a duration a programme lasts until the next begins."""
    timed = sorted(
        (item for item in items if item.programme.start is not None),
        key=lambda item: (item.programme.start, item.trust),
    )
    for index, item in enumerate(timed):
        assert item.programme.start is not None
        item.start_s = (item.programme.start - origin).total_seconds()
        if item.programme.duration_s is not None:
            item.end_s = item.start_s + item.programme.duration_s
            continue
        following = (other.programme.start for other in timed[index + 1 :])
        later = next((start for start in following if start and start > item.programme.start), None)
        item.end_s = duration_s if later is None else (later - origin).total_seconds()
    return [item for item in timed if item.end_s > 0 and item.start_s < duration_s]


def _follow_sightings(placed: Sequence[_Candidate], sightings: Sequence[Sighting], duration_s: float) -> None:
    """Move the borders between programmes to where the stream changed from one to the next.

    Between the last sighting of one and the first of the next the border is where the clock says, if it says so at all.
    """
    by_id = {item.programme.event_id: item for item in placed if item.by_stream}
    runs: list[tuple[_Candidate, float, float]] = []  # an event, first and last seconds seen
    for sighting in sightings:
        item = by_id.get(sighting.event_id)
        if item is None:
            continue
        if runs and runs[-1][0] is item:
            runs[-1] = (item, runs[-1][1], sighting.at_s)
        else:
            runs.append((item, sighting.at_s, sighting.at_s))
    longest: dict[int, tuple[_Candidate, float, float]] = {}
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


def _without_overlap(placed: Sequence[_Candidate], duration_s: float) -> tuple[ProgrammeSpan, ...]:
    """Within the recording, the more trusted first; what others leave of a less trusted one, if that is enough."""
    spans: list[ProgrammeSpan] = []
    for item in sorted(placed, key=lambda item: (not item.by_stream and item.trust != _OWN, item.trust, item.start_s)):
        pieces = [(max(0.0, item.start_s), min(duration_s, item.end_s))]
        for span in spans:
            pieces = [
                piece
                for start, end in pieces
                for piece in ((start, min(end, span.start_s)), (max(start, span.end_s), end))
                if piece[0] < piece[1]
            ]
        start, end = max(pieces, key=lambda piece: piece[1] - piece[0], default=(0.0, 0.0))
        enough = (
            0.0 if not spans or item.trust == _OWN else max(0.0, min(SHORTEST_S, 0.5 * (item.end_s - item.start_s)))
        )
        if end - start > enough:
            spans.append(ProgrammeSpan(item.programme, start, end))
    return tuple(sorted(spans, key=lambda span: span.start_s))
