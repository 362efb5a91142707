"""A second opinion: where the fast network is in doubt about somebody, a stronger one hears that person again.

In doubt of a voice is a local speaker whose fast score lies within `band` of its threshold, or above it and yet far
below what the voice's surest person reaches. Of such a one at most MOST_WINDOWS windows are heard again
(`voicemark.voice.listening`), and the score becomes

    fast + w · (threshold + verifier − its threshold − fast),   w = n / (2 n + 1) for n windows

the mean of both opinions, nearly, on the fast network's scale: the verifier counts as far above or below the threshold
as it was above or below its own, and one window of it counts less than six. All turns of a person move alike. Two
networks err on different strangers; either alone would let through what the other knows better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.diarization import Diarization
from voicemark.voice.listening import where_to_listen
from voicemark.voice.match import centroid
from voicemark.voice.naming import without_alike

MOST_WINDOWS = 6
JOIN_S = 5.0  # windows nearer than this are read in one go
SPARE_S = 0.01  # read beyond the last, since moments are rounded to samples

ReadAudio = Callable[[float, float], NDArray[np.float32]]
"""(start_s, end_s) of the recording → mono samples at the verifier's rate; shorter where the recording ends."""


@dataclass(frozen=True)
class Verifier:
    """A stronger encoder, the voices as it hears them, and where it draws the line.

    `memories` are its own embeddings of the same samples, (m_i, d) with rows of length 1, one per voice and in
    the order of the scores; none of a voice that has no samples, of which it says nothing. `band` is on the fast scale,
    `threshold` is a plain cosine of its own.
    """

    encoder: SpeakerEncoder
    memories: Sequence[Tensor]
    threshold: float
    band: float

    @cached_property
    def centres(self) -> Tensor:
        """The middles (voices, d) of the memories, of length 1."""
        return torch.stack([centroid(memory) for memory in self.memories])

    @cached_property
    def knows(self) -> Tensor:
        """(voices,): of which it has a memory."""
        return torch.tensor([len(memory) > 0 for memory in self.memories])

    def hear(self, windows: NDArray[np.float32]) -> Tensor:
        """Its scores (voices,) of somebody's windows (n, samples), n at least 1."""
        direction = centroid(self.encoder.embed_windows(np.ascontiguousarray(windows)))
        return self.centres.to(direction) @ direction


def second_opinion(
    scores: Tensor,
    thresholds: Tensor,
    found: Diarization,
    moments: Sequence[float],
    verifier: Verifier,
    read: ReadAudio,
) -> Tensor:
    """Scores (voices, t), those that were in doubt moved by what the verifier says.

    Turn k lasts from `moments[k]` to `moments[k + 1]` seconds. Who never speaks for a whole window keeps the scores.
    Reads nothing where nothing is in doubt; what `read` raises is passed on.
    """
    if scores.numel() == 0 or not verifier.memories:
        return scores
    usual = _of_people(scores, found)
    lowered = _of_people(without_alike(scores, found), found) < usual
    near = usual >= thresholds[:, None] - verifier.band
    doubtful = verifier.knows[:, None] & near & (lowered | (usual <= thresholds[:, None] + verifier.band))
    result = scores.clone()
    for person in torch.nonzero(doubtful.any(dim=0)).flatten().tolist():
        windows = _windows(found, moments, person, verifier.encoder, read)
        if not len(windows):
            continue
        said = thresholds + verifier.hear(windows).to(scores) - verifier.threshold
        moved = (said - usual[:, person]) * len(windows) / (2 * len(windows) + 1)
        turns = np.flatnonzero(found.speakers == person)
        result[:, turns] += torch.where(doubtful[:, person], moved, 0.0)[:, None]
    return result


def _of_people(scores: Tensor, found: Diarization) -> Tensor:
    """The mean scores (voices, p) of each local speaker's windows, from those of the turns (voices, t)."""
    mine = torch.zeros(len(found), len(found.people))
    spoken = np.flatnonzero(~found.silent)
    mine[spoken, found.speakers[spoken]] = torch.from_numpy(found.lengths[spoken]).float()
    return scores @ (mine / mine.sum(dim=0).clamp_min(1))


def _windows(
    found: Diarization, moments: Sequence[float], person: int, encoder: SpeakerEncoder, read: ReadAudio
) -> NDArray[np.float32]:
    """Windows (n, samples) of the person, neighbours read in one go, less those that the recording cuts off."""
    spans = where_to_listen(found, moments, person, at_most=MOST_WINDOWS, span_s=encoder.window_s)
    starts = [start for start, end in spans if end - start > encoder.window_s - 1e-6]
    length = round(encoder.window_s * encoder.sample_rate)
    rows = []
    for group in groups(starts, encoder.window_s):
        audio = read(group[0], group[-1] + encoder.window_s + SPARE_S)
        for start_s in group:
            first = round((start_s - group[0]) * encoder.sample_rate)
            if first + length <= len(audio):
                rows.append(audio[first : first + length])
    return np.stack(rows) if rows else np.zeros((0, length), np.float32)


def groups(starts: Sequence[float], window_s: float) -> list[list[float]]:
    """Ascending starts of windows, those near each other together."""
    together: list[list[float]] = []
    for start_s in starts:
        if together and start_s - together[-1][-1] - window_s <= JOIN_S:
            together[-1].append(start_s)
        else:
            together.append([start_s])
    return together
