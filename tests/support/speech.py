"""Talking machines: pulses through vowel-like resonances, in syllables. Not people, but as different."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from support.sound import RATE

VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
    (440, 1020, 2240),
)
"""First three formants of six vowels in Hz (Peterson and Barney 1952, men)."""


@dataclass(frozen=True)
class Talker:
    """A machine with a pitch and a length of throat."""

    pitch_hz: float
    tract: float
    """Formants are multiplied by this: above 1 for a short throat."""
    breath: float = 0.02


ANNA = Talker(215, 1.18, 0.05)
BERT = Talker(98, 0.92)
CARL = Talker(150, 1.3, 0.15)


def speak(talker: Talker, seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """(samples,) at 16 kHz of syllables of 0.12–0.3 s with short pauses; loudness as in a broadcast."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        parts.append(_syllable(talker, rng))
        parts.append(np.zeros(round(rng.uniform(0.01, 0.06 if rng.random() < 0.9 else 0.3) * RATE)))
    audio = np.concatenate(parts)[: round(seconds * RATE)]
    return np.asarray(audio * 0.07 / np.sqrt(np.mean(audio**2)), np.float32)


def _syllable(talker: Talker, rng: np.random.Generator) -> NDArray[np.float64]:
    length = round(rng.uniform(0.12, 0.3) * RATE)
    time = np.arange(length) / RATE
    pitch = talker.pitch_hz * (1 + 0.12 * np.sin(2 * np.pi * rng.uniform(1, 3) * time + rng.uniform(0, 6)))
    pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0) + talker.breath * rng.standard_normal(length)
    spectrum = np.fft.rfft(pulses, 2 * length)
    frequencies = np.fft.rfftfreq(2 * length, 1 / RATE)
    envelope = np.full(len(frequencies), 0.01)
    for number, formant in enumerate(VOWELS[rng.integers(len(VOWELS))]):
        centre, width = formant * talker.tract, 60 + 40 * number
        envelope += 0.6**number / (1 + ((frequencies - centre) / width) ** 2)
    sound = np.fft.irfft(spectrum * envelope)[:length]
    shaped: NDArray[np.float64] = sound * np.sin(np.pi * np.linspace(0, 1, length)) ** 0.5
    return shaped


def tune(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """(samples,) of chords: music without a voice."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(0.5 * RATE)) / RATE
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        root = 220 * 2 ** (rng.integers(-12, 12) / 12)
        chord = sum(np.sin(2 * np.pi * root * ratio * time) for ratio in (1, 1.25, 1.5, 2))
        parts.append(chord * np.exp(-3 * time))
    audio = np.concatenate(parts)[: round(seconds * RATE)]
    return np.asarray(audio * 0.07 / np.sqrt(np.mean(audio**2)), np.float32)
