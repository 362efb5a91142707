"""What television does to a voice: music or noise under it at a level, and the broadcast's codecs.

Every condition is a pure function of the clean windows, the noise and the seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark.errors import ConfigError
from voicemark.lab.corpus.clips import read_mono, seeded
from voicemark.lab.corpus.codecs import AC3, MP2, Codec, round_trip
from voicemark.lab.corpus.mixing import Audio, mix, noise_excerpt
from voicemark.lab.corpus.noise import read_noise


@dataclass(frozen=True)
class NoiseBank:
    """Decoded noise: music and environment, mono at 16 kHz."""

    music: Sequence[Audio]
    environment: Sequence[Audio]


@dataclass(frozen=True)
class Condition:
    """One column of the table: its name and what it does to (n, samples) windows."""

    name: str
    apply: Callable[[Audio, NoiseBank, int], Audio]
    needs_noise: bool = False


def read_bank(folder: Path) -> NoiseBank:
    """The evaluation side of a noise folder."""
    files = read_noise(folder, evaluation=True)
    decoded = [(file.is_music, read_mono(file.path)) for file in files]
    return NoiseBank([audio for music, audio in decoded if music], [audio for music, audio in decoded if not music])


def with_noise(windows: Audio, noises: Sequence[Audio], snr_db: float, name: str, seed: int) -> Audio:
    """Every window with its own piece of noise: (n, samples) → (n, samples)."""
    if not noises:
        raise ConfigError(f"no noise for the condition {name}", hint="the noise folder has none of this kind")
    return np.stack(
        [
            mix(window, noise_excerpt(noises, len(window), seeded(seed, name, number)), snr_db)
            for number, window in enumerate(windows)
        ]
    )


def _music(snr_db: float) -> Condition:
    name = f"music {snr_db:g} dB"
    return Condition(name, lambda windows, bank, seed: with_noise(windows, bank.music, snr_db, name, seed), True)


def _noise(snr_db: float) -> Condition:
    name = f"noise {snr_db:g} dB"
    return Condition(name, lambda windows, bank, seed: with_noise(windows, bank.environment, snr_db, name, seed), True)


def _codec(codec: Codec) -> Condition:
    return Condition(codec.name, lambda windows, bank, seed: round_trip(windows, codec))


CONDITIONS: tuple[Condition, ...] = (
    Condition("clean", lambda windows, bank, seed: windows),
    _music(10),
    _music(5),
    _noise(10),
    _noise(5),
    _codec(MP2),
    _codec(AC3),
)


def conditions_named(names: Sequence[str]) -> list[Condition]:
    """The conditions of these names, all for none; an unknown name raises ConfigError.

    Case, blanks and the unit do not matter: `music10` is `music 10 dB`.
    """

    def short(name: str) -> str:
        return name.lower().replace(" ", "").replace("-", "").removesuffix("db").removesuffix("k")

    known = {short(condition.name): condition for condition in CONDITIONS}
    unknown = [name for name in names if short(name) not in known]
    if unknown:
        allowed = ", ".join(condition.name for condition in CONDITIONS)
        raise ConfigError(f"unknown condition '{unknown[0]}'", hint=f"known: {allowed}")
    return [known[short(name)] for name in names] or list(CONDITIONS)
