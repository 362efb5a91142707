"""Log-mel features: one column of mel-band levels for every hop of the audio.

Frame i is centred on sample i * hop + hop / 2, so n samples give n // hop frames and every whole number of hops
begins on the same grid wherever the audio is cut. That is what lets a recording be computed in blocks.

What lies far below the loudness around it says more of the room, the codec and the noise than of the voice, and a
logarithm would make as much of it as of the voice. So a floor follows the loudness.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.audio.torchaudio_cpu import import_torchaudio

AT_ONCE = 512  # frames


@dataclass(frozen=True)
class FeatureSettings:
    """What turns audio into features; weights carry these, since they mean nothing with others."""

    sample_rate: int = SAMPLE_RATE
    n_fft: int = 512
    win: int = 400  # samples: 25 ms
    hop: int = 200  # samples: 12.5 ms, 80 frames per second
    n_mels: int = 80
    f_min: float = 40.0  # Hz
    f_max: float = 7_600.0  # Hz
    floor: float = 1e-6  # added to each band's power before the logarithm
    level_floor: float = 1e-3  # added as well: this share, -30 dB, of the mean power of all bands around the frame
    level_frames: int = 161  # that are around a frame and itself: 2 s

    @property
    def margin(self) -> int:
        """Samples that the first and last frame's own spectrum reaches beyond the audio on either side."""
        return (self.n_fft - self.hop) // 2

    @property
    def reach(self) -> int:
        """Samples on either side of a frame that can change it."""
        return self.margin + self.level_frames // 2 * self.hop


class LogMel(nn.Module):
    """Audio to log-mel: (batch, samples) float32 in [-1, 1] → (batch, n_mels, samples // hop), natural logarithm.

    The audio is continued with zeros by `settings.margin` samples on either side, and the loudness at an edge is that
    of the frames that are there; frames nearer than `settings.reach` to an edge of a block differ from those of the
    whole, all others are equal.
    """

    window: Tensor
    bands: Tensor

    def __init__(self, settings: FeatureSettings | None = None) -> None:
        super().__init__()
        self.settings = s = settings or FeatureSettings()
        functional = import_torchaudio().functional
        bands = functional.melscale_fbanks(s.n_fft // 2 + 1, s.f_min, s.f_max, s.n_mels, s.sample_rate)
        self.register_buffer("window", torch.hann_window(s.win), persistent=False)
        # once for the real and once for the imaginary parts, so that squares need no sum of their own
        self.register_buffer("bands", bands.repeat_interleave(2, dim=0), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        settings = self.settings
        frames = audio.shape[-1] // settings.hop
        if frames == 0:
            return audio.new_zeros(audio.shape[0], settings.n_mels, 0)
        power = self._powers(audio[..., : frames * settings.hop]).transpose(1, 2)  # (batch, n_mels, frames)
        half = settings.level_frames // 2
        level = nn.functional.avg_pool1d(power.mean(1, keepdim=True), 2 * half + 1, 1, half, count_include_pad=False)
        return torch.log(power + settings.floor + settings.level_floor * level)

    def _powers(self, audio: Tensor) -> Tensor:
        """(batch, samples) → (batch, frames, n_mels): what each band holds, without a floor.

        A processor's cache holds the spectra of some hundred frames; one of all frames at once takes three times as
        long. Where a window lies within the transform says nothing of its power, so it lies at the beginning.
        """
        settings = self.settings
        around = settings.margin - (settings.n_fft - settings.win) // 2
        frames = nn.functional.pad(audio, (around, around)).unfold(-1, settings.win, settings.hop)
        at_once = AT_ONCE if audio.device.type == "cpu" else frames.shape[0] * frames.shape[1]
        parts = []
        for some in frames.split(max(1, at_once // len(frames)), dim=1):
            spectra = torch.view_as_real(torch.fft.rfft(some * self.window, n=settings.n_fft)).flatten(-2)
            parts.append(spectra.square_() @ self.bands)
        return torch.cat(parts, dim=1)
