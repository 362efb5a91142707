"""A second opinion: where the fast network is in doubt about somebody, a stronger one hears that person again.

Only local speakers whose fast score for some voice lies within `band` of its threshold are read again from the
recording: at most MOST_WINDOWS windows of each (`voicemark.voice.listening`). A score that was in doubt becomes the
mean of both opinions, on the fast network's scale: the verifier counts as far above or below the threshold as it was
above or below its own, and what it says moves all turns of that person alike. Two networks err on different strangers;
either alone would let through what the other knows better.
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
from voicemark.voice.match import centre

MOST_WINDOWS = 6
JOIN_S = 5.0  # windows nearer than this are read in one go

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
        return torch.stack([centre(memory) for memory in self.memories])

    def hear(self, windows: NDArray[np.float32]) -> Tensor:
        """Its scores (voices,) of somebody's windows (n, samples), n at least 1."""
        direction = centre(self.encoder.embed_windows(np.ascontiguousarray(windows)))
        return self.centres.to(direction) @ direction


def second_opinion(
    scores: Tensor,
    lowered: Tensor,
    thresholds: Tensor,
    found: Diarization,
    moments: Sequence[float],
    verifier: Verifier,
    read: ReadAudio,
) -> Tensor:
    """Scores (voices, t): `lowered`, and for doubtful people the mean of `scores` and the verifier's.

    In doubt is who lies within the band of a voice's threshold, or above it and was lowered for being less like the
    voice than others (`voicemark.voice.naming.without_alike`). Turn k lasts from `moments[k]` to `moments[k + 1]`
    seconds. A voice that is in no doubt of a person keeps its score, also of one who is heard again for another voice;
    so does who never speaks for a whole window. Reads nothing where nothing is in doubt; what `read` raises is passed
    on.
    """
    if scores.numel() == 0 or not verifier.memories:
        return lowered
    result = lowered.clone()
    for person in range(len(found.people)):
        turns = np.flatnonzero(found.speakers == person)
        if not len(turns):
            continue
        weights = torch.from_numpy(found.lengths[turns]).to(scores)
        usual = (scores[:, turns] * weights).sum(dim=1) / weights.sum()
        disputed = (lowered[:, turns] < scores[:, turns]).any(dim=1) & (usual >= thresholds - verifier.band)
        doubtful = ((usual - thresholds).abs() <= verifier.band) | disputed
        if not bool(doubtful.any()):
            continue
        windows = _windows(found, moments, person, verifier.encoder, read)
        if not len(windows):
            continue
        said = thresholds + verifier.hear(windows).to(scores) - verifier.threshold
        both = scores[:, turns] + ((said - usual) / 2)[:, None]
        result[:, turns] = torch.where(doubtful[:, None], both, lowered[:, turns])
    return result


def _windows(
    found: Diarization, moments: Sequence[float], person: int, encoder: SpeakerEncoder, read: ReadAudio
) -> NDArray[np.float32]:
    """Windows (n, samples) of the person, neighbours read in one go, less those that the recording cuts off."""
    spans = where_to_listen(found, moments, person, at_most=MOST_WINDOWS, span_s=encoder.window_s)
    starts = [start for start, end in spans if end - start > encoder.window_s - 1e-6]
    length = round(encoder.window_s * encoder.sample_rate)
    rows = []
    for group in groups(starts, encoder.window_s):
        audio = read(group[0], group[-1] + encoder.window_s)
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
