"""From time stamps to the time that a player shows: holes are filled, splices are closed up.

Decoded audio arrives in pieces, each with the time stamp that the broadcaster gave it. A clean stream is one
piece after another. In a damaged one

- packets are missing, and the next piece comes late: a **hole**, filled with silence, because a player's clock
  runs on over it;
- a piece comes again or a little early: an **overlap**, dropped;
- the clock jumps far ahead or back: a **splice** (the broadcaster or an editor joined two streams), closed up,
  because no time has passed there.

What is "far" cannot be read from the stream. A jump ahead is a hole while it is no longer than `max_hole_s` and all
holes together stay within what is plausible (`Plausible`), and a splice otherwise. How far a clock jumped back is not
known at once either, because ffmpeg holds time stamps at the latest one until they catch up: early audio is held here,
and dropped if the clock has caught up within `MAX_OVERLAP_S`, else laid as a splice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
JITTER = round(0.08 * SAMPLE_RATE)
"""Time stamps wander by a frame or two; only a longer difference means that something is missing."""
MAX_OVERLAP_S = 2.0
DURATION_SLACK_S = 1800.0
"""Margins before and after the programme, and programmes that overrun."""
GAP_SAMPLES = 10 * SAMPLE_RATE
"""A shorter hole is filled with zeros, a longer one is a `Gap`, which takes no memory and no network time."""
WRAP = round((1 << 33) / 90_000 * SAMPLE_RATE)
"""Samples after which the clock of a transport stream begins anew (33 bits at 90 kHz)."""


@dataclass(frozen=True)
class Gap:
    """Silence that stands for lost signal, by its length alone."""

    length: int
    """Samples."""

    def __len__(self) -> int:
        return self.length

    def samples(self) -> Samples:
        """The silence itself."""
        return np.zeros(self.length, np.float32)


Sound = Samples | Gap
"""What a recording consists of: samples, and long holes between them."""


@dataclass(frozen=True)
class Piece:
    """Decoded audio that is whole in itself: its first sample belongs to time stamp `pts` (in samples)."""

    pts: int
    samples: Samples


CLOSED_UP = "(closed up"
"""What the words for a break have in them where the clock of the stream jumped and the player's did not."""


@dataclass(frozen=True)
class Break:
    """A place where the stream's clock and its audio do not agree. Seconds; `length_s` as the clock jumped."""

    kind: str
    """`hole`, `overlap`, `splice`, or `files` where another file begins with another clock."""
    at_s: float
    length_s: float
    reason: str = ""
    """Why there is a hole, in words, where that is known."""

    def __str__(self) -> str:
        at = clock(self.at_s)
        if self.kind == "hole":
            return f"{self.reason or 'signal lost'} at {at} for {self.length_s:.1f} s"
        if self.kind == "overlap":
            return f"audio came twice at {at} for {-self.length_s:.1f} s"
        if self.kind == "files":
            return f"another file begins at {at}, with a clock that is {self.length_s:+.1f} s off {CLOSED_UP})"
        because = f": {self.reason}" if self.reason else ""
        return f"time stamps jump by {self.length_s:+.1f} s at {at} {CLOSED_UP}{because})"


def clock(seconds: float) -> str:
    """`1:02:03.4` or `2:03.4`."""
    tenths = round(10 * seconds)
    hours, rest = divmod(tenths, 36_000)
    minutes, tenths = divmod(rest, 600)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{tenths // 10:02}.{tenths % 10}"


@dataclass(frozen=True)
class Plausible:
    """How much lost signal a recording can hold, by those who can know; None where one does not."""

    max_hole_s: float
    expected_s: float | None = None
    """By the recorder: of the timer or the programme."""
    dated_s: float | None = None
    """From the recording's beginning to the last change of its files."""

    def fits(self, hole_s: float, filled_s: float, heard_s: float) -> bool:
        """Whether a hole of `hole_s` is possible where `heard_s` have been heard and `filled_s` been filled before.

        Of the two that know a length the longer one holds, as either may be wrong. What is filled may besides be no
        longer than what was heard, and one long hole: that is what the bytes say, which are there for what was heard.
        """
        if hole_s > self.max_hole_s or filled_s + hole_s > heard_s + self.max_hole_s:
            return False
        known = [length for length in (self.expected_s, self.dated_s) if length is not None]
        return not known or heard_s + filled_s + hole_s <= max(known) + DURATION_SLACK_S


@dataclass
class Timeline:
    """Lays pieces on the player's clock; 0 is `origin`, the time stamp (in samples) of the recording's start.

    Give it the pieces in decoding order through `lay`, then call `finish`; afterwards `duration_s` and `breaks` are
    known.
    """

    origin: int
    plausible: Plausible
    wrap: int | None = None
    """Samples after which time stamps begin anew, where they do: decoders that follow each other do not know of it."""
    breaks: list[Break] = field(default_factory=list)
    written: int = 0
    """Samples laid so far: where the next piece belongs."""
    filled: int = 0
    """Those of them that are silence for what was lost."""
    _held: list[Samples] = field(default_factory=list)
    _last_pts: int | None = None
    _jumped_back: bool = False

    @property
    def duration_s(self) -> float:
        """Player's time at the end of what has been laid."""
        return self.written / SAMPLE_RATE

    def begin_with(self, piece: Piece) -> None:
        """Begin where `piece` belongs instead of at the recording's start (after seeking)."""
        self.written = max(0, self._unwrapped(piece.pts) - self.origin)

    def begin_file(self, start: int, after: int = 0) -> None:
        """Another file begins, whose clock's `start` (samples) follows `after` samples behind what has been laid."""
        self.origin = start - self.written - after
        self._last_pts, self._jumped_back = None, False

    def continued(self, piece: Piece) -> Piece:
        """`piece` of a stream that follows another, without what that one has told already; perhaps empty."""
        early = -self.ahead(piece)
        if not 0 < early <= MAX_OVERLAP_S * SAMPLE_RATE:
            return piece
        return Piece(piece.pts + early, piece.samples[early:])

    def ahead(self, piece: Piece) -> int:
        """Samples by which `piece` comes late; negative where it comes early."""
        return self._unwrapped(piece.pts) - self.origin - self.written

    def close_up(self, piece: Piece, kind: str, reason: str = "") -> None:
        """What comes next belongs here, whatever its time stamp says."""
        ahead = self.ahead(piece)
        self._note(kind, ahead, reason)
        self.origin += ahead

    def lay(self, piece: Piece, reason: str = "") -> Iterator[Sound]:
        """What continues the recording: silence for a hole first, then the piece. `reason` is why there is a hole."""
        ahead = self.ahead(piece)
        stopped = piece.pts == self._last_pts
        self._last_pts = piece.pts
        self._jumped_back &= stopped
        if ahead < -JITTER:
            yield from self._follow(piece, ahead) if self._jumped_back else self._hold(piece)
            return
        if self._held:
            self._note("overlap", -self._held_length)
            self._held.clear()
        if ahead > JITTER:
            if self._can_fill(ahead):
                self._note("hole", ahead, reason)
                yield from self._silence(ahead)
            else:
                self._note("splice", ahead, "" if ahead > self.plausible.max_hole_s * SAMPLE_RATE else "implausible")
                self.origin += ahead
        yield self._write(piece.samples)

    def finish(self) -> Iterator[Sound]:
        """What was still held when the recording ended."""
        yield from map(self._write, self._held)
        self._held.clear()

    @property
    def _held_length(self) -> int:
        return sum(map(len, self._held))

    def _unwrapped(self, pts: int) -> int:
        """The time stamp of those that `pts` may be which is nearest to where the next piece belongs."""
        if not self.wrap:
            return pts
        return pts - round((pts - self.origin - self.written) / self.wrap) * self.wrap

    def _hold(self, early: Piece) -> Iterator[Sound]:
        """Keep early audio back; when it is too much for an overlap, the clock has jumped back: lay it all."""
        self._held.append(early.samples)
        if self._held_length > MAX_OVERLAP_S * SAMPLE_RATE:
            self._note("splice", -self._held_length)
            yield from self.finish()
            self.origin = early.pts + len(early.samples) - self.written
            self._jumped_back = True

    def _follow(self, early: Piece, ahead: int) -> Iterator[Sound]:
        """Lay the rest of a long jump back, in which the clock stands still."""
        jump = self.breaks[-1]
        self.breaks[-1] = replace(jump, length_s=jump.length_s + ahead / SAMPLE_RATE)
        self.origin += ahead
        yield self._write(early.samples)

    def _can_fill(self, ahead: int) -> bool:
        heard = self.written - self.filled
        return self.plausible.fits(ahead / SAMPLE_RATE, self.filled / SAMPLE_RATE, heard / SAMPLE_RATE)

    def _note(self, kind: str, length: int, reason: str = "") -> None:
        self.breaks.append(Break(kind, self.duration_s, length / SAMPLE_RATE, reason))

    def _write(self, samples: Samples) -> Samples:
        self.written += len(samples)
        return samples

    def _silence(self, length: int) -> Iterator[Sound]:
        gap = Gap(length)
        self.written += length
        self.filled += length
        yield gap if length > GAP_SAMPLES else gap.samples()
