"""`voicemark evaluate corrections`: what answers of an owner are worth, on composed recordings."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def corrections(
    corpus: Annotated[Path, typer.Option(help="Folder with manifest.csv: path, source, speaker, split.")],
    noise: Annotated[Path, typer.Option(help="Folder of music and noise with manifest.csv.")],
    composer: Annotated[Path, typer.Option(help="Python program that composes a recording.")],
    scorer: Annotated[Path, typer.Option(help="Python program that scores markers.")],
    recordings: Annotated[int, typer.Option(min=1, help="So many recordings.")] = 6,
    minutes: Annotated[float, typer.Option(min=1, help="Length of each.")] = 20.0,
    split: Annotated[str, typer.Option(help="Which rows of the manifest.")] = "dev",
    first_seed: Annotated[int, typer.Option(help="Seed of the first recording.")] = 1,
    cache: Annotated[Path | None, typer.Option(help="Where recordings are kept; none: the user's cache.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")] = False,
) -> None:
    """F1 before and after 5, 20 and 50 answers of an owner who answers only what is asked, and rightly."""
    import json

    from rich.console import Console
    from rich.table import Table

    from voicemark.config import Config
    from voicemark.lab.evaluation.corrections import worth_of_answers
    from voicemark.lab.evaluation.markers import compose

    where = cache or Path.home() / ".cache" / "voicemark" / "evaluation"
    told = Console(stderr=True)
    with told.status("…") as status, tempfile.TemporaryDirectory(prefix="voicemark-corrections-") as folder:
        composed = []
        for seed in range(first_seed, first_seed + recordings):
            status.update(f"composing recording {seed}")
            composed.append(compose(composer, corpus, noise, split, seed, minutes, where))
        config = Config.model_validate({"database": {"url": f"sqlite:///{folder}/voicemark.db"}})
        gained = worth_of_answers(composed, scorer, config, say=status.update)
    if as_json:
        for row in gained:
            typer.echo(json.dumps(asdict(row)))
        return
    table = Table("answers", "F1", "precision", "recall", "false minutes an hour")
    for row in gained:
        figures = (row.f1, row.precision, row.recall, row.false_minutes_per_hour)
        table.add_row(str(row.answers), *(f"{figure:.3f}" for figure in figures))
    Console().print(table)
