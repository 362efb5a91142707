"""`voicemark train backend`: give weights the strangers that tell voices apart, and measure the threshold."""

from pathlib import Path
from typing import Annotated

import typer


def backend(
    corpus: Annotated[Path, typer.Option(help="Folder with manifest.csv: path, source, speaker, split.")],
    noise: Annotated[Path, typer.Option(help="Folder of music and noise with manifest.csv.")],
    model: Annotated[
        Path | None, typer.Option(help="Weights (.safetensors) to give the cohort to; none: the shipped ones.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write; none: MODEL itself, which is lost.")] = None,
    whiten: Annotated[
        bool, typer.Option(help="First fold within-class covariance normalisation into the last layer: a new id.")
    ] = False,
    background: Annotated[
        list[Path] | None,
        typer.Option(
            help="Corpus whose voices embeddings are centred on, repeatable; replaces the background: a new id. The"
            " cohort is drawn from it as well."
        ),
    ] = None,
    crowd: Annotated[list[Path] | None, typer.Option(hidden=True)] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(help="Source whose voices count nowhere, repeatable: to measure how others carry over to it."),
    ] = None,
    composer: Annotated[Path | None, typer.Option(help="Python program that composes a recording.")] = None,
    scorer: Annotated[Path | None, typer.Option(help="Python program that scores markers.")] = None,
    recordings: Annotated[int, typer.Option(min=1, help="So many composed recordings decide on the threshold.")] = 6,
    first_seed: Annotated[int, typer.Option(help="Seed of the first of them.")] = 1,
    false_minutes: Annotated[float, typer.Option(help="At most so many false minutes per hour.")] = 1.0,
    cache: Annotated[Path | None, typer.Option(help="Where recordings are kept; none: the user's cache.")] = None,
) -> None:
    """Replace the cohort inside a weights file, and say which threshold holds with it.

    Writes the weights file in one step, or OUT, so that the weights before are kept. The id stays, for embeddings do
    not change, unless --whiten or --background changes them. Whitening leaves the file without a background: it is in
    the space before. Give both, or --background later. With a composer and a scorer it then lists what each threshold
    finds and marks falsely on recordings of the dev split, and names the best that keeps to the false minutes: the
    configuration's default is set by hand.
    """
    from rich.console import Console
    from rich.table import Table

    from voicemark.config import MatchSection
    from voicemark.errors import ConfigError
    from voicemark.lab.backend.fit import BackEnd, fit
    from voicemark.lab.evaluation.embedders import OwnEmbedder
    from voicemark.lab.evaluation.thresholds import best_within, sweep
    from voicemark.voice import weights

    if crowd:
        raise ConfigError("--crowd has another name now", hint="--background")
    console, progress = Console(), Console(stderr=True)
    path = model or weights.DEFAULT_WEIGHTS
    plan = BackEnd(corpus, noise, whiten, tuple(background or ()), tuple(leave_out or ()))
    with progress.status("") as status:
        fitted = fit(weights.load(path), plan, status.update)
    path = out or path
    weights.write(path, fitted)
    if whiten or background:
        rows = fitted.background
        centred = "" if rows is None else f", centred on a background of {len(rows)} windows"
        console.print(f"{path}: now {fitted.model_id}{centred}")
    if fitted.cohort is not None:
        console.print(f"{path}: cohort of {len(fitted.cohort)} windows")
    if composer is None or scorer is None:
        return
    with progress.status("marking composed recordings"):
        results = sweep(
            OwnEmbedder(path),
            corpus=corpus,
            noise=noise,
            composer=composer,
            scorer=scorer,
            seeds=range(first_seed, first_seed + recordings),
            cache=cache or Path.home() / ".cache" / "voicemark" / "evaluation",
            match=MatchSection(),
        )
    table = Table("threshold", "F1", "false min/h", "turns found", "start error s")
    for result in results:
        table.add_row(*result.cells())
    console.print(table)
    within = f"{false_minutes:g} false minutes per hour in each"
    if best := best_within(results, false_minutes):
        console.print(f"best F1 with at most {within}: {best.threshold:.2f}")
    else:
        console.print(f"no threshold keeps to {within} recording")
