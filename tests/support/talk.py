"""Windows of a recording in which known people speak by turns: a model of what an encoder gives, for tests."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.quantisation import quantise

DIM = 128
SILENCE = -1


def voices(count: int, seed: int = 0) -> NDArray[np.float32]:
    """(count, DIM) directions of people, as far apart as chance has them."""
    return unit(np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32))


def windows(
    turns: Sequence[tuple[int, int]], people: NDArray[np.float32], *, hops: int = 4, noise: float = 0.6, seed: int = 1
) -> NDArray[np.int8]:
    """(n, DIM) as they are kept, of turns (person or SILENCE, windows); a window lasts `hops` hops.

    `noise` is the length of what is in a hop besides the person; neighbouring windows share all hops but one.
    """
    who = np.repeat([person for person, _ in turns], [length for _, length in turns])
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((len(who) + hops - 1, DIM)).astype(np.float32) * np.float32(noise * np.sqrt(hops / DIM))
    mixed = np.lib.stride_tricks.sliding_window_view(own, hops, axis=0).mean(axis=-1)
    rows = unit(people[who] * np.float32(np.sqrt(1 - noise**2)) + mixed) if len(who) else np.zeros((0, DIM), np.float32)
    rows[who == SILENCE] = 0
    return quantise(rows.astype(np.float32))


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, d) at length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
