"""Types on titles that were not learned from: four ways to read, the majority, and what abstaining buys."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.errors import GuideError
from voicemark.lab.titles.retrieval import is_held
from voicemark.lab.titles.types_training import TypedText, TypeTraining, train_types
from voicemark.titles.types import Reader, TypeNet

READERS: tuple[Reader, ...] = ("reverse", "forward", "both", "bag")
THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class ReaderRow:
    """One way to read (or `majority`), over the seeds: each list holds one number a seed."""

    reader: str
    accuracy: tuple[float, ...]
    macro_f1: tuple[float, ...]
    calibration_error: tuple[float, ...]
    """Expected calibration error (Guo et al. 2017) over ten bins."""


@dataclass(frozen=True)
class AbstentionPoint:
    """The reverse reader when it abstains under a probability; means over the seeds."""

    threshold: float
    coverage: float
    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class TypesResult:
    """Everything measured on types."""

    titles_learned: int
    titles_judged: int
    types: tuple[str, ...]
    readers: tuple[ReaderRow, ...]
    abstention: tuple[AbstentionPoint, ...]


def measure_types(
    learned: Sequence[TypedText], judged: Sequence[TypedText], seeds: Sequence[int], tell: Callable[[str], None]
) -> TypesResult:
    """Train every reader with every seed on `learned`, and judge it on one text of each title in `judged`.

    Raises GuideError where there is too little to learn from, or nothing to judge.
    """
    types: tuple[str, ...] = ()
    one_each = list({text.title: text for text in reversed(judged)}.values())
    rows: list[ReaderRow] = []
    curves: list[list[AbstentionPoint]] = []
    truth: NDArray[np.str_] = np.array([], dtype=str)
    for reader in READERS:
        scores: list[tuple[float, float, float]] = []
        for seed in seeds:
            net = train_types(learned, TypeTraining(reader=reader, seed=seed))
            types = net.config.types
            known = [text for text in one_each if text.type in types]
            if not known:
                raise GuideError("no held-out title has a category that says its type")
            truth = np.array([text.type for text in known])
            guessed, probability = _guesses(net, known)
            scores.append(
                (
                    float((guessed == truth).mean()),
                    macro_f1(truth, guessed),
                    calibration_error(guessed == truth, probability),
                )
            )
            tell(f"types: {reader}, seed {seed}: accuracy {scores[-1][0]:.3f}, macro-F1 {scores[-1][1]:.3f}")
            if reader == "reverse":
                curves.append([_point(t, truth, guessed, probability) for t in THRESHOLDS])
        accuracy, f1, error = zip(*scores, strict=True)
        rows.append(ReaderRow(reader, accuracy, f1, error))
    most = Counter(text.type for text in learned).most_common(1)[0][0]
    constant = np.full(len(truth), most)
    rows.append(ReaderRow("majority", (float((constant == truth).mean()),), (macro_f1(truth, constant),), ()))
    return TypesResult(
        len({text.title for text in learned}),
        len(truth),
        types,
        tuple(rows),
        tuple(map(_mean, zip(*curves, strict=True))),
    )


def split_texts(texts: Sequence[TypedText]) -> tuple[list[TypedText], list[TypedText]]:
    """(learned from, judged), by title, as retrieval splits."""
    return [t for t in texts if not is_held(t.title)], [t for t in texts if is_held(t.title)]


def macro_f1(truth: NDArray[np.str_], guessed: NDArray[np.str_]) -> float:
    """Mean over the types that are true somewhere of 2 TP / (2 TP + FP + FN)."""
    scores = []
    for name in sorted(set(truth.tolist())):
        hit = int(((truth == name) & (guessed == name)).sum())
        scores.append(2 * hit / (int((truth == name).sum()) + int((guessed == name).sum())))
    return float(np.mean(scores)) if scores else 0.0


def calibration_error(right: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """Mean distance between probability and accuracy over bins of probability, weighted by their sizes."""
    bins = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return float(
        sum(
            abs(float(right[bins == b].mean()) - float(probability[bins == b].mean())) * float((bins == b).mean())
            for b in np.unique(bins)
        )
    )


def _guesses(net: TypeNet, texts: Sequence[TypedText]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """The likeliest type of each text, sure or not, and its probability."""
    probabilities = net.probabilities([text.text for text in texts])
    best = probabilities.argmax(dim=1).tolist()
    return np.array([net.config.types[b] for b in best]), probabilities.max(dim=1).values.double().numpy()


def _point(
    threshold: float, truth: NDArray[np.str_], guessed: NDArray[np.str_], probability: NDArray[np.float64]
) -> AbstentionPoint:
    sure = probability >= threshold
    if not sure.any():
        return AbstentionPoint(threshold, 0.0, float("nan"), float("nan"))
    right = float((guessed[sure] == truth[sure]).mean())
    return AbstentionPoint(threshold, float(sure.mean()), right, macro_f1(truth[sure], guessed[sure]))


def _mean(points: Sequence[AbstentionPoint]) -> AbstentionPoint:
    coverage, accuracy, f1 = (
        float(np.mean([getattr(p, name) for p in points])) for name in ("coverage", "accuracy", "macro_f1")
    )
    return AbstentionPoint(points[0].threshold, coverage, accuracy, f1)
