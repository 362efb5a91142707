"""Which trials there are, and what a memory may hold: against loops over windows."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch

from voicemark.config import MatchSection
from voicemark.lab.corpus.clips import WINDOW_SAMPLES, Clips
from voicemark.lab.evaluation.protocol import (
    MEMORY_WINDOWS,
    Question,
    enrolment_trials,
    error_rates,
    normalised,
    program_scoring,
    top_k_mean,
    verification_trials,
)
from voicemark.voice.match import Memory, VoiceBook, score


def some_clips(seed: int = 0, speakers: int = 6, utterances: int = 3, windows: int = 3) -> Clips:
    """Windows without sound: the protocol looks at labels and embeddings alone."""
    count = speakers * utterances * windows
    utterance = np.repeat(np.arange(speakers * utterances), windows)
    speaker = utterance // utterances
    return Clips(np.zeros((count, 1), np.float32), utterance, speaker, speaker % 2, ("left", "right"))


def embeddings_of(clips: Clips, spread: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clips.speaker.max() + 1, 16))
    noise = spread * rng.standard_normal((len(clips.speaker), 16))
    return (centres[clips.speaker] + noise).astype(np.float32)


def test_no_pair_of_one_utterance_counts() -> None:
    clips = some_clips()
    embeddings = embeddings_of(clips, 0.5)
    trials = verification_trials(clips, embeddings, embeddings)
    for i in range(len(clips.speaker)):
        for j in range(len(clips.speaker)):
            same_voice = clips.speaker[i] == clips.speaker[j]
            same_utterance = clips.utterance[i] == clips.utterance[j]
            assert trials.positive[i, j] == (same_voice and not same_utterance)
            assert trials.negative[i, j] == (not same_voice)
            assert trials.same_source[i, j] == (clips.source[i] == clips.source[j])


def test_a_memory_never_holds_the_tested_utterance() -> None:
    """Windows of an utterance are equal, those of different utterances orthogonal: a leak would score 1."""
    clips = some_clips(utterances=2)
    embeddings = np.eye(clips.utterance.max() + 1, dtype=np.float32)[clips.utterance]
    trials = enrolment_trials(clips, embeddings, embeddings)
    assert trials.positive.sum() == len(clips.speaker)
    assert trials.scores[trials.positive].max() == 0.0


def test_a_score_is_the_mean_of_the_five_best_of_thirty() -> None:
    clips = some_clips(speakers=2, utterances=8, windows=6)
    embeddings = embeddings_of(clips, 1.0)
    trials = enrolment_trials(clips, embeddings, embeddings)
    unit = normalised(embeddings)
    for window in range(0, len(clips.speaker), 7):
        for voice in range(2):
            others = (clips.speaker == voice) & (clips.utterance != clips.utterance[window])
            every = np.sort(unit[others] @ unit[window])[::-1]
            best_of_all = every[:5].mean()
            worst_draw = every[-MEMORY_WINDOWS:][:5].mean()
            assert worst_draw - 1e-6 <= trials.scores[window, voice] <= best_of_all + 1e-6


def test_a_voice_with_one_utterance_is_a_stranger_to_others_and_never_itself() -> None:
    clips = some_clips(utterances=1)
    embeddings = embeddings_of(clips, 0.1)
    trials = enrolment_trials(clips, embeddings, embeddings)
    assert not trials.positive.any()
    assert trials.negative.sum() == len(clips.speaker) * 5
    with pytest.raises(ValueError, match="two utterances"):
        error_rates(clips, trials)


def test_sources_are_judged_apart_and_pooled() -> None:
    clips = some_clips()
    apart = embeddings_of(clips, 0.05)
    result = error_rates(clips, enrolment_trials(clips, apart, apart))
    assert set(result.per_source) == {"left", "right"}
    assert result.pooled.eer == 0.0
    assert result.pooled.negatives == sum(rates.negatives for rates in result.per_source.values())
    assert result.across.negatives == len(clips.speaker) * 5
    mixed = embeddings_of(clips, 20.0)
    assert error_rates(clips, enrolment_trials(clips, mixed, mixed)).pooled.eer > 0.3


def test_the_best_few_are_those_of_sorting() -> None:
    rng = np.random.default_rng(1)
    for width in (1, 3, 5, 40):
        cosines = rng.standard_normal((7, width)).astype(np.float32)
        assert np.allclose(top_k_mean(cosines), np.sort(cosines, axis=1)[:, -5:].mean(axis=1), atol=1e-6)


def test_the_program_scores_a_window_against_the_middle_of_the_same_memory() -> None:
    clips = some_clips()
    embeddings = embeddings_of(clips, 0.5)
    unit = normalised(embeddings)
    trials = enrolment_trials(clips, embeddings, embeddings, scoring=program_scoring(None))
    plain = enrolment_trials(clips, embeddings, embeddings)
    assert np.array_equal(trials.positive, plain.positive) and np.array_equal(trials.negative, plain.negative)
    for window in range(0, len(unit), 7):
        own = (clips.speaker == clips.speaker[window]) & (clips.utterance != clips.utterance[window])
        if own.sum() <= MEMORY_WINDOWS:
            middle = unit[own].sum(axis=0)
            expected = unit[window] @ middle / np.linalg.norm(middle)
            assert trials.scores[window, clips.speaker[window]] == pytest.approx(expected, abs=1e-5)


def test_all_memories_at_once_are_scored_as_each_alone() -> None:
    clips = some_clips()
    clean, test = embeddings_of(clips, 0.5), embeddings_of(clips, 0.8, seed=1)
    test[4] = 0.0  # a silent window
    strangers = torch.from_numpy(normalised(np.random.default_rng(2).standard_normal((300, 16)).astype(np.float32)))

    def one_by_one(test: np.ndarray, questions: Sequence[Question]) -> Iterator[np.ndarray]:
        for question in questions:
            memory = Memory("", torch.from_numpy(question.memory), 0.0)
            book = VoiceBook.of([memory], "", MatchSection(), strangers)
            yield np.array([score(torch.from_numpy(test[[row]]), book).item() for row in question.tests])

    naive = enrolment_trials(clips, clean, test, scoring=one_by_one).scores
    scores = enrolment_trials(clips, clean, test, scoring=program_scoring(strangers)).scores
    assert np.allclose(scores, naive, atol=1e-6)
    plain = enrolment_trials(clips, clean, test, scoring=program_scoring(None)).scores
    assert np.abs(scores - plain)[5:].min() > 0.01, "the cohort takes something from every score"


def test_windows_are_two_seconds() -> None:
    assert WINDOW_SAMPLES == 32_000
