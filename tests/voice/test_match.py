"""Scores of turns against all voices."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.config import Config, MatchSection, SpeakerSection
from voicemark.errors import ModelError
from voicemark.voice import match
from voicemark.voice.match import SILENT, Memory, VoiceBook, centroid, match_key, score, threshold_of
from voicemark.voice.score_norm import NEAREST, REFERENCE, SHARE

PLAIN = MatchSection(normalise=False)
DIM = 24


def directions(seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, DIM, generator=generator), dim=1)


def book_of(*sizes: int, settings: MatchSection = PLAIN, cohort: torch.Tensor | None = None) -> VoiceBook:
    memories = [Memory(f"voice {i}", directions(100 + i, size), 0.5) for i, size in enumerate(sizes)]
    return VoiceBook.of(memories, "model", settings, cohort)


def naive_level(direction: torch.Tensor, cohort: torch.Tensor) -> float:
    best = sorted((float(torch.dot(row, direction)) for row in cohort), reverse=True)[: round(NEAREST * len(cohort))]
    return SHARE * (sum(best) / len(best) - REFERENCE)


def naive_scores(heard: torch.Tensor, book: VoiceBook, cohort: torch.Tensor) -> list[list[float]]:
    """One cosine at a time, as the definition says."""
    scores = []
    for voice in range(len(book)):
        middle = book.memory(voice).sum(dim=0)
        middle = middle / middle.norm()
        scores.append(
            [float(torch.dot(middle, one)) - naive_level(middle, cohort) - naive_level(one, cohort) for one in heard]
        )
    return scores


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4), heard=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_matrix_product_gives_the_naive_scores(sizes: list[int], heard: int) -> None:
    cohort = directions(7, 250)
    book = book_of(*sizes, settings=MatchSection(), cohort=cohort)
    rows = directions(3, heard)
    expected = torch.tensor(naive_scores(rows, book, cohort))
    torch.testing.assert_close(score(rows, book), expected, atol=1e-5, rtol=0)


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    book, heard = book_of(7, 3, settings=MatchSection(), cohort=directions(8, 300)), directions(4, 100)
    whole = score(heard, book)
    monkeypatch.setattr(match, "AT_ONCE", 7)
    torch.testing.assert_close(score(heard, book), whole, atol=1e-6, rtol=0)


def test_a_voice_is_the_middle_of_its_memory() -> None:
    rows = directions(5, 6)
    assert float(centroid(rows) @ rows.mean(dim=0)) == pytest.approx(float(rows.mean(dim=0).norm()), abs=1e-6)
    assert torch.equal(centroid(rows[:1]), rows[0])


def test_silence_scores_below_every_threshold() -> None:
    book = book_of(4, settings=MatchSection(), cohort=directions(8, 300))
    heard = book.rows.clone()
    heard[2] = 0
    scores = score(heard, book)[0]
    assert scores[2] == SILENT
    assert (scores[[0, 1, 3]] > SILENT).all()


def test_nothing_enrolled_and_nothing_heard_are_empty_scores() -> None:
    assert score(directions(1, 3), book_of()).shape == (0, 3)
    assert score(torch.zeros(0, DIM), book_of(2, 2)).shape == (2, 0)


def test_windows_of_another_model_are_refused() -> None:
    book_of(1).check_model("model")
    with pytest.raises(ModelError, match="voicemark enrol"):
        book_of(1).check_model("another")


def test_a_voice_has_its_own_threshold_or_the_common_one() -> None:
    config = Config(
        match=MatchSection(threshold=0.4),
        speakers=(SpeakerSection(name="a", samples=("x",), threshold=0.6), SpeakerSection(name="b", samples=("y",))),
    )
    assert (threshold_of(config, "a"), threshold_of(config, "b")) == (0.6, 0.4)


def test_match_key_changes_with_everything_that_decides_on_markers() -> None:
    settings, rows = MatchSection(), directions(1, 4)
    book = VoiceBook.of([Memory("a", rows, 0.5)], "model", settings)
    same = VoiceBook.of([Memory("a", rows.clone(), 0.5)], "model", settings)
    assert match_key(book, settings) == match_key(same, settings)
    others = [
        (VoiceBook.of([Memory("b", rows, 0.5)], "model", settings), settings),
        (VoiceBook.of([Memory("a", rows, 0.6)], "model", settings), settings),
        (VoiceBook.of([Memory("a", rows[:3], 0.5)], "model", settings), settings),
        (VoiceBook.of([Memory("a", rows, 0.5)], "new", settings), settings),
        (VoiceBook.of([Memory("a", rows, 0.5)], "model", settings, directions(2, 300)), settings),
        (VoiceBook.of([Memory("a", rows, 0.5)], "model", settings, directions(3, 300)), settings),
        (book, MatchSection(join_gap_s=9)),
    ]
    assert len({match_key(*other) for other in others} | {match_key(book, settings)}) == len(others) + 1
