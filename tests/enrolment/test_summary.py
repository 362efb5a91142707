"""What is told of an enrolment."""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from itertools import product
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicemark.cli.enrol import show
from voicemark.config import MatchSection
from voicemark.enrolment.enrolment import Enrolment, VoiceReport
from voicemark.enrolment.memory import SampleWindows
from voicemark.enrolment.samples import Sample
from voicemark.enrolment.standing import PIECE_FACTOR, Standing, own_scores, pieces
from voicemark.enrolment.summary import MOST_OTHERS, summarise
from voicemark.errors import EnrolmentError
from voicemark.recording import Recording
from voicemark.voice.match import Memory, VoiceBook, centroid
from voicemark.voice.score_norm import ScoreNorm, score_norm

DIM = 32


def cloud(centre: int, count: int, seed: int) -> torch.Tensor:
    middle = torch.nn.functional.normalize(torch.randn(DIM, generator=torch.Generator().manual_seed(centre)), dim=0)
    around = torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(middle + 0.1 * around, dim=1)


def windows(name: str, rows: torch.Tensor, kept: list[int], dropped: dict[int, str]) -> SampleWindows:
    return SampleWindows(Sample(Recording(Path(name), "plain", (Path(name),))), rows, dropped, kept)


def book_of(*memories: torch.Tensor) -> VoiceBook:
    plain = MatchSection(normalise=False)
    named = [Memory(f"voice {n}", memory, 0.5) for n, memory in enumerate(memories)]
    return VoiceBook.of(named, "model", plain)


@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=6), seed=st.integers(0, 99), strangers=st.booleans())
def test_all_voices_at_once_stand_as_one_after_the_other(sizes: list[int], seed: int, strangers: bool) -> None:
    memories = [cloud(seed + number, size, number) for number, size in enumerate(sizes)]
    centres = torch.stack([centroid(memory) for memory in memories])
    norm = score_norm(centres, cloud(7, 300, 8) if strangers else None)
    threshold = 0.3
    standing = Standing.of(memories, [threshold] * len(sizes), norm)
    for row, column in product(range(len(sizes)), repeat=2):
        parts = pieces(memories[column])
        own = row == column
        alone = own_scores(memories[row], norm.of(row)) if own else norm.of(row).apply(
            (parts @ centres[row])[None], parts
        )[0] * PIECE_FACTOR  # fmt: skip
        mean = alone.mean() if len(memories[row]) and len(alone) else torch.tensor(torch.nan)
        torch.testing.assert_close(standing.means[row, column], mean, equal_nan=True, atol=1e-5, rtol=0)
        if not own and len(memories[row]):
            torch.testing.assert_close(standing.scores(row, column), alone, atol=1e-5, rtol=0)
            reached = (alone >= threshold).float().mean().nan_to_num(0.0)
            near = bool(((alone - threshold).abs() < 1e-5).any())
            assert near or standing.confused[row, column] == pytest.approx(float(reached))


def test_a_voice_is_nearer_to_itself_than_to_others() -> None:
    memories = [cloud(1, 30, 2), cloud(3, 20, 4)]
    means = Standing.of(memories, [0.5, 0.5], ScoreNorm(torch.zeros(2), None)).means
    assert means[0, 0] > means[0, 1] and means[1, 1] > means[1, 0]
    assert means[0, 0] < PIECE_FACTOR  # a window is not compared with itself


def test_the_report_of_many_voices_tells_of_each_only_the_nearest() -> None:
    memories = [cloud(number // 2, 20, number) for number in range(4 * MOST_OTHERS)]
    book = book_of(*memories)
    reports = tuple(VoiceReport(name, memory) for name, memory in zip(book.names, memories, strict=True))
    told = summarise(Enrolment(book, reports))
    assert all(len(one.others) == MOST_OTHERS for one in told)
    assert all(next(iter(one.others)) == f"voice {number ^ 1}" for number, one in enumerate(told))
    assert all(f"voice {number ^ 1}" in one.close for number, one in enumerate(told))
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()):
        show(told)
    pairs = out.getvalue().partition("too close")[2].splitlines()[2:]
    assert len(pairs) == sum(len(one.close) for one in told) < len(told) ** 2 / 4


def test_a_summary_counts_what_became_of_each_window_and_names_what_failed() -> None:
    one = windows("one.wav", cloud(1, 10, 2), [0, 4, 9], {3: "clipped", 5: "clipped", 6: "too quiet"})
    two = windows("two.wav", cloud(1, 4, 3), [0, 3], {})
    memory = torch.cat((one.embeddings[one.kept], two.embeddings[two.kept]))
    reports = (
        VoiceReport("voice 0", memory, (one, two), (EnrolmentError("is silent", path="three.wav"),)),
        VoiceReport("gone", None, error=EnrolmentError("voice 'gone' cannot be enrolled")),
    )
    anna, gone = summarise(Enrolment(book_of(memory), reports))
    assert (anna.windows, anna.threshold) == (5, 0.5)
    first, second = anna.samples
    assert (first.sample, first.windows, first.kept, first.spare) == ("one.wav", 10, 3, 4)
    assert first.dropped == {"clipped": 2, "too quiet": 1}
    assert first.closeness is not None and second.closeness is not None and first.closeness > 0.5
    assert anna.problems == ["three.wav: is silent"]
    assert any("only 5 windows" in advice for advice in anna.advice)
    assert gone.error is not None and gone.threshold is None and gone.windows == 0
