"""What television, rooms and microphones do to voices, a batch at a time: `Augmenter` for the device.

The settings, their meaning and the order are those of `voicemark.lab.batches.augment`, but what happens to a share of
rows happens to so many of each batch, not to each by its own chance. Codecs are left out: they run on processors only.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.lab.batches.augment import CHANNEL, EQUALISER_HZ, HISS, AugmentSettings, fft_length
from voicemark.lab.batches.on_device.draw import Draw
from voicemark.lab.batches.on_device.sound import at_level, filtered, rms
from voicemark.lab.batches.on_device.stock import Stock

MOST_VOICES = 6  # in a babble; three at least


class BatchAugmenter:
    """Applies `settings`; stocks that are empty leave a kind out, as in `Augmenter`."""

    def __init__(
        self, music: Stock, environment: Stock, voices: Stock, draw: Draw, settings: AugmentSettings | None = None
    ) -> None:
        self.settings = settings or AugmentSettings()
        self.draw = draw
        self._music, self._environment, self._voices = music, environment, voices

    def __call__(self, audio: Tensor) -> Tensor:
        """(n, samples) → (n, samples), another take of the same voices."""
        s, draw, rows = self.settings, self.draw, len(audio)
        audio = audio - audio.mean(1, keepdim=True)
        audio = self._room_and_channel(audio)
        loudness = rms(audio)
        if len(self._voices):
            audio = self._changed(audio, loudness, draw.some(s.overlap, rows), self._overlap)
        noisy = draw.some(s.noise, rows)
        audio = self._changed(audio, loudness, noisy, self._noisy)
        audio = self._changed(audio, loudness, noisy[draw.some(s.second_noise, len(noisy))], self._noisy)
        audio = self._changed(audio, loudness, draw.some(s.band_limit, rows), self._band_limited)
        audio = self._changed(audio, loudness, draw.some(s.hole, rows), self._holed)
        return at_level(audio, draw.between(*s.level_db, rows, 1))

    def noise_alone(self, count: int, samples: int) -> Tensor:
        """Music, environment, hiss or nearly nothing, without any voice: (count, samples)."""
        audio = self._background(count, samples)
        some = self.draw.some(self.settings.band_limit, count)
        audio = self._changed(audio, rms(audio), some, self._band_limited)
        return at_level(audio, self.draw.between(-50.0, -10.0, count, 1))

    @staticmethod
    def _changed(audio: Tensor, loudness: Tensor, some: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """`audio` with `change` made to `some` of its rows."""
        if not len(some):
            return audio
        return audio.index_copy(0, some, change(audio[some], loudness[some]))

    def _room_and_channel(self, audio: Tensor) -> Tensor:
        """Room and equaliser in one filter; for the others it is flat."""
        s, draw, rows = self.settings, self.draw, len(audio)
        size = fft_length(audio.shape[1])
        may = draw.some(CHANNEL, rows)
        response = torch.ones(rows, size // 2 + 1, dtype=torch.complex64, device=audio.device)
        some = may[draw.some(s.room / CHANNEL, len(may))]
        if len(some):
            response[some] *= torch.fft.rfft(self._rooms(len(some)), size)
        some = may[draw.some(s.equaliser / CHANNEL, len(may))]
        if len(some):
            response[some] *= self._equalisers(len(some), size)
        return filtered(audio, response)

    def _rooms(self, count: int) -> Tensor:
        """Impulse responses of imagined rooms: the direct sound, then noise that decays."""
        s, draw = self.settings, self.draw
        length = draw.between(*s.reverberation_s, count, 1)  # seconds
        time = torch.arange(int(s.reverberation_s[1] * SAMPLE_RATE), device=draw.device) / SAMPLE_RATE
        before = draw.between(16, 320, count, 1) / SAMPLE_RATE  # the first reflection
        tail = draw.normal(count, len(time)) * 10 ** (-3 * time / length)
        tail = tail * ((time < length) & (time >= before))
        level = 10 ** (-draw.between(-2.0, 12.0, count, 1) / 20)
        tail = tail * level / tail.square().sum(1, keepdim=True).sqrt().clamp(min=1e-7)
        tail[:, 0] = 1.0
        return tail

    def _equalisers(self, count: int, size: int) -> Tensor:
        """Smooth random responses: decibels at a few frequencies, straight lines between them."""
        knots = torch.tensor(EQUALISER_HZ, device=self.draw.device)
        gains = self.draw.between(-self.settings.equaliser_db, self.settings.equaliser_db, count, len(knots))
        frequency = torch.linspace(0, SAMPLE_RATE / 2, size // 2 + 1, device=self.draw.device)
        right = torch.searchsorted(knots, frequency).clamp(1, len(knots) - 1)
        share = (frequency - knots[right - 1]) / (knots[right] - knots[right - 1])
        decibels = gains[:, right - 1] * (1 - share) + gains[:, right] * share
        result: Tensor = 10 ** (decibels / 20)
        return result

    def _band_limited(self, audio: Tensor, _: Tensor) -> Tensor:
        size = fft_length(audio.shape[1])
        frequency = torch.linspace(1, SAMPLE_RATE / 2, size // 2 + 1, device=audio.device)
        low = self.draw.between(40, 350, len(audio), 1)
        high = self.draw.between(3_000, 7_800, len(audio), 1)
        response = 1 / (1 + (low / frequency) ** 8).sqrt() / (1 + (frequency / high) ** 8).sqrt()
        return filtered(audio, response)

    def _holed(self, audio: Tensor, _: Tensor) -> Tensor:
        return audio.masked_fill(self._span(audio, 800, 8_000), 0.0)

    def _span(self, audio: Tensor, shortest: int, longest: int) -> Tensor:
        """(n, samples): one stretch of each row."""
        rows, samples = audio.shape
        length = self.draw.between(shortest, longest, rows, 1)
        start = self.draw.between(0, 1, rows, 1) * (samples - length).clamp(min=1)
        place = torch.arange(samples, device=audio.device)
        return (place >= start) & (place < start + length)

    def _overlap(self, audio: Tensor, loudness: Tensor) -> Tensor:
        """Another voice over 0.3 s up to the whole."""
        rows, samples = audio.shape
        other = self._voices.cut_any(rows, samples, self.draw) * self._span(audio, 4_800, max(4_801, samples))
        # its level is that of the stretch where it speaks
        share = (other != 0).float().mean(1, keepdim=True).clamp(min=1e-3)
        level = rms(other) / share.sqrt()
        snr = self.draw.between(*self.settings.overlap_snr_db, rows, 1)
        return audio + other * (loudness / level.clamp(min=1e-5) * 10 ** (-snr / 20))

    def _noisy(self, audio: Tensor, loudness: Tensor) -> Tensor:
        s, draw = self.settings, self.draw
        rows, samples = audio.shape
        noise = self._background(rows, samples)
        snr = draw.between(*s.snr_db, rows, 1)
        some = draw.some(s.babble_share if len(self._voices) else 0.0, rows)
        if len(some):
            noise = noise.index_copy(0, some, self._babble(len(some), samples))
            snr = snr.index_copy(0, some, draw.between(*s.babble_snr_db, len(some), 1))
        return audio + noise * (loudness / rms(noise).clamp(min=1e-7) * 10 ** (-snr / 20))

    def _background(self, rows: int, samples: int) -> Tensor:
        s, draw = self.settings, self.draw
        audio = self._hiss(rows, samples)
        whole = s.music_share + s.environment_share + HISS
        parts = draw.parts((s.music_share / whole, s.environment_share / whole), rows)
        for some, stock in zip(parts, (self._music, self._environment), strict=True):
            if len(stock) and len(some):
                audio = audio.index_copy(0, some, stock.cut_any(len(some), samples, draw))
        return audio

    def _hiss(self, rows: int, samples: int) -> Tensor:
        """Noise with random slopes between white and brown."""
        size = fft_length(samples)
        bins = size // 2 + 1
        slope = self.draw.between(0.0, 1.0, rows, 1)
        place = torch.arange(bins, device=self.draw.device) + bins * 0.004
        return filtered(self.draw.normal(rows, samples), torch.exp(-slope * (place.log() - math.log(bins))))

    def _babble(self, rows: int, samples: int) -> Tensor:
        """Three to six voices at once."""
        voices = self._voices.cut_any(rows * MOST_VOICES, samples, self.draw).view(rows, MOST_VOICES, samples)
        voices = voices / voices.square().mean(2, keepdim=True).sqrt().clamp(min=1e-5)
        count = self.draw.between(3, MOST_VOICES + 1, rows, 1)
        present = torch.arange(MOST_VOICES, device=self.draw.device) < count.floor()  # (rows, MOST_VOICES)
        return (voices * present[..., None]).sum(1)
