"""Who speaks in each window, once it is known who speaks in the recording.

The first cut finds its borders without knowing anybody. With a direction for every person who was found, each window
is given to one of them so that

    Σ over windows  cosine(window, its person) − SWITCH · number of changes

is greatest (Viterbi, "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm", IEEE
Transactions on Information Theory 13(2), 1967): borders move to where they belong, and a short answer of somebody who
is known from elsewhere is no longer part of the question. A change in silence costs nothing, so runs between silences
are independent. A long run is taken in blocks of about AT_ONCE windows that end where the first cut had a border, and
in each only those compete who were found in it: memory does not grow with a recording's length.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SWITCH_S = 0.35  # seconds of a window's full cosine that a change of persons must gain
AT_ONCE = 3600  # windows

Labels = NDArray[np.int64]
NOBODY = -1


def resegment(units: NDArray[np.float32], labels: Labels, hop_s: float) -> Labels:
    """Labels (n,) of windows (n, d) of length 1, drawn anew; `NOBODY` stays nobody.

    Labels count from 0. A person who is left without windows has none in the result.
    """
    found = labels.copy()
    heard = labels != NOBODY
    if not heard.any():
        return found
    centres = directions(units, labels, int(labels.max()) + 1)
    for start, end in blocks(labels):
        here = np.unique(labels[start:end])
        closeness = units[start:end] @ centres[here].T
        found[start:end] = here[best_path(closeness, SWITCH_S / hop_s)]
    return found


def directions(units: NDArray[np.float32], labels: Labels, count: int) -> NDArray[np.float32]:
    """The direction (count, d) of each label's windows, each counting by how typical of them it is.

    A window's weight is its cosine with their plain mean: what overlaps with somebody else or with music counts less.
    A label without windows has zeros.
    """
    heard = labels != NOBODY
    rows, owners = units[heard], labels[heard]
    plain = _unit(_sums(rows, owners, count))
    weights = np.maximum(np.einsum("nd,nd->n", rows, plain[owners]), 0.0)
    return _unit(_sums(rows * weights[:, None], owners, count))


def blocks(labels: Labels) -> list[tuple[int, int]]:
    """Runs of heard windows as (start, end), long ones in parts that end where labels change.

    A single label's stretch is never divided, so its length bounds the part's.
    """
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    edges = [0, *changes.tolist(), len(labels)]
    parts: list[tuple[int, int]] = []
    start = -1
    for left, right in pairwise(edges):
        if right == left:
            continue
        if labels[left] == NOBODY:
            if start >= 0:
                parts.append((start, left))
            start = -1
            continue
        if start < 0:
            start = left
        elif right - start > AT_ONCE:
            parts.append((start, left))
            start = left
    if start >= 0:
        parts.append((start, len(labels)))
    return parts


def best_path(gains: NDArray[np.float32], switch: float) -> Labels:
    """(n, k) what each choice gains in each step, and what a change costs → (n,), the choices that gain most in all.

    Of equals the one that stays, then the lowest number.
    """
    steps, choices = gains.shape
    if choices == 1:
        return np.zeros(steps, np.int64)
    itself = np.arange(choices)
    before = np.empty((steps, choices), np.int32)
    total = np.zeros(choices)
    for step in range(steps):
        best = int(total.argmax())
        changed = total[best] - switch if step else -np.inf
        stays = total >= changed
        before[step] = np.where(stays, itself, best)
        total = np.where(stays, total, changed) + gains[step]
    path = np.empty(steps, np.int64)
    here = int(total.argmax())
    for step in range(steps - 1, -1, -1):
        path[step] = here
        here = int(before[step, here])
    return path


def _sums(rows: NDArray[np.float32], owners: Labels, count: int) -> NDArray[np.float32]:
    """(n, d) added up by owner: (count, d)."""
    order = np.argsort(owners, kind="stable")
    sums = np.zeros((count, rows.shape[1]), np.float32)
    present, firsts = np.unique(owners[order], return_index=True)
    if len(present):
        sums[present] = np.add.reduceat(rows[order], firsts, axis=0)
    return sums


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1), np.float32)
