"""From time stamps to the time that a player shows: holes are filled, splices are closed up.

Decoded audio arrives in pieces, each with the time stamp that the broadcaster gave it. A clean stream is one
piece after another. In a damaged one

- packets are missing, and the next piece comes late: a **hole**, filled with silence, because a player's clock
  runs on over it;
- a piece comes again or a little early: an **overlap**, dropped;
- the clock jumps far ahead or back: a **splice** (the broadcaster or an editor joined two streams), closed up,
  because no time has passed there.

What is "far" cannot be read from the stream. A jump ahead is a hole while it is no longer than `max_hole_s` and the
recording stays within its expected duration, and a splice otherwise. How far a clock jumped back is not known at
once either, because ffmpeg holds time stamps at the latest one until they catch up: early audio is held here, and
dropped if the clock has caught up within `MAX_OVERLAP_S`, else laid as a splice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 16_000
JITTER = round(0.08 * SAMPLE_RATE)
"""Time stamps wander by a frame or two; only a longer difference means that something is missing."""
MAX_OVERLAP_S = 2.0
DURATION_SLACK_S = 1800.0
"""Margins before and after the programme, and programmes that overrun."""
SILENCE_BLOCK = 10 * SAMPLE_RATE
"""A hole is filled in blocks of this many samples, so that memory stays small."""


@dataclass(frozen=True)
class Piece:
    """Decoded audio that is whole in itself: its first sample belongs to time stamp `pts` (in samples)."""

    pts: int
    samples: Samples


@dataclass(frozen=True)
class Break:
    """A place where the stream's clock and its audio do not agree. Seconds; `length_s` as the clock jumped."""

    kind: str
    """`hole`, `overlap` or `splice`."""
    at_s: float
    length_s: float

    def __str__(self) -> str:
        minutes, seconds = divmod(self.at_s, 60)
        at = f"{minutes:.0f}:{seconds:04.1f}"
        if self.kind == "hole":
            return f"signal lost at {at} for {self.length_s:.1f} s"
        if self.kind == "overlap":
            return f"audio came twice at {at} for {-self.length_s:.1f} s"
        return f"time stamps jump by {self.length_s:+.1f} s at {at} (closed up)"


@dataclass
class Timeline:
    """Lays pieces on the player's clock; 0 is `origin`, the time stamp (in samples) of the recording's start.

    Give it the pieces in decoding order through `lay`, then call `finish`; afterwards `duration_s` and `breaks` are
    known.
    """

    origin: int
    max_hole_s: float
    expected_duration_s: float | None = None
    breaks: list[Break] = field(default_factory=list)
    written: int = 0
    """Samples laid so far: where the next piece belongs."""
    _held: list[Samples] = field(default_factory=list)
    _last_pts: int | None = None
    _jumped_back: bool = False

    @property
    def duration_s(self) -> float:
        """Player's time at the end of what has been laid."""
        return self.written / SAMPLE_RATE

    def begin_with(self, piece: Piece) -> None:
        """Begin where `piece` belongs instead of at the recording's start (after seeking)."""
        self.written = max(0, piece.pts - self.origin)

    def lay(self, piece: Piece) -> Iterator[Samples]:
        """The samples that continue the recording: silence for a hole first, then the piece."""
        ahead = piece.pts - self.origin - self.written
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
                self._note("hole", ahead)
                yield from self._silence(ahead)
            else:
                self._note("splice", ahead)
                self.origin += ahead
        yield self._write(piece.samples)

    def finish(self) -> Iterator[Samples]:
        """What was still held when the recording ended."""
        yield from map(self._write, self._held)
        self._held.clear()

    @property
    def _held_length(self) -> int:
        return sum(map(len, self._held))

    def _hold(self, early: Piece) -> Iterator[Samples]:
        """Keep early audio back; when it is too much for an overlap, the clock has jumped back: lay it all."""
        self._held.append(early.samples)
        if self._held_length > MAX_OVERLAP_S * SAMPLE_RATE:
            self._note("splice", -self._held_length)
            yield from self.finish()
            self.origin = early.pts + len(early.samples) - self.written
            self._jumped_back = True

    def _follow(self, early: Piece, ahead: int) -> Iterator[Samples]:
        """Lay the rest of a long jump back, in which the clock stands still."""
        jump = self.breaks[-1]
        self.breaks[-1] = Break(jump.kind, jump.at_s, jump.length_s + ahead / SAMPLE_RATE)
        self.origin += ahead
        yield self._write(early.samples)

    def _can_fill(self, ahead: int) -> bool:
        if ahead > self.max_hole_s * SAMPLE_RATE:
            return False
        if self.expected_duration_s is None:
            return True
        return (self.written + ahead) / SAMPLE_RATE <= self.expected_duration_s + DURATION_SLACK_S

    def _note(self, kind: str, length: int) -> None:
        self.breaks.append(Break(kind, self.duration_s, length / SAMPLE_RATE))

    def _write(self, samples: Samples) -> Samples:
        self.written += len(samples)
        return samples

    def _silence(self, length: int) -> Iterator[Samples]:
        while length > 0:
            block = np.zeros(min(length, SILENCE_BLOCK), np.float32)
            length -= len(block)
            yield self._write(block)
