"""A network that starts from other weights gets its last layer for the new targets at once, by ridge regression.

What a trained network knows lies in its convolutions; its last layer turns that into directions of the space it was
trained for. Under targets of another space (another teacher, no whitening yet) that layer alone is wrong, and its
gradients would undo what lies below before it is right. Its best values are a linear problem with a closed solution.
"""

import numpy as np
import torch
from torch import Tensor

from voicemark.audio.features import LogMel
from voicemark.lab.batches.sampling import WINDOW
from voicemark.lab.corpus.bank import AudioBank
from voicemark.voice.network import SpeakerNet

RIDGE = 0.05  # of the inputs' mean variance


def fit_last_layer(
    net: SpeakerNet, log_mel: LogMel, bank: AudioBank, targets: Tensor, *, windows: int = 2_560, seed: int = 0
) -> None:
    """Sets `net.affine` so that clean windows of `bank` come as near as they can to `targets` (clips, dim).

    Clips with a target of zeros are left out, and the layer stays as it is where there are no others. `net` and
    `log_mel` are on one device, `targets` on the CPU.
    """
    heard = np.flatnonzero(targets.square().sum(1) > 0)
    if not len(heard):
        return
    rng = np.random.default_rng(seed)
    clips = rng.choice(heard, windows, replace=windows > len(heard))
    training = net.training
    net.eval()
    with torch.inference_mode():
        inputs = torch.cat(
            [_statistics(net, log_mel, bank, part, rng) for part in np.array_split(clips, windows // 64 + 1)]
        )
    net.train(training)
    x, y = inputs.double(), targets[clips].double()
    x_mean, y_mean = x.mean(0), y.mean(0)
    x = x - x_mean  # (windows, 2 * C)
    ridge = RIDGE * x.square().sum() / x.shape[1] * torch.eye(x.shape[1], dtype=torch.double)
    solution = torch.linalg.solve(x.T @ x + ridge, x.T @ (y - y_mean))
    with torch.no_grad():
        net.affine.weight.copy_(solution.T)
        net.affine.bias.copy_(y_mean - x_mean @ solution)


def _statistics(
    net: SpeakerNet, log_mel: LogMel, bank: AudioBank, clips: np.ndarray, rng: np.random.Generator
) -> Tensor:
    """What the last layer is given for one window of each clip, cut anywhere: (n, 2 * C)."""
    rows = []
    for clip in clips:
        spare = max(0, bank.entries[clip].samples - WINDOW)
        audio = bank.audio(int(clip), int(rng.integers(0, spare + 1)), WINDOW)
        rows.append(np.resize(audio, WINDOW))  # a shorter clip is repeated
    mel = log_mel(torch.from_numpy(np.stack(rows)).to(net.affine.weight.device))
    return net.statistics(net.frames(mel))[:, 0].cpu()
