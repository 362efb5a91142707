"""Random numbers on the device: one generator, and the few shapes in which they are needed."""

import random
from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor


class Draw:
    """Numbers from one generator on `device`; `restart` makes what follows a function of seed and step alone."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.generator = torch.Generator(device)
        self._counts = random.Random(0)

    def restart(self, seed: int, step: int) -> None:
        self.generator.manual_seed(seed * 1_000_003 + step)
        self._counts.seed(seed * 1_000_003 + step)

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """Evenly in [low, high)."""
        return torch.rand(*shape, generator=self.generator, device=self.device) * (high - low) + low

    def happens(self, probability: float, rows: int) -> Tensor:
        """(rows,): which of the rows it happens to."""
        return torch.rand(rows, generator=self.generator, device=self.device) < probability

    def some(self, share: float, rows: int) -> Tensor:
        """Indices of `share` of `rows`, rounded up or down by chance; which ones is chance as well."""
        return self.parts((share,), rows)[0]

    def parts(self, shares: Sequence[float], rows: int) -> list[Tensor]:
        """For each of `shares`, together at most 1, the indices of so many of `rows`; none is in two of them.

        How many is drawn here, so the device need not be asked before it is told what to do with them.
        """
        order = torch.rand(rows, generator=self.generator, device=self.device).argsort()
        rounding = self._counts.random()
        ends = [int(share * rows + rounding) for share in accumulate(shares, initial=0.0)]
        return [order[first:end] for first, end in pairwise(ends)]

    def below(self, limits: Tensor) -> Tensor:
        """Whole numbers in [0, limit) for each of `limits`, all at least 1."""
        share = torch.rand(limits.shape, generator=self.generator, device=self.device, dtype=torch.float64)
        return (share * limits).long().clamp(max=limits - 1)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def weighted(self, weights: Tensor, count: int) -> Tensor:
        """`count` indices, each as often as its weight says, with repetition."""
        return torch.multinomial(weights, count, replacement=True, generator=self.generator)
