"""A recording's time drawn as lanes: one for everybody who speaks, with a name or without, beside what was on air.

Plain data, of which the templates make SVG and the same as text: paths in seconds, so that no script and no style is
needed to place anything.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voicemark.store.recording_view import OnAir, RecordingView, Stretch
from voicemark.store.schema_people import PERSON

COLOURS = 8
"""Lanes take turns; the name beside it says whose it is."""
HEIGHT = 10
TICKS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TICKS = 12

_AT = re.compile(r"\bat (?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)(?: for (\d+(?:\.\d+)?) s)?")


@dataclass(frozen=True)
class Lane:
    """Who speaks, and when."""

    key: str
    """Of one recording: `p` and a person's number, `v` and a voice's, or `s` and a local speaker's."""
    name: str | None
    kind: str
    """`person`, `sound` or `ignored`."""
    person: int | None
    """The number across recordings; None while nothing has told."""
    local_speaker: int | None
    stretches: tuple[Stretch, ...]
    colour: int

    @property
    def seconds(self) -> float:
        """How long in all."""
        return sum(one.end_s - one.start_s for one in self.stretches)

    def path(self, start_s: float, end_s: float) -> str:
        """What of it lies between two moments, as an SVG path `HEIGHT` high whose unit is a second from `start_s`."""
        parts = []
        for one in self.stretches:
            first, last = max(one.start_s, start_s), min(one.end_s, end_s)
            if first < last:
                parts.append(f"M{_short(first - start_s)} 0h{_short(last - first)}v{HEIGHT}h-{_short(last - first)}z")
        return "".join(parts)


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with the recording, as its notes say; with a place where they name one."""

    text: str
    start_s: float | None
    length_s: float


@dataclass(frozen=True)
class Timeline:
    """A recording from `start_s` to `end_s`, which may be a part of it."""

    duration_s: float
    start_s: float
    end_s: float
    lanes: tuple[Lane, ...]
    programmes: tuple[OnAir, ...]
    faults: tuple[Fault, ...]

    @property
    def length_s(self) -> float:
        """Of what is shown."""
        return self.end_s - self.start_s

    @property
    def numbered(self) -> bool:
        """Is somebody called by a number in it?"""
        return any(lane.name is None for lane in self.lanes)

    @property
    def placed_faults(self) -> list[Fault]:
        """Those of which the place is known."""
        return [one for one in self.faults if one.start_s is not None]

    @property
    def ticks(self) -> list[float]:
        """Moments of the ruler: round ones, not too many."""
        step = next((one for one in TICKS if self.length_s / one <= MOST_TICKS), TICKS[-1])
        first = -(-self.start_s // step)
        return [float((first + n) * step) for n in range(int(self.length_s // step) + 1)][: MOST_TICKS + 1]

    def percent(self, at_s: float) -> float:
        """Where a moment lies, in hundredths of the width; at the edge where it is outside."""
        share = (at_s - self.start_s) / self.length_s if self.length_s > 0 else 0.0
        return round(100 * min(1.0, max(0.0, share)), 3)

    def on_air(self, at_s: float) -> OnAir | None:
        """The programme that is on at a moment."""
        found = [one for one in self.programmes if one.start_s <= at_s < one.end_s]
        return found[-1] if found else None


def timeline_of(view: RecordingView, start_s: float | None = None, end_s: float | None = None) -> Timeline:
    """The timeline of a recording, or of a part of it."""
    duration_s = max([view.duration_s or 0.0, *(one.end_s for one in view.stretches), 1.0])
    first = min(max(start_s or 0.0, 0.0), duration_s)
    last = min(end_s if end_s is not None else duration_s, duration_s)
    if last - first < 1.0:
        first, last = 0.0, duration_s
    return Timeline(duration_s, first, last, lanes_of(view.stretches), view.programmes, faults_of(view.notes))


@dataclass(frozen=True)
class _Who:
    """Whose lane a stretch is in."""

    key: str
    name: str | None = None
    kind: str = PERSON
    person: int | None = None
    local_speaker: int | None = None


def keys_of(stretch: Stretch) -> list[str]:
    """The lanes that it is in: of each voice that is heard, else of who speaks."""
    return [who.key for who in _who(stretch)]


def _who(stretch: Stretch) -> list[_Who]:
    if stretch.voices:
        return [
            _Who(f"v{one.id}" if one.person is None else f"p{one.person}", one.name, person=one.person)
            for one in stretch.voices
        ]
    if (member := stretch.member) is not None:
        return [_Who(f"p{member.person}", member.name, member.kind, member.person, stretch.local_speaker)]
    return [_Who(f"s{stretch.local_speaker}", local_speaker=stretch.local_speaker)]


def lanes_of(stretches: Iterable[Stretch]) -> tuple[Lane, ...]:
    """A lane for each: those with a name first, sounds and who is ignored last; who speaks longest before others."""
    found: dict[str, list[Stretch]] = {}
    known: dict[str, _Who] = {}
    for stretch in stretches:
        for who in _who(stretch):
            found.setdefault(who.key, []).append(stretch)
            known.setdefault(who.key, who)

    def place(key: str) -> tuple[bool, bool, float, str]:
        seconds = sum(one.end_s - one.start_s for one in found[key])
        return known[key].kind != PERSON, known[key].name is None, -seconds, key

    return tuple(
        Lane(
            key=key,
            name=known[key].name,
            kind=known[key].kind,
            person=known[key].person,
            local_speaker=known[key].local_speaker,
            stretches=tuple(found[key]),
            colour=number % COLOURS,
        )
        for number, key in enumerate(sorted(found, key=place))
    )


def faults_of(notes: Sequence[str]) -> tuple[Fault, ...]:
    """What the notes of a recording tell; a clock in them, as the account of the audio writes it, is the place."""
    faults = []
    for note in notes:
        at = _AT.search(note)
        if at is None:
            faults.append(Fault(note, None, 0.0))
        else:
            hours, minutes, seconds, length = at.groups()
            start_s = 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)
            faults.append(Fault(note, start_s, float(length or 0.0)))
    return tuple(faults)


def _short(number: float) -> str:
    """A tenth of a second is enough for a picture."""
    return f"{number:.1f}".removesuffix(".0")
