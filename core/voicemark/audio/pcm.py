"""Samples of 16 bits, as ffmpeg's pipe, WAV files and banks of training audio hold them, as floats."""

import numpy as np
from numpy.typing import NDArray

WIDTH = 2  # bytes of a sample
FULL_SCALE = np.float32(1 / 32768)


def from_pcm(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """(…) 16-bit samples → (…) float32 in [-1, 1): a copy, so that what `pcm` lies in may go."""
    samples = pcm.astype(np.float32)
    samples *= FULL_SCALE
    return samples
