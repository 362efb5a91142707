"""`voicemark evaluate people`: how well people are found across recordings, and what it costs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def people(
    corpus: Annotated[Path, typer.Option(help="Folder with manifest.csv: path, source, speaker, seconds, split.")],
    noise: Annotated[Path, typer.Option(help="Folder of music and noise with manifest.csv.")],
    composer: Annotated[Path, typer.Option(help="Python program that composes a recording.")],
    split: Annotated[str, typer.Option(help="Which rows of the manifest.")] = "dev",
    seed: Annotated[list[int] | None, typer.Option(help="An archive, repeatable; none: the first.")] = None,
    minutes: Annotated[float, typer.Option(min=1, help="Length of a composed recording.")] = 6.0,
    recordings: Annotated[int, typer.Option(min=2, help="In an archive; a longer one begins as a shorter one.")] = 24,
    model: Annotated[Path | None, typer.Option(help="Weights (.safetensors); none: the shipped ones.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Source whose voices are in neither background nor cohort, repeatable.")
    ] = None,
    background: Annotated[
        list[Path] | None, typer.Option(help="With --leave-out: corpus of further voices for them, repeatable.")
    ] = None,
    scale: Annotated[
        list[int] | None, typer.Option(min=1, help="Link a made-up archive of so many local speakers, repeatable.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where recordings and their windows are kept; none: the user's cache.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON on standard output.")] = False,
    markdown: Annotated[bool, typer.Option(help="Tables for a Markdown file.")] = False,
) -> None:
    """Measure how well people are found across recordings: purity, coverage, wrong links, an owner's acts, and time.

    Archives in which 30 people come back are composed and heard once; what was kept of them is linked again in seconds,
    and what an earlier run, or one with fewer RECORDINGS, left there is taken as it is. Reads only; keeps recordings,
    windows and fitted weights in WORK.
    """
    from rich.console import Console

    from voicemark.lab.evaluation.people import (
        PeoplePlan,
        evaluate_people,
        people_table,
        together_table,
    )
    from voicemark.lab.evaluation.people_scale import measure_scale, scale_table
    from voicemark.lab.tables import markdown_table, print_tables

    plan = PeoplePlan(
        corpus=corpus,
        noise=noise,
        composer=composer,
        split=split,
        seeds=tuple(seed or (1,)),
        minutes=minutes,
        recordings=recordings,
        work=work or Path.home() / ".cache" / "voicemark" / "people",
        model=model,
        left_out=tuple(leave_out or ()),
        background=tuple(background or ()),
    )
    with Console(stderr=True).status("…") as status:
        rows = evaluate_people(plan, status.update)
        status.update("linking made-up archives")
        sizes = [measure_scale(count) for count in scale or ()]
    if as_json:
        typer.echo(json.dumps({"archives": [asdict(row) for row in rows], "scale": [asdict(row) for row in sizes]}))
        return
    tables = [people_table(rows), together_table(rows), *([scale_table(sizes)] if sizes else [])]
    if markdown:
        typer.echo("\n\n".join(markdown_table(table) for table in tables))
        return
    print_tables(tables)
