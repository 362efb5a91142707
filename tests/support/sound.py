"""Sound for tests, and the file that it is written to."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples in a second, of everything here."""


def tone(hertz: float, seconds: float = 2.0, level: float = 0.1) -> NDArray[np.float32]:
    """(samples,) of one pure tone whose peaks are at `level` of full scale."""
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE), np.float32)


def write_wav(path: Path, samples: NDArray[np.floating]) -> Path:
    """16-bit mono, clipped at full scale (1); the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
