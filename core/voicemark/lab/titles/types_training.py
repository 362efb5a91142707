"""Training the type classifier: what is learned from, the loop, and the temperature that makes it honest."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from voicemark.errors import GuideError
from voicemark.recording import Programme
from voicemark.titles.type_names import TYPES, type_of_categories
from voicemark.titles.types import ProgrammeText, Reader, TypeConfig, TypeNet
from voicemark.titles.vocabulary import Vocabulary, normalise

SHOWINGS = 4  # of one title that are learned from: a daily programme is not worth a hundred others


@dataclass(frozen=True)
class TypedText:
    """A programme's text and its true type. Programmes of one `title` never stand on both sides of a split."""

    text: ProgrammeText
    type: str

    @property
    def title(self) -> str:
        """The title in its one spelling."""
        return normalise(self.text.title)


@dataclass(frozen=True)
class TypeTraining:
    """Settings of a run."""

    epochs: int = 15
    batch: int = 64
    learning_rate: float = 4e-3
    buckets: int = 1 << 14
    fewest: int = 30
    """Titles that a type needs in order to be learned."""
    held_share: float = 0.12
    """Share of titles that the temperature is measured on, and nothing is learned from."""
    reader: Reader = "reverse"
    seed: int = 0


def typed_texts(programmes: Iterable[Programme]) -> list[TypedText]:
    """Every distinct text whose categories say its type; of one title at most SHOWINGS, in order."""
    texts: dict[tuple[str, str, str], TypedText] = {}
    showings: Counter[str] = Counter()
    for programme in programmes:
        name = type_of_categories(programme.genres)
        title = normalise(programme.title)
        key = (title, normalise(programme.subtitle or ""), normalise(programme.description or ""))
        if name is None or not title or key in texts or showings[title] >= SHOWINGS:
            continue
        showings[title] += 1
        text = ProgrammeText(programme.title, programme.subtitle, programme.description)
        texts[key] = TypedText(text, name)
    return list(texts.values())


def train_types(
    examples: Sequence[TypedText],
    training: TypeTraining | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> TypeNet:
    """Learn the types that enough titles have. Raises GuideError where fewer than two have."""
    training = training or TypeTraining()
    titles: dict[str, set[str]] = {name: set() for name in TYPES}
    for example in examples:
        titles[example.type].add(example.title)
    types = tuple(name for name in TYPES if len(titles[name]) >= training.fewest)
    if len(types) < 2:
        raise GuideError(
            f"too little to learn types from: only {len(types)} types have {training.fewest} titles or more",
            hint="train on a guide whose programmes have categories",
        )
    learned, held = split_by_title([example for example in examples if example.type in types], training)
    tokens = [example.text.tokens() for example in learned]
    vocabulary = Vocabulary.build_tokens(tokens, unknown=256, buckets=training.buckets, min_count=2)
    torch.manual_seed(training.seed)
    net = TypeNet(TypeConfig(types, training.reader), vocabulary)
    _learn(net, tokens, _numbers(types, learned), training, progress)
    if held:
        _set_temperature(net, held)
    return net.eval()


def split_by_title(examples: Sequence[TypedText], training: TypeTraining) -> tuple[list[TypedText], list[TypedText]]:
    """(learned from, held back): a title is wholly on one side."""
    titles = sorted({example.title for example in examples})
    random.Random(training.seed).shuffle(titles)
    back = set(titles[: int(training.held_share * len(titles))])
    return [e for e in examples if e.title not in back], [e for e in examples if e.title in back]


def _learn(
    net: TypeNet,
    tokens: Sequence[Sequence[str]],
    targets: Tensor,
    training: TypeTraining,
    progress: Callable[[int, int, float], None] | None,
) -> None:
    """Adam on cross entropy; rare types weigh more, by the square root of how rare they are.

    The table's gradients are sparse, and only the words of a batch are moved.
    """
    rng = random.Random(training.seed)
    weights = torch.bincount(targets, minlength=len(net.config.types)).clamp(min=1).float().pow(-0.5)
    weights *= len(weights) / weights.sum()
    optimisers: tuple[torch.optim.Optimizer, ...] = (
        torch.optim.SparseAdam([net.table], lr=training.learning_rate),
        torch.optim.Adam([p for p in net.parameters() if p is not net.table], lr=training.learning_rate),
    )
    batches = -(-len(tokens) // training.batch)
    steps = training.epochs * batches
    schedules = [torch.optim.lr_scheduler.LinearLR(each, 1.0, 0.02, total_iters=steps) for each in optimisers]
    net.train()
    order = list(range(len(tokens)))
    for step in range(steps):
        if step % batches == 0:
            rng.shuffle(order)
        chosen = order[step % batches * training.batch :][: training.batch]
        loss = functional.cross_entropy(net([tokens[number] for number in chosen]), targets[chosen], weights)
        net.zero_grad()
        loss.backward()
        for optimiser, schedule in zip(optimisers, schedules, strict=True):
            optimiser.step()
            schedule.step()
        if progress is not None:
            progress(step + 1, steps, loss.item())


def _set_temperature(net: TypeNet, held: Sequence[TypedText]) -> None:
    """The temperature with the least cross entropy on texts that were not learned from."""
    net.eval()
    with torch.no_grad():
        scores = net([example.text.tokens() for example in held])
        targets = _numbers(net.config.types, held)
        candidates = torch.logspace(-0.7, 0.9, 81)
        losses = torch.stack([functional.cross_entropy(scores / t, targets) for t in candidates])
        net.temperature.copy_(candidates[losses.argmin()])


def _numbers(types: Sequence[str], examples: Sequence[TypedText]) -> Tensor:
    return torch.tensor([types.index(example.type) for example in examples])
