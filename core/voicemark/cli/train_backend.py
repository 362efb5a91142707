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
    whiten: Annotated[
        bool, typer.Option(help="First fold within-class covariance normalisation into the last layer: a new id.")
    ] = False,
    crowd: Annotated[
        list[Path] | None,
        typer.Option(
            help="Corpus whose voices embeddings are centred on, repeatable; replaces the crowd: a new id. The cohort"
            " is drawn from it as well."
        ),
    ] = None,
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

    Writes the weights file in one step; its id stays, for embeddings do not change, unless --whiten or --crowd
    changes them. Whitening leaves the file without a crowd: it is in the space before. Give both, or --crowd later.
    With a composer and a scorer it then lists what each threshold finds and marks falsely on recordings of the dev
    split, and names the lowest that keeps to the false minutes: the configuration's default is set by hand.
    """
    from dataclasses import replace

    import numpy as np
    import torch
    from rich.console import Console
    from rich.table import Table

    from voicemark.audio.features import LogMel
    from voicemark.config import MatchSection
    from voicemark.lab.backend.background import build_cohort, build_crowd, labelled_windows, training_noise
    from voicemark.lab.backend.wccn import fold, raw_embeddings, within_class_whitening
    from voicemark.lab.corpus.codecs import MP2, round_trip
    from voicemark.lab.evaluation.embedders import OwnEmbedder
    from voicemark.lab.evaluation.thresholds import sweep
    from voicemark.voice import weights
    from voicemark.voice.encoder import Encoder
    from voicemark.voice.load import pick_device

    console = Console()
    cpu = pick_device("cpu")
    path = model or weights.DEFAULT_WEIGHTS
    left_out = tuple(leave_out or ())
    found = weights.load(path)
    with Console(stderr=True).status("reading the noise"):
        backgrounds = training_noise(noise)
    if whiten:
        with Console(stderr=True).status("measuring how voices vary"):
            network, log_mel = found.build(), LogMel(found.features)
            windows, speakers = labelled_windows(corpus, backgrounds, left_out=left_out)
            rows = raw_embeddings(network, log_mel, np.concatenate([windows, round_trip(windows, MP2)]))
            fold(network, *within_class_whitening(rows, torch.from_numpy(np.tile(speakers, 2))))
            about = {**found.about, "whitened": f"within-class covariance of {len(rows)} windows"}
            found = weights.packed(network, found.features, found.grid, about=about)
    if crowd:
        with Console(stderr=True).status("gathering the crowd"):
            plain = Encoder(replace(found, crowd=None), cpu)
            rows = build_crowd(plain, crowd, backgrounds, left_out=left_out)
            about = {**found.about, "crowd": f"{len(rows)} windows"}
            found = weights.packed(found.build(), found.features, found.grid, crowd=rows, about=about)
    with Console(stderr=True).status("embedding the cohort"):
        corpora = list(dict.fromkeys([corpus, *(crowd or ())]))
        cohort = build_cohort(Encoder(found, cpu), corpora, backgrounds, left_out=left_out)
    weights.write(path, replace(found, cohort=cohort))
    if whiten or crowd:
        centred = "" if found.crowd is None else f", centred on a crowd of {len(found.crowd)} windows"
        console.print(f"{path}: now {found.model_id}{centred}")
    console.print(f"{path}: cohort of {len(cohort)} windows")
    if composer is None or scorer is None:
        return
    with Console(stderr=True).status("marking composed recordings"):
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
    kept = [result for result in results if result.worst_false_minutes <= false_minutes]
    if kept:
        best = max(kept, key=lambda result: result.mean.f1)
        console.print(f"best F1 with at most {false_minutes:g} false minutes per hour in each: {best.threshold:.2f}")
    else:
        console.print(f"no threshold keeps to {false_minutes:g} false minutes per hour in each recording")
