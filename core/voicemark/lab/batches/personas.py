"""One imagined voice told by several crops: what the teacher says of each alone is partly the crop's, not the voice's.

A persona is a known voice (or a clip of somebody unknown) played at one speed with one vocal tract. The target of each
of its crops leans on the mean over all of them, as a memory of several samples does.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

OWN = 0.25  # share of a crop's target that is its own


def numbered(count: int, sizes: tuple[int, int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Which persona each of `count` crops belongs to, numbered from 0: from `sizes[0]` to `sizes[1]` crops to each.

    The last one has what is left. Nothing is drawn where each has the same number.
    """
    low, high = sizes
    drawn = np.full(count, low) if low == high else rng.integers(low, high + 1, count)
    return np.repeat(np.arange(count), drawn)[:count]


def shared_targets(targets: Tensor, persona: NDArray[np.int64], own: float = OWN) -> Tensor:
    """(n, d) of length 1 → (n, d) of length 1: the share `own` of each and the rest of its persona's mean.

    Rows of zeros (silence) stay so and count in no mean; a persona of one crop keeps its target.
    """
    index = torch.from_numpy(persona)
    heard = targets.square().sum(1) > 0
    count = int(index.max()) + 1 if len(index) else 0
    sums = torch.zeros(count, targets.shape[1]).index_add_(0, index, targets)
    heads = torch.zeros(count).index_add_(0, index, heard.float()).clamp(min=1)
    blended = own * targets + (1 - own) * (sums / heads[:, None])[index]
    return torch.nn.functional.normalize(blended, dim=1) * heard[:, None]
