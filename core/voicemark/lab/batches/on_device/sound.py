"""Sound in batches: every function changes (n, samples) at once, each row by values of its own.

The arithmetic is that of `voicemark.lab.batches.augment`, which works on one piece of audio at a time and
explains it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def rms(audio: Tensor) -> Tensor:
    """Root mean square of each row: (n, samples) → (n, 1)."""
    return audio.square().mean(1, keepdim=True).sqrt()


def at_level(audio: Tensor, dbfs: Tensor) -> Tensor:
    """Rows scaled to an RMS of `dbfs` (n, 1), peaks limited to full scale; silent rows stay silent."""
    loudness = rms(audio)
    scaled = audio * (10 ** (dbfs / 20) / loudness.clamp(min=1e-7))
    scaled = scaled / scaled.abs().amax(1, keepdim=True).clamp(min=1.0)
    return torch.where(loudness < 1e-7, audio, scaled)


def filtered(audio: Tensor, response: Tensor) -> Tensor:
    """Rows through frequency responses (n, bins) or (1, bins), bins = size // 2 + 1; the tail is cut off."""
    size = (response.shape[1] - 1) * 2
    result: Tensor = torch.fft.irfft(torch.fft.rfft(audio, size) * response, size)[:, : audio.shape[1]]
    return result


def resampled(audio: Tensor, samples: int) -> Tensor:
    """(n, m) → (n, samples): the same sound in another number of samples, so faster and higher, or slower and lower.

    Exact for what lies below both Nyquist frequencies; the ends are treated as if the sound went round.
    """
    before = audio.shape[1]
    if before == samples:
        return audio
    spectrum = torch.fft.rfft(audio)
    bins = samples // 2 + 1
    spectrum = F.pad(spectrum, (0, max(0, bins - spectrum.shape[1])))[:, :bins]
    result: Tensor = torch.fft.irfft(spectrum, samples) * (samples / before)
    return result
