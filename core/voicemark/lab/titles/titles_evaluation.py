"""The titles table: retrieval beside the peers, rare words, and types, all on titles that were not learned from."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.epg.xmltv import read_programmes
from voicemark.errors import GuideError
from voicemark.lab.titles.baselines import PEERS
from voicemark.lab.titles.rare_words import RareWordRow, measure_rare_words
from voicemark.lab.titles.retrieval import RetrievalRow, measure, shuffled, split_titles
from voicemark.lab.titles.titles_training import LabelledTitle, labelled_titles, train_titles
from voicemark.lab.titles.types_evaluation import TypesResult, measure_types, split_texts
from voicemark.lab.titles.types_training import typed_texts
from voicemark.recording import Programme
from voicemark.titles.vocabulary import normalise

PARTS = ("retrieval", "rare", "types")
OURS = "voicemark titles"
RARE_SEEDS = 3


@dataclass(frozen=True)
class TitlesResult:
    """What was measured; a part that was not asked for is None or empty."""

    train: str
    test: str
    titles_learned: int
    titles_held: int
    training_cpu_s: float | None
    retrieval: tuple[RetrievalRow, ...]
    rare_words: tuple[RareWordRow, ...]
    types: TypesResult | None


def evaluate_titles(
    train: Path,
    test: Path,
    parts: Sequence[str] = PARTS,
    seeds: int = 5,
    tell: Callable[[str], None] = lambda text: None,
) -> TitlesResult:
    """Measure `parts` with `seeds` runs of each type classifier.

    The same guide twice is split by title; of two guides, the titles of the second that the first lacks are held
    out. Types are left out, with a word to `tell`, where the guides say too few of them. Raises GuideError where a
    guide cannot be read or has too little in it.
    """
    same = train.resolve() == test.resolve()
    tell(f"reading {train}" if same else f"reading {train} and {test}")
    learned_from = list(read_programmes(train))
    judged_on = learned_from if same else list(read_programmes(test))
    learned, held = _split(learned_from, judged_on, same)
    if len(held) < 2:
        raise GuideError("no two titles that were not learned from", path=test, hint="use a larger or another guide")
    rows: list[RetrievalRow] = []
    training_cpu_s: float | None = None
    if "retrieval" in parts:
        rows, training_cpu_s = _retrieval(learned, held, tell)
    rare: list[RareWordRow] = []
    if "rare" in parts:
        tell("rare words: two trainings for each of three seeds")
        rare = measure_rare_words(learned, held, range(RARE_SEEDS))
    types: TypesResult | None = None
    if "types" in parts:
        known, judged = split_texts(typed_texts(learned_from))
        if not same:
            known = typed_texts(learned_from)
            titles = {text.title for text in known}
            judged = [text for text in typed_texts(judged_on) if text.title not in titles]
        try:
            types = measure_types(known, judged, range(seeds), tell)
        except GuideError as error:
            tell(f"types are not measured: {error}")
    return TitlesResult(train.name, test.name, len(learned), len(held), training_cpu_s, tuple(rows), tuple(rare), types)


def _split(
    learned_from: Sequence[Programme], judged_on: Sequence[Programme], same: bool
) -> tuple[list[LabelledTitle], list[LabelledTitle]]:
    """Titles learned from and titles held out, the latter in an order that says nothing."""
    learned = labelled_titles(learned_from)
    if same:
        learned, held = split_titles(learned)
    else:
        known = {normalise(title.title) for title in learned}
        held = [title for title in labelled_titles(judged_on) if normalise(title.title) not in known]
    return learned, shuffled(held)


def _retrieval(
    learned: Sequence[LabelledTitle], held: Sequence[LabelledTitle], tell: Callable[[str], None]
) -> tuple[list[RetrievalRow], float]:
    """Our row and the peers', and the CPU seconds that ours took to learn."""
    tell(f"{OURS}: learning from {len(learned)} titles")
    started = time.process_time()
    model = train_titles(learned)
    training_cpu_s = time.process_time() - started

    def similarity(titles: Sequence[str]) -> NDArray[np.float32]:
        vectors = model.embed(titles)
        found: NDArray[np.float32] = vectors @ vectors.T
        return found

    similarity([title.title for title in held[:8]])  # the first call sets things up
    rows = [measure(OURS, held, similarity)]
    everything = [title.title for title in (*learned, *held)]
    for peer in PEERS:
        tell(peer.name)
        try:
            rows.append(measure(peer.name, held, peer.prepare(everything)))
        except ImportError as error:
            rows.append(RetrievalRow(peer.name, missing=f"not installed ({error.name or error})"))
    return rows, training_cpu_s
