"""`voicemark train average` and `train join`: one weights file of several that began from the same weights."""

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[list[Path], typer.Argument(help="Weights files (.safetensors) that went on from the same weights.")]
Out = Annotated[Path, typer.Option(help="The weights file to write (.safetensors).")]
Shares = Annotated[list[float] | None, typer.Option("--share", help="One for each file; none: equal ones.")]


def average(files: Files, out: Out, share: Shares = None) -> None:
    """Write the mean of several runs. It has no background and no cohort: train backend gives it both."""
    from voicemark.cli.output import screen
    from voicemark.lab.training import average as averaging
    from voicemark.voice import weights

    mean = averaging.average([weights.load(file) for file in files], share)
    weights.write(out, mean)
    screen().print(f"{out}: {mean.model_id}, mean of {len(files)}", markup=False)


def join(
    files: Files,
    out: Out,
    corpus: Annotated[list[Path], typer.Option(help="Folder of known voices with manifest.csv; repeatable.")],
    noise: Annotated[Path, typer.Option(help="Folder of music and noise with manifest.csv.")],
    dim: Annotated[int, typer.Option(min=1, help="Outputs that are kept of all.")] = 128,
    shrink: Annotated[float, typer.Option(min=0.0, help="How much the whitening is shrunk.")] = 3.0,
    share: Shares = None,
) -> None:
    """Lay the outputs of several files side by side on the mean of their trunks, and keep the axes that tell voices.

    Outputs of a file that is not whitened yet are whitened, so that all weigh alike. The corpora's training voices,
    clean and over noise, decide. The file has no background and no cohort: train backend gives it both.
    """
    from voicemark.cli.output import screen
    from voicemark.lab.training.join import join as joined
    from voicemark.voice import weights

    model = joined([weights.load(file) for file in files], corpus, noise, dim=dim, shrink=shrink, shares=share)
    weights.write(out, model)
    screen().print(f"{out}: {model.model_id}, {dim} axes of {len(files)} files", markup=False)
