"""How much of the truth the markers tell: in tenths of a second, half a second around each border left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voicemark.demo.compose import Turn
from voicemark.store.queries import MarkerView

STEP_S = 0.1
COLLAR_S = 0.5


@dataclass(frozen=True)
class Score:
    """Time is summed over the enrolled voices."""

    turns: int
    found: int
    precision: float
    recall: float
    false_s: float

    def __str__(self) -> str:
        return (
            f"{self.found} of {self.turns} turns of the enrolled voices found; {self.recall:.0%} of the time they "
            f"speak is marked, {self.precision:.0%} of the marked time is right ({self.false_s:.1f} s are not)"
        )


def score(turns: Sequence[Turn], markers: Sequence[MarkerView]) -> Score:
    """Compare `markers` with the composed `turns`."""
    steps = round(max(turn.end_s for turn in turns) / STEP_S) + 600
    hit = false = missed = found = wanted = 0
    for name in sorted({turn.person for turn in turns if turn.wanted}):
        mine = [turn for turn in turns if turn.person == name]
        said = [marker for marker in markers if marker.speaker == name]
        truth, marked, ignored = (np.zeros(steps, bool) for _ in range(3))
        for turn in mine:
            truth[_steps(turn.start_s, turn.end_s)] = True
            for border in (turn.start_s, turn.end_s):
                ignored[_steps(border - COLLAR_S, border + COLLAR_S)] = True
            wanted += 1
            found += any(marker.start_s < turn.end_s and marker.end_s > turn.start_s for marker in said)
        for marker in said:
            marked[_steps(marker.start_s, marker.end_s)] = True
        hit += int((truth & marked & ~ignored).sum())
        false += int((~truth & marked & ~ignored).sum())
        missed += int((truth & ~marked & ~ignored).sum())
    return Score(
        turns=wanted,
        found=found,
        precision=hit / (hit + false) if hit + false else 0.0,
        recall=hit / (hit + missed) if hit + missed else 0.0,
        false_s=false * STEP_S,
    )


def _steps(start_s: float, end_s: float) -> slice:
    return slice(max(0, round(start_s / STEP_S)), max(0, round(end_s / STEP_S)))
