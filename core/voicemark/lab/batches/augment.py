"""What television, rooms and microphones do to a voice, for training: a pure function of audio, settings and seed.

The order is the order in the world: the room, other voices, music and noise beside the speaker, then the channel
(equaliser, band limits, level) and holes in the signal, and last, for some windows of a batch together, the codec.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.audio.torchaudio_cpu import import_torchaudio
from voicemark.lab.batches import formants
from voicemark.lab.corpus.codecs import BROADCAST, round_trip
from voicemark.lab.corpus.mixing import Audio, mix, noise_excerpt, rms

SPEEDS: dict[float, tuple[int, int]] = {
    1.0: (1, 1),
    0.88: (22, 25),
    1.12: (28, 25),
    0.8: (4, 5),
    1.25: (5, 4),
}
"""Speed → resampling ratio (from, to). A voice at another speed has another pitch and vocal tract: a new voice."""


CHANNEL = 0.6  # share of windows to which a room or an equaliser may happen
HISS = 0.08  # beside the shares of music and environment
EQUALISER_HZ = (0.0, 100.0, 250.0, 500.0, 1_000.0, 2_000.0, 3_500.0, 5_500.0, 8_000.0)  # straight lines between them


@dataclass(frozen=True)
class AugmentSettings:
    """How often each thing happens (a share of windows) and how strongly."""

    noise: float = 0.55  # any of music, environment, babble, hiss
    music_share: float = 0.45  # of the noisy ones
    environment_share: float = 0.33
    babble_share: float = 0.14  # the rest is hiss
    second_noise: float = 0.15  # of the noisy ones: another on top
    snr_db: tuple[float, float] = (0.0, 20.0)
    babble_snr_db: tuple[float, float] = (8.0, 22.0)
    overlap: float = 0.06  # one other voice over a part of the window
    overlap_snr_db: tuple[float, float] = (6.0, 18.0)
    room: float = 0.25
    reverberation_s: tuple[float, float] = (0.1, 0.7)  # time to -60 dB
    equaliser: float = 0.35
    equaliser_db: float = 9.0
    band_limit: float = 0.25
    level_db: tuple[float, float] = (-30.0, -8.0)  # RMS of the result, full scale = 0
    hole: float = 0.04
    coded: float = 0.12  # through one of a broadcast's codecs


def change_speed(audio: Audio, speed: float) -> Audio:
    """Resample by one of SPEEDS: 1.25 is a quarter faster and higher. Raises KeyError for other speeds."""
    return resampled(audio, *SPEEDS[speed])


def resampled(audio: Audio, source: int, target: int) -> Audio:
    """(samples,) → (samples · target / source,): played `source / target` times as fast, and as much higher."""
    if source == target:
        return audio
    resample = import_torchaudio().functional.resample
    result: Audio = resample(torch.from_numpy(np.ascontiguousarray(audio)), source, target).numpy()
    return result


def warp_formants(audio: Audio, ratio: Audio) -> Audio:
    """`voicemark.lab.batches.formants.warp_formants` of one piece: (samples,) and (knots,) → (samples,)."""
    wave, ratios = torch.from_numpy(np.ascontiguousarray(audio)), torch.from_numpy(ratio)
    result: Audio = formants.warp_formants(wave[None], ratios[None])[0].numpy()
    return result


class Augmenter:
    """Applies `settings` with music, environment and other voices to draw from; empty lists leave a kind out.

    `music` and `environment` are long recordings, `voices` speech; all mono at 16 kHz.
    """

    def __init__(
        self,
        music: Sequence[Audio] = (),
        environment: Sequence[Audio] = (),
        voices: Sequence[Audio] = (),
        settings: AugmentSettings | None = None,
    ) -> None:
        self.music = music
        self.environment = environment
        self.voices = voices
        self.settings = settings or AugmentSettings()

    def __call__(self, audio: Audio, rng: np.random.Generator) -> Audio:
        """(samples,) → (samples,), another take of the same voice."""
        s = self.settings
        audio = audio - audio.mean()
        audio = self._room_and_channel(audio, rng) if rng.random() < CHANNEL else audio
        loudness = rms(audio)
        if rng.random() < s.overlap and self.voices:
            audio = self._overlap(audio, loudness, rng)
        if rng.random() < s.noise:
            audio = self._noisy(audio, loudness, rng)
            if rng.random() < s.second_noise:
                audio = self._noisy(audio, loudness, rng)
        if rng.random() < s.band_limit:
            audio = filtered(audio, band_limits(len(audio), rng))
        if rng.random() < s.hole:
            audio = audio.copy()
            length = int(rng.integers(800, 8_000))
            start = int(rng.integers(0, max(1, len(audio) - length)))
            audio[start : start + length] = 0.0
        return at_level(audio, rng.uniform(*s.level_db))

    def noise_alone(self, samples: int, rng: np.random.Generator) -> Audio:
        """Music, environment, hiss or nearly nothing, without any voice: (samples,)."""
        audio = self._background(samples, rng, voices=False)
        if rng.random() < self.settings.band_limit:
            audio = filtered(audio, band_limits(len(audio), rng))
        return at_level(audio, rng.uniform(-50.0, -10.0))

    def coded(self, windows: Audio, rng: np.random.Generator) -> Audio:
        """(n, samples) → (n, samples), some after a codec: one for them all, as each call starts ffmpeg."""
        chosen = np.flatnonzero(rng.random(len(windows)) < self.settings.coded)
        if not len(chosen):
            return windows
        result = windows.copy()
        result[chosen] = round_trip(windows[chosen], BROADCAST[int(rng.integers(len(BROADCAST)))])
        return result

    def _room_and_channel(self, audio: Audio, rng: np.random.Generator) -> Audio:
        """Room and equaliser in one filter, each as often as the settings say (given that one may happen)."""
        s = self.settings
        response = np.ones(fft_length(len(audio)) // 2 + 1, np.complex64)
        if rng.random() < s.room / CHANNEL:
            response = response * np.fft.rfft(room(rng, s.reverberation_s), fft_length(len(audio))).astype(np.complex64)
        if rng.random() < s.equaliser / CHANNEL:
            response = response * equaliser(len(audio), s.equaliser_db, rng)
        return filtered(audio, response)

    def _noisy(self, audio: Audio, loudness: float, rng: np.random.Generator) -> Audio:
        s = self.settings
        babble = rng.random() < s.babble_share and len(self.voices) > 0
        noise = self._babble(len(audio), rng) if babble else self._background(len(audio), rng)
        snr = rng.uniform(*(s.babble_snr_db if babble else s.snr_db))
        return mix(audio, noise, snr, loudness)

    def _background(self, samples: int, rng: np.random.Generator, *, voices: bool = True) -> Audio:
        s = self.settings
        share = rng.random() * (s.music_share + s.environment_share + HISS)
        if share < s.music_share and self.music:
            return noise_excerpt(self.music, samples, rng)
        if share < s.music_share + s.environment_share and self.environment:
            return noise_excerpt(self.environment, samples, rng)
        return hiss(samples, rng)

    def _babble(self, samples: int, rng: np.random.Generator) -> Audio:
        """Three to six voices at once."""
        parts = [at_level(noise_excerpt(self.voices, samples, rng), -20.0) for _ in range(int(rng.integers(3, 7)))]
        result: Audio = np.sum(parts, axis=0, dtype=np.float32)
        return result

    def _overlap(self, audio: Audio, loudness: float, rng: np.random.Generator) -> Audio:
        """Another voice over 0.3 s up to the whole."""
        length = int(rng.integers(4_800, max(4_801, len(audio))))
        start = int(rng.integers(0, max(1, len(audio) - length)))
        other = np.zeros_like(audio)
        other[start : start + length] = at_level(noise_excerpt(self.voices, length, rng), -20.0)[: len(audio) - start]
        snr = rng.uniform(*self.settings.overlap_snr_db)
        gain = loudness / 0.1 * 10 ** (-snr / 20)
        return (audio + gain * other).astype(np.float32)


def at_level(audio: Audio, dbfs: float) -> Audio:
    """`audio` scaled to an RMS of `dbfs`, peaks limited to full scale; silence stays silence."""
    loudness = rms(audio)
    if loudness < 1e-7:
        return audio
    scaled = audio * np.float32(10 ** (dbfs / 20) / loudness)
    peak = float(np.abs(scaled).max())
    return (scaled / np.float32(peak) if peak > 1.0 else scaled).astype(np.float32)


def hiss(samples: int, rng: np.random.Generator) -> Audio:
    """Noise with a random slope between white and brown."""
    white = rng.standard_normal(samples).astype(np.float32)
    bins = fft_length(samples) // 2 + 1
    slope = rng.uniform(0.0, 1.0)
    response = (np.arange(bins) + bins * 0.004) ** -slope
    return filtered(white, response.astype(np.complex64))


def room(rng: np.random.Generator, seconds: tuple[float, float]) -> Audio:
    """Impulse response of an imagined room: the direct sound, then noise that decays to -60 dB in `seconds`."""
    length = rng.uniform(*seconds)
    samples = int(length * SAMPLE_RATE)
    time = np.arange(samples) / SAMPLE_RATE
    tail = rng.standard_normal(samples) * 10 ** (-3 * time / length)
    tail[: int(rng.integers(16, 320))] = 0.0  # before the first reflection
    tail *= 10 ** (-rng.uniform(-2.0, 12.0) / 20) / max(float(np.sqrt(np.dot(tail, tail))), 1e-7)
    tail[0] = 1.0
    response: Audio = tail.astype(np.float32)
    return response


def fft_length(samples: int) -> int:
    """A length that transforms fast and leaves 0.75 s for a filter's tail."""
    need = samples + SAMPLE_RATE * 3 // 4
    return -(-need // 4_096) * 4_096


def equaliser(samples: int, range_db: float, rng: np.random.Generator) -> NDArray[np.complex64]:
    """A smooth random response within ± range_db, for `filtered`."""
    bins = fft_length(samples) // 2 + 1
    frequency = np.linspace(0, SAMPLE_RATE / 2, bins)
    gains = rng.uniform(-range_db, range_db, len(EQUALISER_HZ))
    return np.asarray(10 ** (np.interp(frequency, EQUALISER_HZ, gains) / 20), np.complex64)


def band_limits(samples: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """A telephone, a cheap microphone, a narrow codec: random low and high limits, 24 dB per octave, for `filtered`."""
    bins = fft_length(samples) // 2 + 1
    frequency = np.linspace(1, SAMPLE_RATE / 2, bins)
    low = rng.uniform(40, 350)
    high = rng.uniform(3_000, 7_800)
    response = 1 / np.sqrt(1 + (low / frequency) ** 8) / np.sqrt(1 + (frequency / high) ** 8)
    return np.asarray(response, np.complex64)


def filtered(audio: Audio, response: NDArray[np.complex64]) -> Audio:
    """`audio` through a frequency response of fft_length(len(audio)) // 2 + 1 bins; the tail is cut off."""
    size = fft_length(len(audio))
    spectrum = np.fft.rfft(audio, size) * response
    result: Audio = np.fft.irfft(spectrum, size)[: len(audio)].astype(np.float32)
    return result
