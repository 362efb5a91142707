"""Embeddings in a byte per component: what is kept of every window, for as long as the recording is.

An embedding has length 1, so only its direction counts. A row is scaled until its largest component is 127 and
rounded; divided by its length it is the embedding again. The scale need not be kept. At 128 components and two
windows a second an hour takes 0.92 MB.

Rounding moves a component by at most half a step, so no cosine moves by more than `error_bound`. Embeddings spread
over many components, whose largest is about 0.3, stay far below it: rounding errors are independent of what
they are multiplied with (about 0.001).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.errors import DatabaseError

LARGEST = 127


def quantise(embeddings: NDArray[np.float32]) -> NDArray[np.int8]:
    """(n, d) float32 rows of any length → (n, d) int8; a row of zeros (silence) stays zeros."""
    peak = np.abs(embeddings).max(axis=1, keepdims=True, initial=0.0)
    steps = LARGEST / np.where(peak > 0, peak, 1)
    quantised: NDArray[np.int8] = np.rint(embeddings * steps).astype(np.int8)
    return quantised


def restore(quantised: NDArray[np.int8]) -> NDArray[np.float32]:
    """(n, d) int8 → (n, d) float32 rows of length 1; a row of zeros stays zeros."""
    rows = quantised.astype(np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(length > 0, length, 1)
    return rows


def pack(embeddings: NDArray[np.float32] | Tensor) -> bytes:
    """(n, d) float32 → n · d bytes, row by row."""
    return quantise(torch.as_tensor(embeddings).numpy()).tobytes()


def unpack_int8(data: bytes, dim: int) -> NDArray[np.int8]:
    """The stored rows (n, dim) as they are. Raises DatabaseError when `data` is no whole number of rows."""
    if dim <= 0 or len(data) % dim:
        raise DatabaseError(
            f"stored embeddings are damaged ({len(data)} bytes are no whole number of rows of {dim})",
            hint="scan the recording again",
        )
    return np.frombuffer(data, np.int8).reshape(-1, dim)


def error_bound(embedding: NDArray[np.float32]) -> float:
    """How far a cosine with `embedding` (d,), of length 1, can move at most by packing it."""
    step = float(np.abs(embedding).max()) / LARGEST
    half_a_cell = math.sqrt(embedding.size) * step / 2
    return 2 * half_a_cell  # once for the moved end, once for bringing it back to length 1
