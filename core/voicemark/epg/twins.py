"""Which events of several sources are one: by id and source first, by the likeness of titles last.

Two programmes are the same event

1. of one source (one guide's channel, the stream, the recorder) only when they bear the same id and overlap: a source
   tells each event once, and short episodes of one title follow each other;
2. of two sources when their ids are the same, their starts at most `SAME_ID_S` apart, and their titles alike or their
   spans overlapping: events are moved, and ids are used again;
3. of two sources when their spans overlap, their starts are at most `SAME_START_S` apart and their titles alike. Of
   several, the one that has most in common; and of one source not more than one joins an event.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from voicemark.epg.titles_alike import Title
from voicemark.recording import Programme

SAME_START_S = 900.0  # two sources may give the start of one event so far apart
SAME_ID_S = 2 * 3600.0  # under one event id even farther: it has been moved
NEAR_S = 86400.0  # what begins or ends so far from the recording has nothing to do with it
MOST_AT_ONCE = 64  # events that begin within `SAME_START_S` of each other: a channel of clips has five a minute at most
MOST_EVENTS = 5000  # of a week's recording; a channel has some fifty a day, one of clips ten times as many
MOST_TIMELESS = 16  # programmes without a start: the recorder's own, and events that the stream left undefined

OWN, NAME_ONLY = 0, 9
"""The trust in what the recorder tells of its recording, and in a title that is only a file's name."""
_FILLED = (
    *("subtitle", "description", "channel", "start", "duration_s", "language", "event_id"),
    *("season", "episode", "age_rating", "genres"),
)


@dataclass
class Candidate:
    """A programme on its way onto the timeline."""

    programme: Programme
    trust: int
    by_stream: bool = False
    """Its times are the stream's."""
    source: Hashable = None
    """Who tells of it: no source tells an event twice. None: nobody in particular."""
    start_s: float = 0.0
    end_s: float = 0.0
    sources: set[Hashable] = field(default_factory=set)
    """All that have told of it."""

    def __post_init__(self) -> None:
        self.sources.add(self.source)

    @cached_property
    def title(self) -> Title:
        """The programme's, which stays what it is when others join."""
        return Title.of(self.programme.title)

    @cached_property
    def begins(self) -> float:
        """The programme's start as UNIX time; it must have one."""
        assert self.programme.start is not None
        return self.programme.start.timestamp()

    @property
    def ends(self) -> float | None:
        """Its end as UNIX time, where its length is known."""
        lasting = self.programme.duration_s
        return None if lasting is None else self.begins + lasting


def merged(items: Iterable[Candidate], origin: datetime | None, duration_s: float) -> list[Candidate]:
    """Each event once, of `items` that come most trusted first. A title from a file's name joins the event of that
    title that fills most of the recording, which plays for `duration_s` seconds from `origin` on.

    Of more events than a channel can have (`MOST_…`) the most trusted are kept, so that the work stays in proportion.
    """
    kept = Events()
    timeless: list[Candidate] = []
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
        elif item.trust == NAME_ONLY:
            _join(found, item)
        else:
            found.programme = joined(item.programme, found.programme)
            del found.title
            found.trust = min(found.trust, item.trust)
    return found_items


def joined(trusted: Programme, other: Programme) -> Programme:
    """The trusted programme with what it lacks from the other."""
    lacking = {name: getattr(other, name) for name in _FILLED if getattr(trusted, name) in (None, ())}
    return replace(trusted, **lacking)


def same_event(one: Programme, other: Programme) -> bool:
    """Whether two sources mean one event."""
    return likeness(Candidate(one, OWN, source=0), Candidate(other, OWN, source=1)) > 0


def overlap(start_s: float, lasting_s: float, duration_s: float) -> float:
    """Seconds that a programme and a recording from 0 on have in common; negative where they are apart."""
    return min(duration_s, start_s + lasting_s) - max(0.0, start_s)


def likeness(one: Candidate, other: Candidate) -> float:
    """How much two programmes are one event: 0 when they are not, more than 1 when an id says so."""
    first, second = one.programme, other.programme
    if first.start is None or second.start is None:
        return 0.0
    same_source = other.source is not None and other.source in one.sources
    same_id = first.event_id is not None and first.event_id == second.event_id
    if same_source and not same_id:
        return 0.0
    common = _common(one, other)
    if same_source:
        return 1.0 + common if common > 0 else 0.0
    apart = abs(one.begins - other.begins)
    if same_id and apart <= SAME_ID_S and (common > 0 or one.title.is_like(other.title)):
        return 1.0 + common
    return common if common > 0 and apart <= SAME_START_S and one.title.is_like(other.title) else 0.0


def _common(one: Candidate, other: Candidate) -> float:
    """The part of two programmes' time that both have, from 0 to 1; of one without an end, its start tells."""
    first, second = one.ends, other.ends
    if one.begins == other.begins and (first == second or first is None or second is None):
        return 1.0
    if first is None or second is None:
        return max(0.0, 0.5 * (1.0 - abs(one.begins - other.begins) / SAME_START_S))
    both = min(first, second) - max(one.begins, other.begins)
    return max(0.0, both / (max(first, second) - min(one.begins, other.begins))) if both > 0 else 0.0


def _is_near(programme: Programme, origin: datetime, duration_s: float) -> bool:
    """Whether a programme with a start is on air within `NEAR_S` of the recording."""
    assert programme.start is not None
    begins_s = (programme.start - origin).total_seconds()
    return begins_s < duration_s + NEAR_S and begins_s + (programme.duration_s or 0.0) > -NEAR_S


@dataclass
class Events:
    """Events with a start that were kept, found again by their time: a twin is looked for among those that begin at
    about the same time, or bear the same id."""

    items: list[Candidate] = field(default_factory=list)
    """In the order in which they came."""
    _by_time: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Start, in steps of `SAME_START_S` → places in `items`, ascending."""
    _by_id: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _told_by: dict[int, set[Hashable]] = field(default_factory=lambda: defaultdict(set))
    """Start, in the same steps → who tells of the events there."""

    def twin_of(self, item: Candidate) -> Candidate | None:
        """Of those that were kept the one that is most the same event; the first of several."""
        step = _step(item)
        # What its own source alone tells of can be the same only by its id.
        own = None if item.source is None else {item.source}
        steps = [beside for beside in (step - 1, step, step + 1) if self._told_by.get(beside) != own]
        near = {place for beside in steps for place in self._by_time.get(beside, ())}
        event_id = item.programme.event_id
        if event_id is not None:
            near.update(self._by_id.get(event_id, ()))
        best, most = None, 0.0
        for place in sorted(near):
            alike = likeness(self.items[place], item)
            if alike > most:
                best, most = self.items[place], alike
        return best

    def add(self, item: Candidate) -> None:
        """Keep an event, unless there are too many already."""
        event_id = item.programme.event_id
        at_once = self._by_time[_step(item)]
        if len(self.items) >= MOST_EVENTS or len(at_once) >= MOST_AT_ONCE:
            return
        at_once.append(len(self.items))
        self._told_by[_step(item)] |= item.sources
        if event_id is not None and len(self._by_id[event_id]) < MOST_AT_ONCE:
            self._by_id[event_id].append(len(self.items))
        self.items.append(item)

    def join(self, twin: Candidate, item: Candidate) -> None:
        """Join an event to the twin that was kept; its time and id may be others then."""
        step, event_id = _step(twin), twin.programme.event_id
        _join(twin, item)
        del twin.begins
        place = next(place for place in self._by_time[step] if self.items[place] is twin)
        if _step(twin) != step:
            self._by_time[step].remove(place)
            self._by_time[_step(twin)].append(place)
        self._told_by[_step(twin)] |= twin.sources
        if twin.programme.event_id != event_id and twin.programme.event_id is not None:
            self._by_id[twin.programme.event_id].append(place)


def _step(item: Candidate) -> int:
    return int(item.begins // SAME_START_S)


def _join(twin: Candidate, item: Candidate) -> None:
    times = item.programme if item.by_stream and not twin.by_stream else twin.programme
    twin.programme = replace(
        joined(twin.programme, item.programme),
        start=times.start,
        duration_s=times.duration_s or twin.programme.duration_s or item.programme.duration_s,
        event_id=times.event_id if times.event_id is not None else twin.programme.event_id,
    )
    twin.by_stream |= item.by_stream
    twin.sources |= item.sources


def _share(programme: Programme, origin: datetime | None, duration_s: float) -> float:
    """Seconds of the recording that a programme fills by the clock."""
    if programme.start is None or origin is None:
        return 0.0
    return overlap((programme.start - origin).total_seconds(), programme.duration_s or 0.0, duration_s)
