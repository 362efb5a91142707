"""Another vocal tract for a voice: its spectral envelope moves along the frequency axis, its pitch stays."""

import torch
from torch import Tensor

KNOTS_HZ = (0, 900, 2_000, 3_500, 8_000)  # about where the first formants of most voices are parted from each other
FORMANT_FFT = 512
FORMANT_HOP = 128
LIFTER = 32  # samples of the cepstrum, 2 ms: a spectrum's envelope is below, the pitch of a voice above


def warp_formants(audio: Tensor, ratio: Tensor) -> Tensor:
    """Move the spectral envelopes of `audio` (n, samples) at 16 kHz by `ratio` (n, knots). Same shape.

    A row's ratios hold at KNOTS_HZ, and linearly between: above 1 everywhere is a shorter tract, differing ones are
    one of another shape. The envelope is the low part of each frame's real cepstrum (Oppenheim and Schafer,
    "Discrete-Time Signal Processing", chapter 13); every bin gets the level of the envelope at its frequency / ratio.
    At most 20 dB are given or taken.
    """
    window = torch.hann_window(FORMANT_FFT, device=audio.device)
    spectrum = torch.stft(audio, FORMANT_FFT, FORMANT_HOP, window=window, return_complex=True)  # (n, bins, frames)
    cepstrum = torch.fft.irfft(torch.log(spectrum.abs() + 1e-5), n=FORMANT_FFT, dim=1)
    cepstrum[:, LIFTER : FORMANT_FFT - LIFTER + 1] = 0.0
    envelope = torch.fft.rfft(cepstrum, n=FORMANT_FFT, dim=1).real  # (n, bins, frames), natural logarithm
    bins = envelope.shape[1]
    bin_of = torch.arange(bins, device=audio.device)
    place = (bin_of / between_knots(ratio, bins)).clamp(max=bins - 1)  # (n, bins)
    low = place.long().clamp(max=bins - 2)
    share = (place - low)[..., None]
    index = low[..., None].expand_as(envelope)
    moved = envelope.gather(1, index) * (1 - share) + envelope.gather(1, index + 1) * share
    gain = torch.exp((moved - envelope).clamp(-2.3, 2.3))
    return torch.istft(spectrum * gain, FORMANT_FFT, FORMANT_HOP, window=window, length=audio.shape[1])


def between_knots(ratio: Tensor, bins: int) -> Tensor:
    """(n, knots) → (n, bins): the ratio at each of `bins` frequencies from 0 to 8 kHz, linear between KNOTS_HZ."""
    knots = torch.tensor(KNOTS_HZ, dtype=ratio.dtype, device=ratio.device) * ((bins - 1) / KNOTS_HZ[-1])
    bin_of = torch.arange(bins, dtype=ratio.dtype, device=ratio.device)
    left = torch.searchsorted(knots, bin_of, right=True).clamp(1, len(knots) - 1) - 1
    share = (bin_of - knots[left]) / (knots[left + 1] - knots[left])
    return ratio[:, left] * (1 - share) + ratio[:, left + 1] * share
