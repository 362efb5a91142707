"""The titles table for people (Markdown) and for programs (JSON)."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean, stdev
from typing import Any

from voicemark.lab.tables import markdown_table
from voicemark.lab.titles.rare_words import RareWordRow
from voicemark.lab.titles.retrieval import RetrievalRow
from voicemark.lab.titles.titles_evaluation import TitlesResult
from voicemark.lab.titles.types_evaluation import TypesResult


def as_plain(result: TitlesResult) -> dict[str, Any]:
    """Everything measured, as JSON knows it; numbers that could not be measured are null."""
    plain = _without_nan(asdict(result))
    assert isinstance(plain, dict)
    return plain


def markdown(result: TitlesResult) -> str:
    """The tables, one below the other."""
    head = f"{result.titles_learned} titles of `{result.train}` learned from, {result.titles_held} others of "
    parts = [f"{head}`{result.test}` held out."]
    if result.retrieval:
        parts.append(_retrieval(result.retrieval))
        if result.training_cpu_s is not None:
            parts.append(f"Learning took {result.training_cpu_s:.0f} CPU seconds.")
    if result.rare_words:
        parts.append(_rare_words(result.rare_words))
    if result.types is not None:
        parts += _types(result.types)
    return "\n\n".join(parts)


def _retrieval(rows: Sequence[RetrievalRow]) -> str:
    lines: list[tuple[str, ...]] = [
        ("", "series R@10", "MRR", "category R@10", "MRR", "together", "CPU ms", "µs a title"),
    ]
    for row in rows:
        if row.series is None or row.category is None or row.cpu_s is None:
            lines.append((row.name, row.missing or "missing", "", "", "", "", "", ""))
            continue
        numbers = (row.series.recall, row.series.mrr, row.category.recall, row.category.mrr, row.together or 0.0)
        cost = (f"{row.cpu_s * 1e3:.0f}", f"{row.us_per_title or 0:.0f}")
        lines.append((row.name, *(f"{number:.3f}" for number in numbers), *cost))
    asked = next((row for row in rows if row.series and row.category), None)
    note = ""
    if asked and asked.series and asked.category:
        series, category = asked.series.queries, asked.category.queries
        note = f"\n\n{series} titles have another of their series, {category} one of their category."
    return markdown_table(lines) + note


def _rare_words(rows: Sequence[RareWordRow]) -> str:
    lines: list[tuple[str, ...]] = [
        (
            "gradients",
            "vectors",
            "seed",
            "titles",
            "1 - cosine",
            "nearest changed",
            "of ten kept",
            "R@10",
            "without it",
        ),
    ]
    for row in rows:
        lines.append(
            (
                "scaled" if row.inverse_frequency else "not scaled",
                "meaning" if row.meaning_only else "whole",
                str(row.seed),
                str(row.titles),
                *(
                    f"{number:.3f}"
                    for number in (
                        row.cosine_change,
                        row.neighbours_changed,
                        row.overlap,
                        row.recall,
                        row.recall_without,
                    )
                ),
            )
        )
    return markdown_table(lines)


def _types(result: TypesResult) -> list[str]:
    lines: list[tuple[str, ...]] = [("reads", "accuracy", "macro-F1", "calibration error")]
    for row in result.readers:
        lines.append((row.reader, *(_spread(v) for v in (row.accuracy, row.macro_f1, row.calibration_error))))
    curve: list[tuple[str, ...]] = [("sure from", "share answered", "accuracy", "macro-F1")]
    for p in result.abstention:
        curve.append((f"{p.threshold:.1f}", *(f"{number:.3f}" for number in (p.coverage, p.accuracy, p.macro_f1))))
    about = f"{result.titles_judged} titles judged, {len(result.types)} types: {', '.join(result.types)}."
    return [about, markdown_table(lines), "Reverse reader, abstaining:", markdown_table(curve)]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
