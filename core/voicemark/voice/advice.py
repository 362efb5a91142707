"""What an owner should know about samples before trusting the markers: too few, too mixed, too close to another.

Every warning carries the figures that it rests on, on the calibrated scale of the thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from voicemark.voice.calibration import Calibration, memory_scores

FEWEST_ROWS = 16  # windows, one each half second: about ten seconds of speech
NEIGHBOURS = 4  # windows on either side share audio with a window: they prove nothing about it
FOUND_SHARE = 0.8  # of a voice's own windows must be found by the others
CONFUSED_SHARE = 0.2  # of another voice's windows may be taken for this one's


@dataclass(frozen=True)
class Advice:
    """A warning about one voice, in a sentence with its figures."""

    voice: str
    text: str


def advise(
    names: Sequence[str],
    memories: Sequence[Tensor],
    thresholds: Sequence[float],
    calibration: Calibration,
    top_k: int,
) -> list[Advice]:
    """Warnings for every voice from its memory (m, d), rows of length 1 in the order of its samples."""
    return [
        advice
        for voice in range(len(names))
        for advice in (
            *_too_few(names[voice], memories[voice]),
            *_too_mixed(names[voice], memories[voice], thresholds[voice], _only(calibration, voice), top_k),
            *_too_close(voice, names, memories, thresholds, _only(calibration, voice), top_k),
        )
    ]


def _too_few(name: str, memory: Tensor) -> list[Advice]:
    if len(memory) >= FEWEST_ROWS:
        return []
    return [
        Advice(name, f"only {len(memory)} windows of speech: {FEWEST_ROWS} are the least, 60 (half a minute) are good")
    ]


def own_scores(memory: Tensor, top_k: int) -> Tensor:
    """Every row's mean of the best `top_k` cosines with the rows that share no audio with it: (m, d) → (m,).

    Empty where there are too few rows to leave neighbours out.
    """
    count = len(memory)
    if count < 2 * NEIGHBOURS + 2:
        return torch.zeros(0)
    place = torch.arange(count)
    near = (place[:, None] - place[None, :]).abs() <= NEIGHBOURS
    cosines = (memory @ memory.T).masked_fill(near, -2.0)
    k = min(top_k, count - 2 * NEIGHBOURS - 1)
    return cosines.topk(k, dim=1).values.mean(dim=1)


def _too_mixed(name: str, memory: Tensor, threshold: float, calibration: Calibration, top_k: int) -> list[Advice]:
    own = own_scores(memory.cpu(), top_k)
    if not len(own):
        return []
    scores = calibration.apply(own[None])[0]
    found = float((scores >= threshold).float().mean())
    if found >= FOUND_SHARE:
        return []
    return [
        Advice(
            name,
            f"samples differ: by the others only {100 * found:.0f} % of their windows would be found "
            f"(median {float(scores.median()):.2f}, threshold {threshold:.2f}); is somebody else heard in one?",
        )
    ]


def _too_close(
    voice: int,
    names: Sequence[str],
    memories: Sequence[Tensor],
    thresholds: Sequence[float],
    calibration: Calibration,
    top_k: int,
) -> list[Advice]:
    warnings = []
    memory = memories[voice].cpu()
    for other, theirs in enumerate(memories):
        if other == voice or not len(theirs) or not len(memory):
            continue
        scores = calibration.apply(memory_scores(memory, theirs.cpu(), top_k)[None])[0]
        confused = float((scores >= thresholds[voice]).float().mean())
        if confused > CONFUSED_SHARE:
            warnings.append(
                Advice(
                    names[voice],
                    f"close to {names[other]}: {100 * confused:.0f} % of that voice's windows score above "
                    f"{thresholds[voice]:.2f} (median {float(scores.median()):.2f}); is it the same person?",
                )
            )
    return warnings


def _only(calibration: Calibration, voice: int) -> Calibration:
    return Calibration(
        calibration.offset[voice : voice + 1].cpu(), calibration.scale[voice : voice + 1].cpu(), calibration.base
    )
