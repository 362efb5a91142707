"""Bags of features as tensors, and the sums of their embeddings: padded, or flat, which is the quick way."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from voicemark.titles.vocabulary import PAD, FeatureBag


def padded(bags: Sequence[Sequence[int]]) -> Tensor:
    """(n, longest) int64, each row a bag's features and then PAD; (n, 1) of PAD when all are empty."""
    longest = max((len(bag) for bag in bags), default=0)
    batch = torch.full((len(bags), max(1, longest)), PAD, dtype=torch.int64)
    for row, bag in zip(batch, bags, strict=True):
        row[: len(bag)] = torch.as_tensor(bag, dtype=torch.int64)
    return batch


def padded_bag(bag: FeatureBag) -> Tensor:
    """`padded` for a FeatureBag, without a loop."""
    lengths = torch.from_numpy(bag.lengths)
    batch = torch.full((len(lengths), max(1, int(lengths.max()) if len(lengths) else 0)), PAD, dtype=torch.int64)
    batch[torch.arange(batch.shape[1]) < lengths[:, None]] = torch.from_numpy(bag.ids)
    return batch


def padded_sum(ids: Tensor, table: Tensor) -> Tensor:
    """(n, longest) feature numbers, (size, d) table → (n, d): sums over the real length.

    Row PAD of the table must be zero; it gets no gradient. The table's gradient is sparse where it is a leaf.
    """
    return functional.embedding(ids, table, padding_idx=PAD, sparse=table.requires_grad).sum(dim=1)


def flat_sum(bag: FeatureBag, table: Tensor) -> Tensor:
    """As `padded_sum` for a FeatureBag (embedding_bag: no padding is made or read); (n, d)."""
    return functional.embedding_bag(
        torch.from_numpy(bag.ids), table, torch.from_numpy(bag.offsets[:-1]), mode="sum", sparse=table.requires_grad
    )
