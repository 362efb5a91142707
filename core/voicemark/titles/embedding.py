"""How the meaning of words in titles is learned from weak categories.

In the spirit of StarSpace (Wu et al., "StarSpace: Embed All The Things!", arXiv:1709.03856): N titles of one category
are drawn, and the mean of N - 1 of them must lie nearer to the one left out than titles of other categories do.
"""

import torch
from torch import Tensor
from torch.nn import functional

from voicemark.titles.title_model import TitleConfig
from voicemark.titles.vocabulary import Vocabulary

MARGIN = 0.2


def leave_one_out_loss(titles: Tensor, same: Tensor, *, margin: float = MARGIN, hardest: int = 10) -> Tensor:
    """Triplet loss `max(0, margin - pos + neg)` of N titles each from C categories, each left out in turn.

    `titles` (C, N, d), normalised; the mean of the other N - 1 predicts the one left out: `pos` is their cosine, `neg`
    the cosine with a title of another category in the batch. `same` (C, C * N) says which titles of the batch have
    category c, and so are no negatives for it, however many categories a title has. Of the negatives, the `hardest`
    for each prediction count. The mean over the C * N predictions.
    """
    _, drawn, dim = titles.shape
    rest = functional.normalize((titles.sum(dim=1, keepdim=True) - titles) / (drawn - 1), dim=2)  # (C, N, d)
    pos = (rest * titles).sum(dim=2).reshape(-1, 1)  # (C * N, 1)
    neg = rest.reshape(-1, dim) @ titles.reshape(-1, dim).T  # (C * N, C * N)
    violation = (margin - pos + neg).clamp(min=0) * ~same.repeat_interleave(drawn, dim=0)
    hard: Tensor = violation.topk(min(hardest, violation.shape[1]), dim=1).values
    return hard.mean()


def scale_by_inverse_frequency(gradient: Tensor, counts: Tensor, power: float = 1.0) -> Tensor:
    """A sparse gradient (size, d) with each row divided by its feature's count in the whole training text.

    A feature that occurs a hundred times gets a hundred gradients where a rare one gets one; divided by the count,
    both move as far in an epoch. PyTorch's `scale_grad_by_freq` is not this: it divides by the number of times that a
    feature stands *in the mini-batch at hand*, where nearly every rare word stands once, and so does not tell a word
    that occurs once in the guide from one that occurs in every tenth title. Optimisers that divide by the gradient's
    own size (Adam, Adagrad) undo any such scale; use plain SGD.

    `counts` (size,); counts under 1 are taken as 1. Works on the rows that the gradient has, all at once.
    """
    gradient = gradient.coalesce()
    rows, values = gradient.indices()[0], gradient.values()
    scale = counts[rows].clamp(min=1).to(values.dtype).pow(-power)
    scaled: Tensor = torch.sparse_coo_tensor(
        gradient.indices(), values * scale[:, None], gradient.shape, is_coalesced=True, check_invariants=False
    )
    return scaled


def initial_meaning(vocabulary: Vocabulary, config: TitleConfig, seed: int) -> Tensor:
    """(size, meaning_dim): random directions, as long as the feature's inverse document frequency.

    Row PAD is zero, and so are features that were never seen: they mean nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    seen = torch.from_numpy(vocabulary.counts).nonzero().flatten()
    weights = ((1 + vocabulary.texts) / (1 + torch.from_numpy(vocabulary.counts)[seen])).log() + 1
    weights[seen < vocabulary.first_ngram] *= config.word_weight
    table = torch.zeros(vocabulary.size, config.meaning_dim)
    directions: Tensor = torch.randn(len(seen), config.meaning_dim, generator=generator)
    table[seen] = directions / config.meaning_dim**0.5 * weights.to(table.dtype)[:, None]
    return table
