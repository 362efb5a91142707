"""A second opinion: where the fast network is in doubt, a stronger one hears the same windows again.

Only windows whose smoothed fast score lies within `band` of the threshold are read again from the recording. A
re-scored window is put back on the fast network's scale, as far above or below its threshold as the judge was above or
below its own, and before smoothing, so that smoothing and hysteresis go on as if nothing had happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.voice.calibration import memory_scores

JOIN_S = 5.0  # doubtful windows nearer than this are read in one go
MOST_WINDOWS = 256  # of one read: about two minutes of audio in memory

ReadAudio = Callable[[float, float], NDArray[np.float32]]
"""(start_s, end_s) of the recording → mono samples at the judge's rate; shorter where the recording ends."""


class JudgingEncoder(Protocol):
    """What a judge must offer; `voicemark.voice.onnx_encoder.OnnxEncoder` does, and our own encoder too."""

    @property
    def sample_rate(self) -> int: ...

    @property
    def window_s(self) -> float: ...

    def embed_windows(self, batch: NDArray[np.float32]) -> Tensor: ...


@dataclass(frozen=True)
class Judge:
    """A stronger encoder, the voices as it hears them, and where it draws the line.

    `memories` are its own embeddings of the same samples, (m_i, d) with rows of length 1, one per voice and in
    the order of the scores. `band` is on the fast scale, `threshold` is the mean of its own `top_k` cosines.
    """

    encoder: JudgingEncoder
    memories: Sequence[Tensor]
    threshold: float
    band: float
    top_k: int = 5

    def rescore(self, windows: NDArray[np.float32]) -> Tensor:
        """Audio of n windows (n, samples) → the judge's own scores (voices, n)."""
        embeddings = self.encoder.embed_windows(windows)
        return torch.stack([memory_scores(memory, embeddings, self.top_k) for memory in self.memories])


def in_doubt(scores: Tensor, thresholds: Tensor, band: float) -> Tensor:
    """(voices, n) scores and (voices,) thresholds → (n,): windows where some voice's score is within the band."""
    return ((scores - thresholds[:, None]).abs() <= band).any(dim=0)


def runs(windows: Sequence[int], most_gap: int, most: int = MOST_WINDOWS) -> list[list[int]]:
    """Ascending window numbers in groups: neighbours at most `most_gap` apart, at most `most` windows long."""
    groups: list[list[int]] = []
    for window in windows:
        if groups and window - groups[-1][-1] <= most_gap and window - groups[-1][0] < most:
            groups[-1].append(window)
        else:
            groups.append([window])
    return groups


def second_opinion(
    scores: Tensor,
    thresholds: Tensor,
    starts_s: NDArray[np.float64],
    judge: Judge,
    read: ReadAudio,
    smoothed: Tensor | None = None,
) -> Tensor:
    """Scores (voices, n) with the doubtful ones re-scored; `starts_s` (n,) says where each window starts.

    Doubt is read from `smoothed` (voices, n) where it is given, else from `scores` themselves. A voice whose own score
    is outside the band keeps it, also in a window that is read again for another. Windows that cannot be read whole
    keep their scores. Reads nothing where nothing is in doubt.
    """
    if scores.numel() == 0 or not judge.memories:
        return scores
    result = scores.clone()
    deciding = scores if smoothed is None else smoothed
    doubtful = torch.nonzero(in_doubt(deciding, thresholds, judge.band)).flatten().tolist()
    hop_s = float(starts_s[1] - starts_s[0]) if len(starts_s) > 1 else judge.encoder.window_s
    length = round(judge.encoder.window_s * judge.encoder.sample_rate)
    for group in runs(doubtful, max(1, round(JOIN_S / hop_s))):
        begin_s = float(starts_s[group[0]])
        audio = read(begin_s, float(starts_s[group[-1]]) + judge.encoder.window_s)
        offsets = [round((float(starts_s[window]) - begin_s) * judge.encoder.sample_rate) for window in group]
        whole = [k for k, offset in enumerate(offsets) if offset + length <= len(audio)]
        if not whole:
            continue
        heard = np.stack([audio[offsets[k] : offsets[k] + length] for k in whole])
        columns = torch.tensor([group[k] for k in whole])
        judged = thresholds[:, None] + judge.rescore(heard).to(scores.dtype) - judge.threshold  # (voices, whole)
        near = (deciding[:, columns] - thresholds[:, None]).abs() <= judge.band
        result[:, columns] = torch.where(near, judged, scores[:, columns])
    return result
