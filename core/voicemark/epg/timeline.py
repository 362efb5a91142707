"""Programmes on a recording's own timeline: who was on air at which of its seconds.

Sources are ordered by trust (docs/epg.md says why). For texts: the recorder's own metadata, the stream's EIT, XMLTV,
epg.data, and last a title that is only a file's name. For times: the stream's EIT, which follows a programme that runs
over; then the others in the order above. The same event from two sources is one programme with the fields of both.
"""

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from voicemark.clean_text import stream_safe
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
NEAR_S = 86400.0  # what begins or ends so far from the recording has nothing to do with it
MOST_AT_ONCE = 16  # events that begin within `SAME_START_S` of each other: a channel has one at a time
MOST_EVENTS = 2000  # of a week's recording; a channel has some fifty a day
MOST_TIMELESS = 16  # programmes without a start: the recorder's own, and events that the stream left undefined

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

    @cached_property
    def title(self) -> "_Title":
        """The programme's, which stays what it is when others join."""
        return _Title.of(self.programme.title)

    @cached_property
    def begins(self) -> float:
        """The programme's start as UNIX time; it must have one."""
        assert self.programme.start is not None
        return self.programme.start.timestamp()


@dataclass(frozen=True)
class _Title:
    """A title, ready to be compared."""

    text: str
    words: tuple[str, ...]
    different: frozenset[str]

    @classmethod
    def of(cls, title: str) -> "_Title":
        words = tuple(_words(title))
        return cls(title.strip(), words, frozenset(words))

    def is_like(self, other: "_Title") -> bool:
        """Equal words, one begins with the other, or they have most in common."""
        if not self.words or not other.words:
            return self.text == other.text
        common = len(self.different & other.different)
        if not common:
            return False
        if common >= 0.6 * (len(self.different) + len(other.different) - common):
            return True
        return self.words[: len(other.words)] == other.words or other.words[: len(self.words)] == self.words


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
    """Each event once. A title from a file's name joins the event of that title that fills most of the recording.

    Of more events than a channel can have (`MOST_…`) the most trusted are kept, so that the work stays in proportion.
    """
    kept = _Events()
    timeless: list[_Candidate] = []
    for item in items:
        if item.programme.start is None:
            if len(timeless) < MOST_TIMELESS:
                timeless.append(item)
            continue
        if origin is not None and not _is_near(item.programme, origin, duration_s):
            continue
        twin = kept.twin_of(item)
        if twin is None:
            kept.add(item)
        else:
            kept.join(twin, item)
    found_items = kept.items
    for item in timeless:
        alike = [other for other in found_items if other.title.is_like(item.title)]
        found = max(alike, key=lambda other: _share(other.programme, origin, duration_s), default=None)
        if found is None:
            found_items.append(item)
        elif item.trust == _NAME_ONLY:
            _join(found, item)
        else:
            found.programme = joined(item.programme, found.programme)
            del found.title
            found.trust = min(found.trust, item.trust)
    return found_items


def _is_near(programme: Programme, origin: datetime, duration_s: float) -> bool:
    """Whether a programme with a start is on air within `NEAR_S` of the recording."""
    assert programme.start is not None
    begins_s = (programme.start - origin).total_seconds()
    return begins_s < duration_s + NEAR_S and begins_s + (programme.duration_s or 0.0) > -NEAR_S


@dataclass
class _Events:
    """Events with a start that were kept, found again by their time: a twin is looked for among those that begin at
    about the same time, or bear the same id."""

    items: list[_Candidate] = field(default_factory=list)
    """In the order in which they came."""
    _by_time: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Start, in steps of `SAME_START_S` → places in `items`, ascending."""
    _by_id: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def twin_of(self, item: _Candidate) -> _Candidate | None:
        """The first that was kept of what is the same event."""
        step = _step(item)
        near = [place for beside in (step - 1, step, step + 1) for place in self._by_time.get(beside, ())]
        event_id = item.programme.event_id
        if event_id is not None:
            near += self._by_id.get(event_id, ())
        return next((self.items[place] for place in sorted(near) if _same(self.items[place], item)), None)

    def add(self, item: _Candidate) -> None:
        """Keep an event, unless there are too many already."""
        event_id = item.programme.event_id
        at_once = self._by_time[_step(item)]
        if len(self.items) >= MOST_EVENTS or len(at_once) >= MOST_AT_ONCE:
            return
        at_once.append(len(self.items))
        if event_id is not None and len(self._by_id[event_id]) < MOST_AT_ONCE:
            self._by_id[event_id].append(len(self.items))
        self.items.append(item)

    def join(self, twin: _Candidate, item: _Candidate) -> None:
        """Join an event to the twin that was kept; its time and id may be others then."""
        step, event_id = _step(twin), twin.programme.event_id
        _join(twin, item)
        del twin.begins
        place = next(place for place in self._by_time[step] if self.items[place] is twin)
        if _step(twin) != step:
            self._by_time[step].remove(place)
            self._by_time[_step(twin)].append(place)
        if twin.programme.event_id != event_id and twin.programme.event_id is not None:
            self._by_id[twin.programme.event_id].append(place)


def _step(item: _Candidate) -> int:
    return int(item.begins // SAME_START_S)


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
    return _same(_Candidate(one, _OWN), _Candidate(other, _OWN))


def _same(one: _Candidate, other: _Candidate) -> bool:
    first, second = one.programme, other.programme
    if first.start is None or second.start is None:
        return False
    apart = abs(one.begins - other.begins)
    if first.event_id is not None and first.event_id == second.event_id:
        return apart <= SAME_ID_S
    return apart <= SAME_START_S and one.title.is_like(other.title)


def titles_alike(one: str, other: str) -> bool:
    """`Tatort`, `Tatort: Borowski` and `TATORT (Wh.)` are alike: equal words, or one begins with the other."""
    return _Title.of(one).is_like(_Title.of(other))


def _words(title: str) -> list[str]:
    if title.isascii():
        return re.findall(r"\w+", title.lower())
    text = unicodedata.normalize("NFKD", stream_safe(title.casefold()))
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
    starts = [item.programme.start for item in timed if item.programme.start is not None]
    for index, item in enumerate(timed):
        assert item.programme.start is not None
        item.start_s = (item.programme.start - origin).total_seconds()
        if item.programme.duration_s is not None:
            item.end_s = item.start_s + item.programme.duration_s
            continue
        later = bisect_right(starts, item.programme.start, lo=index)
        item.end_s = duration_s if later == len(timed) else (starts[later] - origin).total_seconds()
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
    spans: list[ProgrammeSpan] = []  # by time; no two overlap
    for item in sorted(placed, key=lambda item: (not item.by_stream and item.trust != _OWN, item.trust, item.start_s)):
        start, end = _longest_gap(spans, max(0.0, item.start_s), min(duration_s, item.end_s))
        enough = (
            0.0 if not spans or item.trust == _OWN else max(0.0, min(SHORTEST_S, 0.5 * (item.end_s - item.start_s)))
        )
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
