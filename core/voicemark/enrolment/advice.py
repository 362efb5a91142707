"""What an owner should know about samples before trusting the markers: too few, too mixed, too close to another.

Every warning carries the figures that it rests on, on the scale of the thresholds: as a recording's turns of
four seconds would score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from voicemark.enrolment.standing import Standing

FEWEST_ROWS = 16  # windows, one each half second: about ten seconds of speech
FOUND_SHARE = 0.8  # of a voice's own pieces must be found by the others
CONFUSED_SHARE = 0.2  # of another voice's pieces may be taken for this one's
MOST_NAMED = 5  # voices that one is close to: where there are more, it is no question of two names


@dataclass(frozen=True)
class Advice:
    """A warning about one voice, in a sentence with its figures."""

    voice: str
    text: str


def advise(
    names: Sequence[str], memories: Sequence[Tensor], thresholds: Sequence[float], standing: Standing
) -> list[Advice]:
    """Warnings for every voice from its memory (m, d), and how it stands among the others."""
    return [
        advice
        for voice in range(len(names))
        for advice in (
            *_too_few(names[voice], memories[voice]),
            *_too_mixed(names[voice], standing.own[voice], thresholds[voice]),
            *_too_close(voice, names, thresholds[voice], standing),
        )
    ]


def too_close(voice: int, standing: Standing) -> list[int]:
    """The voices of whose pieces too many would be taken for this one's, the most confused first."""
    shares = standing.confused[voice]
    found = (shares > CONFUSED_SHARE).nonzero().flatten().tolist()
    return sorted(found, key=lambda other: -float(shares[other]))


def _too_few(name: str, memory: Tensor) -> list[Advice]:
    if len(memory) >= FEWEST_ROWS:
        return []
    return [
        Advice(name, f"only {len(memory)} windows of speech: {FEWEST_ROWS} are the least, 60 (half a minute) are good")
    ]


def _too_mixed(name: str, own: Tensor, threshold: float) -> list[Advice]:
    if not len(own):
        return []
    found = float((own >= threshold).float().mean())
    if found >= FOUND_SHARE:
        return []
    return [
        Advice(
            name,
            f"samples differ: by the others only {100 * found:.0f} % of their parts would be found "
            f"(median {float(own.median()):.2f}, threshold {threshold:.2f}); is somebody else heard in one?",
        )
    ]


def _too_close(voice: int, names: Sequence[str], threshold: float, standing: Standing) -> list[Advice]:
    close = too_close(voice, standing)
    warnings = [
        Advice(
            names[voice],
            f"close to {names[other]}: {100 * float(standing.confused[voice, other]):.0f} % of that voice's samples "
            f"score above {threshold:.2f} (median {float(standing.scores(voice, other).median()):.2f}); "
            "is it the same person?",
        )
        for other in close[:MOST_NAMED]
    ]
    if (more := len(close) - MOST_NAMED) > 0:
        warnings.append(Advice(names[voice], f"close to {more} more voices; is its threshold too low?"))
    return warnings
