"""Samples in the two forms that a page has use for: a file that every browser plays, and a line of how loud it is.

WAV, because Chromium, Firefox and Safari all play it, nothing is put before the first sample, and no second program
runs: half a minute is 960 kB.
"""

import io
import wave

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE, Samples

WIDTH, HEIGHT = 300, 40
QUIET_DB = -54.0
"""A level below this is drawn as none."""


def to_wave(samples: Samples) -> bytes:
    """16 bits, mono."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return made.getvalue()


def from_wave(data: bytes) -> Samples:
    """What `to_wave` made `data` of, to 16 bits."""
    with wave.open(io.BytesIO(data)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32767)


def levels(samples: Samples, columns: int = WIDTH) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Root mean square and peak of each of at most `columns` equal parts, (columns,) each, 0 to 1."""
    columns = max(1, min(columns, len(samples)))
    edges = np.linspace(0, len(samples), columns + 1).astype(int)
    if not len(samples):
        return np.zeros(1, np.float32), np.zeros(1, np.float32)
    peaks = np.maximum.reduceat(np.abs(samples), edges[:-1])
    powers = np.add.reduceat(samples.astype(np.float64) ** 2, edges[:-1]) / np.diff(edges)
    return np.sqrt(powers).astype(np.float32), peaks.astype(np.float32)


def level_line(samples: Samples) -> str:
    """An SVG: the peaks in a light shade, the mean level in a dark one, in decibels."""
    mean, peak = (_heights(level) for level in levels(samples))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(mean)} {HEIGHT}" preserveAspectRatio="none">'
        f'<path fill="#8fa3bd" d="{_outline(peak)}"/><path fill="#4a6fa5" d="{_outline(mean)}"/></svg>'
    )


def _heights(level: NDArray[np.float32]) -> NDArray[np.float64]:
    decibels = 20 * np.log10(np.maximum(level, 1e-9))
    heights: NDArray[np.float64] = np.clip(1 - decibels / QUIET_DB, 0, 1) * HEIGHT / 2
    return heights


def _outline(heights: NDArray[np.float64]) -> str:
    middle = HEIGHT / 2
    return "".join(f"M{at} {middle - one:.1f}h1v{2 * one:.1f}h-1z" for at, one in enumerate(heights) if one >= 0.05)
