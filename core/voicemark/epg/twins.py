"""Events that several sources tell of, each once: the same event is found again by its time and by its id.

Comparing each with each would take time with the square of their number, and a stream can name 65,536 of them. So twins
are looked for among those that begin at about the same time, of which a channel has few: more are not kept.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property

from voicemark.clean_text import stream_safe
from voicemark.recording import Programme

SAME_START_S = 900.0  # two sources may give the start of one event so far apart
SAME_ID_S = 2 * 3600.0  # under one event id even farther: it has been moved
MOST_AT_ONCE = 16  # events that begin within `SAME_START_S` of each other: a channel has one at a time
MOST_EVENTS = 2000  # of a week's recording; a channel has some fifty a day
_FILLED = (
    *("subtitle", "description", "channel", "start", "duration_s", "language", "event_id"),
    *("season", "episode", "age_rating", "genres"),
)
OWN = 0  # trust of what the recorder itself wrote down


@dataclass
class Candidate:
    """A programme on its way onto the timeline."""

    programme: Programme
    trust: int
    by_stream: bool = False
    """Its times are the stream's."""
    start_s: float = 0.0
    end_s: float = 0.0

    @cached_property
    def title(self) -> "Title":
        """The programme's, which stays what it is when others join."""
        return Title.of(self.programme.title)

    @cached_property
    def begins(self) -> float:
        """The programme's start as UNIX time; it must have one."""
        assert self.programme.start is not None
        return self.programme.start.timestamp()


@dataclass(frozen=True)
class Title:
    """A title, ready to be compared."""

    text: str
    words: tuple[str, ...]
    different: frozenset[str]

    @classmethod
    def of(cls, title: str) -> "Title":
        words = tuple(_words(title))
        return cls(title.strip(), words, frozenset(words))

    def is_like(self, other: "Title") -> bool:
        """Equal words, one begins with the other, or they have most in common."""
        if not self.words or not other.words:
            return self.text == other.text
        common = len(self.different & other.different)
        if not common:
            return False
        if common >= 0.6 * (len(self.different) + len(other.different) - common):
            return True
        return self.words[: len(other.words)] == other.words or other.words[: len(self.words)] == self.words


@dataclass
class Events:
    """Events with a start that were kept, found again by their time: a twin is looked for among those that begin at
    about the same time, or bear the same id."""

    items: list[Candidate] = field(default_factory=list)
    """In the order in which they came."""
    _by_time: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Start, in steps of `SAME_START_S` → places in `items`, ascending."""
    _by_id: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def twin_of(self, item: Candidate) -> Candidate | None:
        """The first that was kept of what is the same event."""
        step = _step(item)
        near = [place for beside in (step - 1, step, step + 1) for place in self._by_time.get(beside, ())]
        event_id = item.programme.event_id
        if event_id is not None:
            near += self._by_id.get(event_id, ())
        return next((self.items[place] for place in sorted(near) if _same(self.items[place], item)), None)

    def add(self, item: Candidate) -> None:
        """Keep an event, unless there are too many already."""
        event_id = item.programme.event_id
        at_once = self._by_time[_step(item)]
        if len(self.items) >= MOST_EVENTS or len(at_once) >= MOST_AT_ONCE:
            return
        at_once.append(len(self.items))
        if event_id is not None and len(self._by_id[event_id]) < MOST_AT_ONCE:
            self._by_id[event_id].append(len(self.items))
        self.items.append(item)

    def join(self, twin: Candidate, item: Candidate) -> None:
        """Join an event to the twin that was kept; its time and id may be others then."""
        step, event_id = _step(twin), twin.programme.event_id
        join(twin, item)
        del twin.begins
        place = next(place for place in self._by_time[step] if self.items[place] is twin)
        if _step(twin) != step:
            self._by_time[step].remove(place)
            self._by_time[_step(twin)].append(place)
        if twin.programme.event_id != event_id and twin.programme.event_id is not None:
            self._by_id[twin.programme.event_id].append(place)


def _step(item: Candidate) -> int:
    return int(item.begins // SAME_START_S)


def join(twin: Candidate, item: Candidate) -> None:
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
    return _same(Candidate(one, OWN), Candidate(other, OWN))


def _same(one: Candidate, other: Candidate) -> bool:
    first, second = one.programme, other.programme
    if first.start is None or second.start is None:
        return False
    apart = abs(one.begins - other.begins)
    if first.event_id is not None and first.event_id == second.event_id:
        return apart <= SAME_ID_S
    return apart <= SAME_START_S and one.title.is_like(other.title)


def titles_alike(one: str, other: str) -> bool:
    """`Tatort`, `Tatort: Borowski` and `TATORT (Wh.)` are alike: equal words, or one begins with the other."""
    return Title.of(one).is_like(Title.of(other))


def _words(title: str) -> list[str]:
    if title.isascii():
        return re.findall(r"\w+", title.lower())
    text = unicodedata.normalize("NFKD", stream_safe(title.casefold()))
    return re.findall(r"\w+", "".join(character for character in text if not unicodedata.combining(character)))
