"""`voicemark bench`: what the program costs on this machine."""

import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import JsonOption, messages, print_json, screen

if TYPE_CHECKING:
    from voicemark.lab.bench.figures import Figure

DEFAULT_FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicemark" / "bench"


class Subject(StrEnum):
    """What can be measured."""

    COST = "cost"
    MEMORY = "memory"
    AT_ONCE = "at-once"
    ARCHIVE = "archive"
    PRODUCTS = "products"
    WORDS = "words"


def bench(
    only: Annotated[list[Subject] | None, typer.Option(help="Measure this alone (may be given again).")] = None,
    quick: Annotated[bool, typer.Option(help="Minutes instead of hours, to see that it runs.")] = False,
    folder: Annotated[Path, typer.Option(help="Where recordings to measure with are kept (2 GB).")] = DEFAULT_FOLDER,
    hours: Annotated[int, typer.Option(min=1, help="Hours of the archive that is matched (1 MB each).")] = 1000,
    voices: Annotated[int, typer.Option(min=2, help="Voices that it is matched against.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Measure CPU time, memory, matching of the archive and products on this machine."""
    from voicemark.lab.bench.figures import tables

    for subject, measure in _measurements(folder, quick, hours, voices):
        if only and subject not in only:
            continue
        messages().print(f"measuring {subject.value} …")
        figures = measure()
        if as_json:
            print_json(figures)
        else:
            for table in tables(figures):
                screen().print(table)


def _measurements(
    folder: Path, quick: bool, hours: int, voices: int
) -> "Iterator[tuple[Subject, Callable[[], list[Figure]]]]":
    from voicemark.lab.bench import archive, cost, products, side_by_side, words
    from voicemark.lab.bench.figures import Figure

    def embedded_words() -> list[Figure]:
        rows = words.measure_words(200 if quick else words.TITLES)
        table = f"Sums of word embeddings of {words.TITLES if not quick else 200} titles, on one core"
        return [Figure(table, row.name, 1000 * row.cpu_s, "ms", f"{row.ratio:.1f} times as fast") for row in rows]

    yield Subject.COST, lambda: cost.measure(folder, 2 if quick else 60)
    yield Subject.MEMORY, lambda: cost.measure_memory(folder, *((1, 3) if quick else (30, 240)))
    yield Subject.AT_ONCE, lambda: side_by_side.measure(folder, 1 if quick else 10)
    yield Subject.ARCHIVE, lambda: archive.measure(folder, 20 if quick else hours, voices)
    yield Subject.PRODUCTS, lambda: products.measure(700 if quick else 7200)
    yield Subject.WORDS, embedded_words
