"""What each voice's memory holds and how it stands among the others: plain data for people and for JSON."""

from dataclasses import dataclass

import torch
from torch import Tensor

from voicemark.enrolment.advice import PIECE_FACTOR, advise, own_scores, pieces, scores_with
from voicemark.enrolment.enrolment import Enrolment, VoiceReport
from voicemark.voice.match import VoiceBook, score
from voicemark.voice.score_norm import ScoreNorm


@dataclass(frozen=True)
class SampleSummary:
    """One sample. Windows are counted; `closeness` is None where there is no other sample to compare with."""

    sample: str
    windows: int
    kept: int
    spare: int
    """Good windows that the memory has no room for."""
    dropped: dict[str, int]
    """Reason → windows."""
    closeness: float | None
    """Mean score of its pieces of some seconds against the voice's other samples."""


@dataclass(frozen=True)
class VoiceSummary:
    """One voice. Scores are normalised: they compare with thresholds."""

    name: str
    threshold: float | None
    """None for a voice that could not be enrolled."""
    windows: int
    """Rows of the memory."""
    samples: list[SampleSummary]
    own: float | None
    """Mean score of the memory's pieces against the rest of it; None where there are too few."""
    found: float | None
    """Share of the memory's pieces that the rest of it would find at the threshold; None where there are too few."""
    others: dict[str, float]
    """Other voice → mean score of its pieces against this memory."""
    problems: list[str]
    """Samples that cannot be used."""
    advice: list[str]
    error: str | None
    """Why the voice cannot be enrolled."""


def summarise(enrolment: Enrolment) -> list[VoiceSummary]:
    """A summary for every voice of the config, in its order."""
    book = enrolment.book.to("cpu")
    memories = [book.memory(voice) for voice in range(len(book))]
    advice = advise(book.names, memories, book.thresholds.tolist(), book.norm)
    scores = closeness(book)
    summaries = []
    for report in enrolment.reports:
        voice = book.names.index(report.name) if report.name in book.names else None
        summaries.append(
            VoiceSummary(
                name=report.name,
                threshold=None if voice is None else round(float(book.thresholds[voice]), 3),
                windows=0 if report.memory is None else len(report.memory),
                samples=[] if voice is None else _samples(report, book.norm.of(voice)),
                own=None if voice is None else _rounded(scores[voice, voice]),
                found=None if voice is None else _found(book, voice),
                others={}
                if voice is None
                else {
                    name: round(float(scores[voice, other]), 3)
                    for other, name in enumerate(book.names)
                    if other != voice
                },
                problems=[str(problem) for problem in report.problems],
                advice=[one.text for one in advice if one.voice == report.name],
                error=None if report.error is None else str(report.error),
            )
        )
    return summaries


def closeness(book: VoiceBook) -> Tensor:
    """(voices, voices): mean score against the row's memory of the column's pieces; nan where it cannot be known.

    A voice's own pieces are scored against rows that share no audio with them.
    """
    result = torch.full((len(book), len(book)), torch.nan)
    for column in range(len(book)):
        theirs = book.memory(column)
        result[:, column] = score(pieces(theirs), book).mean(dim=1) * PIECE_FACTOR
        own = own_scores(theirs, book.norm.of(column))
        result[column, column] = own.mean() if len(own) else torch.nan
    return result


def _found(book: VoiceBook, voice: int) -> float | None:
    """How many of a voice's own pieces, held back one at a time, are found at its threshold."""
    own = own_scores(book.memory(voice), book.norm.of(voice))
    return None if not len(own) else round(float((own >= book.thresholds[voice]).float().mean()), 3)


def _samples(report: VoiceReport, norm: ScoreNorm) -> list[SampleSummary]:
    """`norm` is that of this voice alone."""
    summaries = []
    for heard in report.samples:
        rest = [other.embeddings[other.kept] for other in report.samples if other is not heard and other.kept]
        mean = None
        if heard.kept and rest:
            mean = round(float(scores_with(torch.cat(rest), heard.embeddings[heard.kept], norm).mean()), 3)
        summaries.append(
            SampleSummary(
                sample=str(heard.sample),
                windows=len(heard.embeddings),
                kept=len(heard.kept),
                spare=len(heard.good) - len(heard.kept),
                dropped=dict(heard.reasons),
                closeness=mean,
            )
        )
    return summaries


def _rounded(score: Tensor) -> float | None:
    return None if torch.isnan(score) else round(float(score), 3)
