"""Scores of windows against the memories of all voices."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.config import Config, MatchSection, SpeakerSection
from voicemark.errors import ModelError
from voicemark.voice import match
from voicemark.voice.calibration import identity
from voicemark.voice.match import (
    SILENT,
    Memory,
    VoiceBook,
    match_key,
    score_windows,
    smooth,
    taps,
    threshold_of,
    top_mean,
)

PLAIN = MatchSection(calibrate=False, smooth_s=0)
DIM = 24


def directions(seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, DIM, generator=generator), dim=1)


def book_of(*sizes: int, settings: MatchSection = PLAIN, cohort: torch.Tensor | None = None) -> VoiceBook:
    memories = [Memory(f"voice {i}", directions(100 + i, size), 0.5) for i, size in enumerate(sizes)]
    return VoiceBook.of(memories, "model", settings, cohort)


def naive_scores(windows: torch.Tensor, book: VoiceBook, top_k: int) -> list[list[float]]:
    """One cosine at a time, sorted, as the definition says."""
    scores = []
    for voice in range(len(book)):
        memory = book.memory(voice)
        of_voice = []
        for window in windows:
            cosines = sorted((float(torch.dot(row, window)) for row in memory), reverse=True)[:top_k]
            raw = sum(cosines) / len(cosines)
            offset, scale = float(book.calibration.offset[voice]), float(book.calibration.scale[voice])
            of_voice.append((raw - offset) * scale + book.calibration.base)
        scores.append(of_voice)
    return scores


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    windows=st.integers(1, 12),
    top_k=st.integers(1, 6),
)
@settings(max_examples=40, deadline=None)
def test_matrix_product_gives_the_naive_scores(sizes: list[int], windows: int, top_k: int) -> None:
    wanted = MatchSection(smooth_s=0, top_k=top_k)
    book = book_of(*sizes, settings=wanted, cohort=directions(7, 80))
    heard = directions(3, windows)
    expected = torch.tensor(naive_scores(heard, book, top_k))
    torch.testing.assert_close(score_windows(heard, book, wanted, 0.5), expected, atol=1e-5, rtol=0)


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    book, windows = book_of(7, 3), directions(4, 100)
    whole = score_windows(windows, book, PLAIN, 0.5)
    monkeypatch.setattr(match, "WINDOWS_AT_ONCE", 7)
    torch.testing.assert_close(score_windows(windows, book, PLAIN, 0.5), whole, atol=1e-6, rtol=0)


def test_a_voice_with_few_rows_gives_the_mean_of_those() -> None:
    book = book_of(2)
    window = directions(5, 1)
    assert top_mean(window, book, 5)[0, 0].item() == pytest.approx(float((book.rows @ window[0]).mean()), abs=1e-6)


def test_silent_windows_score_below_every_threshold_and_pull_no_neighbour() -> None:
    book = book_of(4)
    windows = book.rows[:1].repeat(7, 1).clone()
    windows[3] = 0
    scores = score_windows(windows, book, MatchSection(calibrate=False, smooth_s=2, top_k=1), 0.5)
    assert scores[0, 3] == SILENT
    assert scores[0, [0, 1, 2, 4, 5, 6]].tolist() == pytest.approx([1] * 6, abs=1e-5)


def test_nothing_enrolled_and_nothing_heard_are_empty_scores() -> None:
    assert score_windows(directions(1, 3), book_of(), PLAIN, 0.5).shape == (0, 3)
    assert score_windows(torch.zeros(0, DIM), book_of(2, 2), PLAIN, 0.5).shape == (2, 0)


@given(
    scores=st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=20),
    mask=st.lists(st.booleans(), min_size=20, max_size=20),
    reach=st.integers(0, 4),
)
@settings(deadline=None)
def test_smoothing_is_the_mean_of_what_is_heard_around(scores: list[float], mask: list[bool], reach: int) -> None:
    heard = mask[: len(scores)]
    smoothed = smooth(torch.tensor([scores]), torch.tensor(heard), 2 * reach + 1)[0].tolist()
    for k, value in enumerate(smoothed):
        around = [scores[i] for i in range(max(0, k - reach), min(len(scores), k + reach + 1)) if heard[i]]
        assert value == pytest.approx(sum(around) / len(around) if heard[k] else SILENT, abs=1e-5)


@pytest.mark.parametrize(("smooth_s", "width"), [(0, 1), (0.5, 1), (1.0, 3), (2.0, 5), (4.0, 9)])
def test_smoothing_takes_an_odd_number_of_windows(smooth_s: float, width: int) -> None:
    assert taps(MatchSection(smooth_s=smooth_s), 0.5) == width


def test_one_voice_of_the_book_is_matched_as_in_the_book() -> None:
    book = book_of(3, 5, 2, settings=MatchSection(), cohort=directions(8, 100))
    windows = directions(9, 20)
    whole = score_windows(windows, book, MatchSection(), 0.5)
    torch.testing.assert_close(score_windows(windows, book.only(1), MatchSection(), 0.5), whole[1:2], atol=1e-6, rtol=0)


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
        (VoiceBook.of([Memory("a", rows, 0.5)], "model", settings, directions(2, 200)), settings),
        (book, MatchSection(join_gap_s=9)),
    ]
    assert len({match_key(*other) for other in others} | {match_key(book, settings)}) == len(others) + 1
    assert identity(1).base == book.calibration.base
