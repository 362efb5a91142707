"""`voicemark train quantise`: the network of weights in 8-bit integers."""

from pathlib import Path
from typing import Annotated

import typer


def quantise(
    corpus: Annotated[Path, typer.Option(help="Folder with manifest.csv; some minutes of it are heard.")],
    model: Annotated[Path | None, typer.Option(help="Weights (.safetensors); none: the shipped ones.")] = None,
) -> None:
    """Write MODEL's network in 8-bit integers beside it, as NAME.int8.onnx: a third of the cost on most processors.

    The weights and their id stay. Needs the extra `onnx`.
    """
    from voicemark.cli.output import screen
    from voicemark.lab.backend.quantise import quantised, speech, write
    from voicemark.voice import weights
    from voicemark.voice.numerics import quantised_beside

    path = model or weights.DEFAULT_WEIGHTS
    loaded = weights.load(path)
    data = quantised(loaded, speech(corpus))
    write(quantised_beside(path), data)
    screen().print(f"{quantised_beside(path)}: {loaded.model_id} in integers, {len(data) / 1e6:.1f} MB", markup=False)
