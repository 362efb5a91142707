"""A last linear step: directions in which one voice varies from window to window count less.

Within-class covariance normalisation (Hatch, Kajarekar, Stolcke, "Within-Class Covariance Normalization for SVM-based
Speaker Recognition", Interspeech 2006): the average covariance S of a speaker's windows, clean, under noise and
through a codec, is made a multiple of the identity by S^(-1/2). It folds into the network's affine layer, so it costs
nothing afterwards and the cosine stays the only comparison.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.features import LogMel
from voicemark.voice.network import SpeakerNet

SHRINK = 1.0  # of the mean variance that is added to every direction: with less, voices of other sources suffer


def within_class_whitening(embeddings: Tensor, labels: Tensor, shrink: float = SHRINK) -> tuple[Tensor, Tensor]:
    """Matrix (d, d) and mean (d,) such that (x - mean) @ matrix varies alike in all directions within a label.

    `embeddings` (n, d) before they are normalised to length 1, `labels` (n,). ValueError where no label has two rows.
    """
    x = embeddings.double()
    numbers, index = torch.unique(labels, return_inverse=True)
    counts = torch.zeros(len(numbers), dtype=torch.double).index_add_(0, index, torch.ones(len(x), dtype=torch.double))
    if len(x) == len(numbers):
        raise ValueError("within-class covariance needs a label with two rows")
    sums = torch.zeros(len(numbers), x.shape[1], dtype=torch.double).index_add_(0, index, x)
    rest = x - (sums / counts[:, None])[index]
    covariance = rest.T @ rest / (len(x) - len(numbers))
    level = covariance.diagonal().mean()
    values, vectors = torch.linalg.eigh(covariance + shrink * level * torch.eye(x.shape[1], dtype=torch.double))
    matrix = vectors @ torch.diag((values / values.mean()) ** -0.5) @ vectors.T
    return matrix.float(), x.mean(0).float()


def raw_embeddings(net: SpeakerNet, log_mel: LogMel, windows: NDArray[np.float32], batch: int = 64) -> Tensor:
    """The network's output before it is normalised: windows (n, samples) → (n, d)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(windows), batch):
            audio = torch.from_numpy(np.ascontiguousarray(windows[start : start + batch]))
            parts.append(net.windows(net.frames(log_mel(audio)))[:, 0])
    return torch.cat(parts).clone()


def fold(net: SpeakerNet, matrix: Tensor, mean: Tensor) -> None:
    """Makes the network's unnormalised output y into (y - mean) @ matrix, in its affine layer, in place."""
    with torch.no_grad():
        weight = net.affine.weight.double()
        bias = net.affine.bias.double()
        net.affine.weight.copy_(matrix.double().T @ weight)
        net.affine.bias.copy_((bias - mean.double()) @ matrix.double())
