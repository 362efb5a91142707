"""What is told of an enrolment."""

from pathlib import Path

import pytest
import torch

from voicemark.config import MatchSection
from voicemark.enrolment.advice import PIECE_FACTOR, pieces
from voicemark.enrolment.enrolment import Enrolment, VoiceReport
from voicemark.enrolment.memory import SampleWindows
from voicemark.enrolment.samples import Sample
from voicemark.enrolment.summary import closeness, summarise
from voicemark.errors import EnrolmentError
from voicemark.recording import Recording
from voicemark.voice.match import Memory, VoiceBook

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


def test_closeness_is_the_mean_score_of_one_voices_pieces_against_anothers_memory() -> None:
    book = book_of(cloud(1, 30, 2), cloud(3, 20, 4))
    result = closeness(book)
    cosine = float((pieces(book.memory(1)) @ book.centres[0]).mean())
    assert float(result[0, 1]) == pytest.approx(PIECE_FACTOR * cosine, abs=1e-5)
    assert result[0, 0] > result[0, 1] and result[1, 1] > result[1, 0]
    assert result[0, 0] < PIECE_FACTOR  # a window is not compared with itself


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
