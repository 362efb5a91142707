"""Rare words: what a title loses with one of them, when gradients were scaled by inverse frequency and when not.

One rare word is taken out of each title, and the title is ranked again among the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voicemark.lab.titles.retrieval import FIRST, fine_categories, rank_metrics, right_answers
from voicemark.lab.titles.titles_training import LabelledTitle, TitleTraining, train_titles
from voicemark.titles.title_model import TitleModel
from voicemark.titles.vocabulary import is_word, tokenize, word_form

RARE = 3  # a rare word was seen in at most so many titles that were learned from
UNSCALED_RATE = 1_000.0  # learning rate without scaling that retrieves best; 20,000 with it


@dataclass(frozen=True)
class RareWordRow:
    """One run. `meaning_only` looks at the learned part of the vectors, the other rows at the whole."""

    inverse_frequency: float
    seed: int
    meaning_only: bool
    titles: int
    cosine_change: float
    """Mean of 1 - cosine between a title and itself without the word."""
    neighbours_changed: float
    """Share of titles whose nearest neighbour is another one then."""
    overlap: float
    """Mean share of the first ten neighbours that stay."""
    recall: float
    """Recall@10 of the fine category, of these titles as they are."""
    recall_without: float
    """The same, with the word taken out."""


def measure_rare_words(
    learned: Sequence[LabelledTitle], held: Sequence[LabelledTitle], seeds: Sequence[int]
) -> list[RareWordRow]:
    """Two runs a seed: with the scaling and without, each at the learning rate that suits it."""
    rows: list[RareWordRow] = []
    for seed in seeds:
        for training in (
            TitleTraining(seed=seed),
            TitleTraining(seed=seed, inverse_frequency=0.0, learning_rate=UNSCALED_RATE),
        ):
            model = train_titles(learned, training=training)
            for share in (1.0, model.config.meaning_share):
                shared = replace(model, config=replace(model.config, meaning_share=share))
                rows.append(_measure(shared, training, held))
    return rows


def without_rarest(model: TitleModel, title: str) -> str | None:
    """The title without its rarest known word; None when it has no rare one, or nothing else.

    A title's n-grams that cross no word border go with the word.
    """
    tokens = tokenize(title)
    vocabulary = model.vocabulary
    counts = {
        place: int(vocabulary.counts[vocabulary.number[word_form(token)]])
        for place, token in enumerate(tokens)
        if is_word(token) and word_form(token) in vocabulary.number
    }
    if not counts or sum(map(is_word, tokens)) < 2:
        return None
    place = min(counts, key=lambda place: (counts[place], place))
    return " ".join(tokens[:place] + tokens[place + 1 :]) if counts[place] <= RARE else None


def _measure(model: TitleModel, training: TitleTraining, held: Sequence[LabelledTitle]) -> RareWordRow:
    cut = {row: text for row, title in enumerate(held) if (text := without_rarest(model, title.title))}
    if not cut:
        nothing = float("nan")
        share = model.config.meaning_share
        return RareWordRow(training.inverse_frequency, training.seed, share == 1, 0, *[nothing] * 5)
    rows = np.array(list(cut))
    whole = model.embed([title.title for title in held])
    less = model.embed(list(cut.values()))
    before, after = whole[rows] @ whole.T, less @ whole.T
    for similarity in (before, after):
        similarity[np.arange(len(rows)), rows] = -np.inf
    first = [np.argsort(-similarity, axis=1, kind="stable")[:, :FIRST] for similarity in (before, after)]
    right = right_answers(held, fine_categories)[rows]
    return RareWordRow(
        inverse_frequency=training.inverse_frequency,
        seed=training.seed,
        meaning_only=model.config.meaning_share == 1,
        titles=len(rows),
        cosine_change=float(1 - (whole[rows] * less).sum(axis=1).mean()),
        neighbours_changed=float((first[0][:, 0] != first[1][:, 0]).mean()),
        overlap=float(np.mean([len({*a} & {*b}) / len(a) for a, b in zip(*first, strict=True)])),
        recall=rank_metrics(first[0], right).recall,
        recall_without=rank_metrics(first[1], right).recall,
    )
