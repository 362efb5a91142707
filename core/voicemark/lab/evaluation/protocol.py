"""Two ways to ask whether voices are told apart: window against window, and window against a memory.

**Verification**: every pair of a clean window and a test window of two different utterances.
**Enrolment**, the way the program works: each voice has a memory of up to 30 clean windows; a test window's
score is the mean of its five best cosines; the memory never holds a window of the test window's own utterance. The same
trials can be scored as the program scores a stretch (`program_scoring`) instead.

The reference side is always clean, the test side carries the condition: samples are chosen, television is not.
Negatives come from the same source (`within`: the channel gives nothing away), then from every source (`across`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.lab.corpus.clips import Clips, seeded
from voicemark.lab.evaluation.metrics import equal_error_rate, min_dcf
from voicemark.voice.match import Memory, VoiceBook, score

MEMORY_WINDOWS = 30
TOP_K = 5

Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class Question:
    """A memory of one of the voices, and the test windows that it is asked about."""

    voice: int
    memory: Embeddings  # (m, d)
    tests: NDArray[np.intp]  # (k,): rows of the test windows


Scoring = Callable[[Embeddings, Sequence[Question]], Iterator[NDArray[np.float32]]]
"""Test windows (n, d) and questions, all rows of length 1 → for each question in turn its scores (k,)."""


@dataclass(frozen=True)
class Rates:
    """Error rates of one set of trials; `min_dcf_01` and `min_dcf_05` have target priors 0.01 and 0.05."""

    eer: float
    min_dcf_01: float
    min_dcf_05: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class ProtocolResult:
    """One protocol: per source and pooled, negatives of the same source; `across`, negatives of every source."""

    per_source: dict[str, Rates]
    pooled: Rates
    across: Rates


@dataclass(frozen=True)
class Trials:
    """Scores of test windows (rows) against references (columns), and which of them count."""

    scores: NDArray[np.float32]  # (n, r)
    positive: NDArray[np.bool_]  # (n, r): same voice, other utterance
    negative: NDArray[np.bool_]  # (n, r): other voice
    same_source: NDArray[np.bool_]  # (n, r)


def normalised(embeddings: Embeddings) -> Embeddings:
    """Rows of length 1; a row of zeros stays as it is."""
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit: Embeddings = (embeddings / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def verification_trials(clips: Clips, clean: Embeddings, test: Embeddings) -> Trials:
    """Cosines of every test window with every clean window; pairs within one utterance never count."""
    same_voice = clips.speaker[:, None] == clips.speaker[None, :]
    other_utterance = clips.utterance[:, None] != clips.utterance[None, :]
    return Trials(
        normalised(test) @ normalised(clean).T,
        same_voice & other_utterance,
        ~same_voice,
        clips.source[:, None] == clips.source[None, :],
    )


def top_k_mean(cosines: NDArray[np.float32], k: int = TOP_K) -> NDArray[np.float32]:
    """Mean of the k largest cosines of every row, of all where there are fewer: (n, m) → (n,)."""
    k = min(k, cosines.shape[1])
    best: NDArray[np.float32] = np.partition(cosines, cosines.shape[1] - k, axis=1)[:, -k:].mean(axis=1)
    return best


def plain_scoring(test: Embeddings, questions: Sequence[Question]) -> Iterator[NDArray[np.float32]]:
    """Mean of the five best cosines: the same for every embedder."""
    return (top_k_mean(test[question.tests] @ question.memory.T) for question in questions)


def program_scoring(cohort: Tensor | None) -> Scoring:
    """A window scored as the program scores a stretch: against the memory's middle, normalised on a cohort."""

    def scoring(test: Embeddings, questions: Sequence[Question]) -> Iterator[NDArray[np.float32]]:
        memories = [Memory("", torch.from_numpy(question.memory), 0.0) for question in questions]
        # One book of all: what the cohort takes from a window costs more than every memory's cosine with it.
        scores = score(torch.from_numpy(test), VoiceBook.of(memories, "", MatchSection(), cohort)).numpy()
        return (row[question.tests] for row, question in zip(scores, questions, strict=True))

    return scoring


def enrolment_trials(
    clips: Clips, clean: Embeddings, test: Embeddings, *, seed: int = 0, scoring: Scoring = plain_scoring
) -> Trials:
    """Scores of every test window against every voice's memory.

    A voice with a single utterance has a memory for others' windows and no positive trial of its own.
    """
    clean, test = normalised(clean), normalised(test)
    voices = np.unique(clips.speaker)
    valid = np.ones((len(clips.speaker), len(voices)), bool)
    questions: list[Question] = []
    for column, voice in enumerate(voices):
        own = np.flatnonzero(clips.speaker == voice)
        own = own[seeded(seed, "memory", int(voice)).permutation(len(own))]
        questions.append(Question(column, clean[own[:MEMORY_WINDOWS]], np.arange(len(clips.speaker))))
        for utterance in np.unique(clips.utterance[own]):
            tests = np.flatnonzero(clips.utterance == utterance)
            memory = own[clips.utterance[own] != utterance][:MEMORY_WINDOWS]
            valid[tests, column] = len(memory) > 0
            if len(memory):
                questions.append(Question(column, clean[memory], tests))
    scores = np.zeros(valid.shape, np.float32)
    for question, answer in zip(questions, scoring(test, questions), strict=True):
        scores[question.tests, question.voice] = answer
    same_voice = clips.speaker[:, None] == voices[None, :]
    source_of = np.array([clips.source[clips.speaker == voice][0] for voice in voices])
    return Trials(scores, same_voice & valid, ~same_voice, clips.source[:, None] == source_of[None, :])


def rates_of(trials: Trials, where: NDArray[np.bool_]) -> Rates | None:
    """Error rates over the trials in `where` (n, r); None where one side is missing."""
    positive = trials.scores[trials.positive & where]
    negative = trials.scores[trials.negative & where]
    if not len(positive) or not len(negative):
        return None
    return Rates(
        equal_error_rate(positive, negative),
        min_dcf(positive, negative, 0.01),
        min_dcf(positive, negative, 0.05),
        len(positive),
        len(negative),
    )


def error_rates(clips: Clips, trials: Trials) -> ProtocolResult:
    """Per source, pooled over the sources that have both sides, and with negatives of every source.

    Raises ValueError when no source has two voices, one of them with two utterances.
    """
    per_source: dict[str, Rates] = {}
    counted = np.zeros_like(trials.same_source)
    for number, name in enumerate(clips.sources):
        where = trials.same_source & (clips.source == number)[:, None]
        rates = rates_of(trials, where)
        if rates is not None:
            per_source[name] = rates
            counted |= where
    pooled = rates_of(trials, counted)
    across = rates_of(trials, np.ones_like(counted))
    if pooled is None or across is None:
        raise ValueError("trials need a source with two voices, one of them with two utterances")
    return ProtocolResult(per_source, pooled, across)
