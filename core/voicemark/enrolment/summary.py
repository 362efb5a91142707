"""What each voice's memory holds and how it stands among the others: plain data for people and for JSON."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.enrolment.advice import advise, too_close
from voicemark.enrolment.enrolment import Enrolment, VoiceReport
from voicemark.enrolment.standing import PIECE_FACTOR, Standing, pieces
from voicemark.voice.score_norm import ScoreNorm

MOST_OTHERS = 30
"""So many other voices are told of each: the report of a thousand is not a million figures."""


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
    """Other voice → mean score of its pieces against this memory; of more than `MOST_OTHERS` the nearest."""
    close: dict[str, float]
    """Other voice → share of its pieces that would be taken for this voice; those with too large a share."""
    problems: list[str]
    """Samples that cannot be used."""
    advice: list[str]
    error: str | None
    """Why the voice cannot be enrolled."""


def summarise(enrolment: Enrolment) -> list[VoiceSummary]:
    """A summary for every voice of the config, in its order."""
    book = enrolment.book.to("cpu")
    memories = book.rows.split(book.sizes) if len(book) else ()
    thresholds = book.thresholds.tolist()
    standing = Standing.of(memories, thresholds, book.norm)
    advice: dict[str, list[str]] = defaultdict(list)
    for one in advise(book.names, memories, thresholds, standing):
        advice[one.voice].append(one.text)
    numbers = {name: voice for voice, name in enumerate(book.names)}
    summaries = []
    for report in enrolment.reports:
        voice = numbers.get(report.name)
        summaries.append(
            VoiceSummary(
                name=report.name,
                threshold=None if voice is None else round(thresholds[voice], 3),
                windows=0 if report.memory is None else len(report.memory),
                samples=[] if voice is None else _samples(report, book.norm.of(voice)),
                own=None if voice is None else _rounded(standing.means[voice, voice]),
                found=None if voice is None else _found(standing.own[voice], thresholds[voice]),
                others={} if voice is None else _others(voice, book.names, standing),
                close={} if voice is None else _close(voice, book.names, standing),
                problems=[str(problem) for problem in report.problems],
                advice=advice[report.name],
                error=None if report.error is None else str(report.error),
            )
        )
    return summaries


def _others(voice: int, names: Sequence[str], standing: Standing) -> dict[str, float]:
    scores = standing.means[voice]
    others = [other for other in range(len(names)) if other != voice]
    if len(others) > MOST_OTHERS:
        others = [other for other in scores.topk(MOST_OTHERS + 1).indices.tolist() if other != voice][:MOST_OTHERS]
    return {names[other]: round(float(scores[other]), 3) for other in others}


def _close(voice: int, names: Sequence[str], standing: Standing) -> dict[str, float]:
    close = too_close(voice, standing)[:MOST_OTHERS]
    return {names[other]: round(float(standing.confused[voice, other]), 3) for other in close}


def _found(own: Tensor, threshold: float) -> float | None:
    """How many of a voice's own pieces, held back one at a time, are found at its threshold."""
    return None if not len(own) else round(float((own >= threshold).float().mean()), 3)


def _samples(report: VoiceReport, norm: ScoreNorm) -> list[SampleSummary]:
    """`norm` is that of this voice alone."""
    kept = [heard.embeddings[heard.kept] for heard in report.samples]
    sums = [rows.sum(dim=0) for rows in kept]
    everything = torch.stack(sums).sum(dim=0) if sums else torch.zeros(0)
    remembered = sum(map(len, kept))
    summaries = []
    for heard, rows, own in zip(report.samples, kept, sums, strict=True):
        mean = None
        if 0 < len(rows) < remembered:
            parts = pieces(rows)
            rest = normalize(everything - own, dim=0)
            mean = round(float(norm.apply((parts @ rest)[None], parts).mean()) * PIECE_FACTOR, 3)
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
