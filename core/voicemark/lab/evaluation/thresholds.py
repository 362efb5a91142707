"""What every threshold finds, and what it marks falsely, on the same composed recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark.config import MatchSection
from voicemark.lab.evaluation.embedders import OwnEmbedder
from voicemark.lab.evaluation.markers import (
    MarkerScore,
    Prepared,
    compose,
    find_markers,
    mean_score,
    own_scores,
    prepare,
    score_markers,
)

STEP = 0.02


@dataclass(frozen=True)
class ThresholdResult:
    """One threshold over all recordings: their mean, and the false minutes per hour of the worst."""

    threshold: float
    mean: MarkerScore
    worst_false_minutes: float

    def cells(self) -> list[str]:
        """A table's line: threshold, F1, false minutes (mean, worst), turns found, start error."""
        found, start = self.mean.turns_found, self.mean.start_error_s
        return [
            f"{self.threshold:.2f}",
            f"{self.mean.f1:.3f}",
            f"{self.mean.false_minutes_per_hour:.2f} (worst {self.worst_false_minutes:.2f})",
            "–" if found is None else f"{100 * found:.0f} %",
            "–" if start is None else f"{start:.2f}",
        ]


def sweep(
    embedder: OwnEmbedder,
    *,
    corpus: Path,
    noise: Path,
    composer: Path,
    scorer: Path,
    seeds: Sequence[int],
    cache: Path,
    match: MatchSection,
    minutes: float = 20.0,
    split: str = "dev",
) -> list[ThresholdResult]:
    """Composes the recordings of `seeds`, embeds them once, and scores every threshold."""
    prepared = [
        prepare(
            compose(composer, corpus, noise, split, seed, minutes, cache),
            embedder.embed_all,
            embedder.model_id,
            embedder.cohort,
            match.memory_windows,
        )
        for seed in seeds
    ]
    return sweep_prepared(scorer, prepared, match)


def sweep_prepared(scorer: Path, prepared: Sequence[Prepared], match: MatchSection) -> list[ThresholdResult]:
    """Every threshold in steps of `STEP` between what is common and what nobody reaches."""
    scored = [own_scores(one, match) for one in prepared]
    low = min(float(scores.flatten().quantile(0.5)) for scores in scored)
    high = max(float(scores.max()) for scores in scored)
    results = []
    for threshold in np.arange(np.floor(low / STEP) * STEP, high, STEP):
        scores = [
            score_markers(scorer, one.composed, find_markers(one, of_one, float(threshold), match))
            for one, of_one in zip(prepared, scored, strict=True)
        ]
        worst = max(score.false_minutes_per_hour for score in scores)
        results.append(ThresholdResult(float(threshold), mean_score(scores), worst))
    return results


def best_within(results: Sequence[ThresholdResult], false_minutes: float) -> ThresholdResult | None:
    """The best F1 of those with at most so many false minutes per hour in each recording; None where none keeps it."""
    kept = [result for result in results if result.worst_false_minutes <= false_minutes]
    return max(kept, key=lambda result: result.mean.f1, default=None)
