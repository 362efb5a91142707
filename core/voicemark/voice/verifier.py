"""A second opinion: where the fast network is in doubt, a stronger one hears the same turn again.

Only turns whose fast score for some voice lies within `band` of its threshold are read again from the recording. A
score that was in doubt becomes the mean of both opinions, on the fast network's scale: the verifier counts as far above
or below the threshold as it was above or below its own. Two networks err on different strangers; either alone would let
through what the other knows better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.match import centroid

JOIN_S = 5.0  # doubtful turns nearer than this are read in one go
MOST_S = 120.0  # of one read, but for a single turn that is longer

ReadAudio = Callable[[float, float], NDArray[np.float32]]
"""(start_s, end_s) of the recording → mono samples at the verifier's rate; shorter where the recording ends."""


@dataclass(frozen=True)
class Verifier:
    """A stronger encoder, the voices as it hears them, and where it draws the line.

    `memories` are its own embeddings of the same samples, (m_i, d) with rows of length 1, one per voice and in
    the order of the scores. `band` is on the fast scale, `threshold` is a plain cosine of its own.
    """

    encoder: SpeakerEncoder
    memories: Sequence[Tensor]
    threshold: float
    band: float

    @cached_property
    def centres(self) -> Tensor:
        """The middles (voices, d) of the memories, of length 1."""
        return torch.stack([centroid(memory) for memory in self.memories])

    def hear(self, audio: NDArray[np.float32]) -> Tensor | None:
        """Its scores (voices,) of a turn (samples,), from windows side by side; None of one too short for it."""
        length = round(self.encoder.window_s * self.encoder.sample_rate)
        count = len(audio) // length
        if not count:
            return None
        spare = (len(audio) - count * length) // 2
        windows = audio[spare : spare + count * length].reshape(count, length)
        direction = centroid(self.encoder.embed_windows(np.ascontiguousarray(windows)))
        return self.centres.to(direction) @ direction


def in_doubt(scores: Tensor, thresholds: Tensor, band: float) -> Tensor:
    """(voices, s) scores and (voices,) thresholds → (s,): turns where some voice's score is within the band."""
    return ((scores - thresholds[:, None]).abs() <= band).any(dim=0)


def groups(turns: Sequence[int], borders: Sequence[float]) -> list[list[int]]:
    """Ascending turn numbers, those that are read in one go together: near each other, and not too much."""
    together: list[list[int]] = []
    for one in turns:
        near = together and borders[one] - borders[together[-1][-1] + 1] <= JOIN_S
        if near and borders[one + 1] - borders[together[-1][0]] <= MOST_S:
            together[-1].append(one)
        else:
            together.append([one])
    return together


def second_opinion(
    scores: Tensor, thresholds: Tensor, borders: Sequence[float], verifier: Verifier, read: ReadAudio
) -> Tensor:
    """Scores (voices, s), the doubtful ones averaged with the verifier's.

    Stretch k lasts from `borders[k]` to `borders[k + 1]` seconds. A voice whose own score is outside the band keeps
    it, also in a turn that is heard again for another. Turns too short for the verifier keep their scores. Reads
    nothing where nothing is in doubt; what `read` raises is passed on.
    """
    if scores.numel() == 0 or not verifier.memories:
        return scores
    result = scores.clone()
    doubtful = torch.nonzero(in_doubt(scores, thresholds, verifier.band)).flatten().tolist()
    rate = verifier.encoder.sample_rate
    for group in groups(doubtful, borders):
        begin_s = borders[group[0]]
        audio = read(begin_s, borders[group[-1] + 1])
        for one in group:
            first, last = (round((borders[edge] - begin_s) * rate) for edge in (one, one + 1))
            said = verifier.hear(audio[first:last])
            if said is None:
                continue
            verified = (scores[:, one] + thresholds + said.to(scores) - verifier.threshold) / 2
            near = (scores[:, one] - thresholds).abs() <= verifier.band
            result[:, one] = torch.where(near, verified, scores[:, one])
    return result
