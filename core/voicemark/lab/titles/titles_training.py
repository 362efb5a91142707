"""Training the title embedding: which titles are drawn together, and the loop that moves their words.

The categories are weak: whatever the guide says (`<category>`, DVB genres, the owner's own words), in any language
and granularity, and the series that the titles themselves tell.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from voicemark.errors import GuideError
from voicemark.recording import Programme
from voicemark.titles.bags import padded_bag, padded_sum
from voicemark.titles.embedding import initial_meaning, leave_one_out_loss, scale_by_inverse_frequency
from voicemark.titles.series import series_of
from voicemark.titles.title_model import TitleConfig, TitleModel
from voicemark.titles.vocabulary import PAD, Vocabulary, normalise


@dataclass(frozen=True)
class LabelledTitle:
    """A title as it is known to training: once, with every category it was ever given."""

    title: str
    labels: frozenset[str]


@dataclass(frozen=True)
class TitleTraining:
    """Settings of a run."""

    epochs: int = 60
    categories: int = 32
    """Drawn for one step."""
    drawn: int = 4
    """Titles of each category in a step: N; all but one predict the one left out."""
    learning_rate: float = 20_000.0
    """Of plain SGD on sums of long embeddings; falls to zero over the run."""
    inverse_frequency: float = 1.0
    """Power of the inverse word frequency that scales gradients; 0 turns the scaling off."""
    seed: int = 0


Progress = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the present loss."""


def labelled_titles(programmes: Iterable[Programme]) -> list[LabelledTitle]:
    """Each distinct title once (by `normalise`), in order, with its categories and its series as labels."""
    shown: dict[str, Programme] = {}
    labels: dict[str, set[str]] = defaultdict(set)
    subtitles: dict[int, tuple[str, str | None]] = {}
    numbers: dict[int, str] = {}
    for programme in programmes:
        key = normalise(programme.title)
        if not key:
            continue
        shown.setdefault(key, programme)
        labels[key] |= {f"category:{normalise(genre)}" for genre in programme.genres if genre.strip()}
        numbers[len(subtitles)] = key
        subtitles[len(subtitles)] = (programme.title, programme.subtitle)
    for number, part in series_of(subtitles).items():
        if part is not None:
            labels[numbers[number]].add(f"series:{part.series}")
    return [LabelledTitle(shown[key].title, frozenset(labels[key])) for key in shown]


def train_titles(
    titles: Sequence[LabelledTitle],
    config: TitleConfig | None = None,
    training: TitleTraining | None = None,
    progress: Progress | None = None,
) -> TitleModel:
    """Learn the meaning of the titles' words. Raises GuideError where there is nothing to learn from."""
    config, training = config or TitleConfig(), training or TitleTraining()
    groups = _groups(titles)
    if len(groups) < 2:
        raise GuideError(
            f"too little to learn from: {len(titles)} titles, {len(groups)} categories that several of them share",
            hint="train on a guide with at least two categories of several titles each",
        )
    vocabulary = Vocabulary.build(title.title for title in titles)
    table = initial_meaning(vocabulary, config, training.seed)
    _learn(table, vocabulary, titles, groups, training, progress)
    return TitleModel(config, vocabulary, table.detach().numpy())


def _learn(
    table: Tensor,
    vocabulary: Vocabulary,
    titles: Sequence[LabelledTitle],
    groups: Sequence[Sequence[int]],
    training: TitleTraining,
    progress: Progress | None,
) -> None:
    """Move `table` in place."""
    rng = random.Random(training.seed)
    features = padded_bag(vocabulary.bag([title.title for title in titles]))
    longest = (features != PAD).sum(dim=1)
    member = torch.zeros(len(groups), len(titles), dtype=torch.bool)
    for number, group in enumerate(groups):
        member[number, list(group)] = True
    counts = torch.from_numpy(vocabulary.counts)
    weights = [len(group) ** 0.5 for group in groups]
    table.requires_grad_(True)
    optimiser = torch.optim.SGD([table], lr=training.learning_rate)
    steps = max(1, training.epochs * len(titles) // (training.drawn * training.categories))
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1e-3, total_iters=steps)
    for step in range(steps):
        chosen = rng.choices(range(len(groups)), weights, k=training.categories)
        drawn = torch.tensor([number for group in chosen for number in _draw(rng, groups[group], training.drawn)])
        batch = features[drawn, : int(longest[drawn].max())]
        vectors = functional.normalize(padded_sum(batch, table), dim=1)
        loss = leave_one_out_loss(
            vectors.view(training.categories, training.drawn, -1), member[torch.tensor(chosen)][:, drawn]
        )
        optimiser.zero_grad()
        loss.backward()
        assert table.grad is not None
        table.grad = scale_by_inverse_frequency(table.grad, counts, training.inverse_frequency)
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(step + 1, steps, loss.item())
    table.requires_grad_(False)


def _groups(titles: Sequence[LabelledTitle]) -> list[tuple[int, ...]]:
    """Titles by label, in a fixed order; only groups of two or more, each once, and none that holds every title."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, title in enumerate(titles):
        for label in sorted(title.labels):
            groups[label].append(number)
    useful = (tuple(groups[label]) for label in sorted(groups) if 1 < len(groups[label]) < len(titles))
    return list(dict.fromkeys(useful))


def _draw(rng: random.Random, group: Sequence[int], count: int) -> list[int]:
    """`count` titles of a group: different ones as far as it has them."""
    if len(group) >= count:
        return rng.sample(group, count)
    return [*rng.sample(group, len(group)), *rng.choices(group, k=count - len(group))]
