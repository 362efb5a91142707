"""`voicemark evaluate voices`: how well voices are told apart, ours and the peers', in one table."""

import json
from pathlib import Path
from typing import Annotated

import typer


def voices(
    corpus: Annotated[Path, typer.Option(help="Folder with manifest.csv: path, source, speaker, split.")],
    noise: Annotated[
        Path | None, typer.Option(help="Folder of music and noise with manifest.csv; none: clean and codecs only.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which rows of the manifest.")] = "dev",
    model: Annotated[
        list[Path] | None,
        typer.Option(help="Weights (.safetensors) or a speaker model (.onnx), repeatable; none: the shipped one."),
    ] = None,
    peers_python: Annotated[
        Path | None, typer.Option(help="Python of an environment with Resemblyzer and senko; none: no peers.")
    ] = None,
    conditions: Annotated[
        list[str] | None, typer.Option(help="Only these conditions, such as clean, music10, mp2128; repeatable.")
    ] = None,
    markers: Annotated[int, typer.Option(min=0, help="So many composed recordings are marked and scored.")] = 0,
    composer: Annotated[
        list[Path] | None, typer.Option(help="Python program that composes a recording; repeatable.")
    ] = None,
    conversation: Annotated[
        Path | None, typer.Option(help="Folder of real conversation (X.flac, RTTM): how well people are told apart.")
    ] = None,
    scorer: Annotated[Path | None, typer.Option(help="Python program that scores markers.")] = None,
    minutes: Annotated[float, typer.Option(min=1, help="Length of a composed recording.")] = 20.0,
    first_seed: Annotated[int, typer.Option(help="Seed of the first composed recording.")] = 1,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold for markers; none: the configuration's default.")
    ] = None,
    verifier: Annotated[
        Path | None, typer.Option(help="ONNX speaker model that hears doubtful people again, in a row of its own.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Where peers' embeddings and recordings are kept; none: the user's cache.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON on standard output.")] = False,
    markdown: Annotated[bool, typer.Option(help="Tables for a Markdown file.")] = False,
) -> None:
    """Measure how well voices are told apart: EER, detection cost, markers, and CPU seconds per hour.

    Rates are measured on two-second windows of a corpus's split, clean and with music, noise and codecs; peers are
    measured on the same windows. Reads only; keeps peers' results and composed recordings in the cache.
    """
    from rich.console import Console

    from voicemark.config import MatchSection, VerifierSection
    from voicemark.errors import ConfigError
    from voicemark.lab.evaluation import report as reports
    from voicemark.lab.evaluation.run import Plan, evaluate
    from voicemark.lab.tables import markdown_table, print_tables

    if markers and (not composer or scorer is None or noise is None):
        raise ConfigError("--markers needs --composer, --scorer and --noise")
    match = MatchSection() if threshold is None else MatchSection(threshold=threshold)
    plan = Plan(
        corpus=corpus,
        noise=noise,
        split=split,
        models=tuple(model) if model else (None,),
        # an environment's python is a link that must not be followed: it would lead out of the environment
        peers_python=None if peers_python is None else peers_python.absolute(),
        conditions=tuple(conditions or ()),
        markers=markers,
        composers=tuple(composer or ()),
        scorer=scorer,
        cache=cache or Path.home() / ".cache" / "voicemark" / "evaluation",
        match=match,
        minutes=minutes,
        first_seed=first_seed,
        conversation=conversation,
        verifier=None if verifier is None else VerifierSection(model=verifier),
    )
    told = Console(stderr=True)
    with told.status("…") as status:
        measured = evaluate(plan, lambda text: status.update(text))
    if as_json:
        typer.echo(json.dumps(measured.as_json(), indent=1))
        return
    tables = [reports.voices_table(measured.rows), reports.detail_table(measured.rows)]
    if measured.markers:
        tables.append(reports.markers_table(measured.markers))
    if measured.speech:
        tables.append(reports.speech_table(measured.speech))
    if markdown:
        typer.echo("\n\n".join(markdown_table(table) for table in tables))
        return
    print_tables(tables)
