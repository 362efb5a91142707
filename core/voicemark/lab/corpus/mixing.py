"""Noise under a voice: how loud sound is, sound laid under other sound at a level, and a piece of noise to lay.

Evaluation and training mix by the same arithmetic on the processor; `lab/batches/on_device/sound.py` does it in
batches on a device.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]

SILENCE = 1e-4  # RMS below which a piece of noise is no noise
TRIES = 20


def rms(audio: Audio) -> float:
    """Root mean square of all samples, full scale = 1; 0 for none."""
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if audio.size else 0.0


def mix(audio: Audio, noise: Audio, snr_db: float, loudness: float | None = None) -> Audio:
    """`audio` with `noise` of the same length `snr_db` decibels below `loudness` (RMS; of `audio` itself if None)."""
    level = rms(audio) if loudness is None else loudness
    gain = level / max(rms(noise), 1e-9) * 10 ** (-snr_db / 20)
    return (audio + gain * noise).astype(np.float32)


def noise_excerpt(noises: Sequence[Audio], samples: int, rng: np.random.Generator) -> Audio:
    """A random piece (samples,) of a random noise that is not silent (of the last try where all are).

    Noise that is shorter is repeated.
    """
    for _ in range(TRIES):
        noise = noises[int(rng.integers(len(noises)))]
        if len(noise) < samples:
            noise = np.tile(noise, -(-samples // max(1, len(noise))))
        start = int(rng.integers(len(noise) - samples + 1))
        piece = np.asarray(noise[start : start + samples], np.float32)
        if rms(piece) > SILENCE:
            break
    return piece
