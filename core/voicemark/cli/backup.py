"""`voicemark backup`: a copy of the database while the service runs."""

from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, screen


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; an older copy there is replaced.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Copy the database, whole and checked, while others go on writing to it."""
    from voicemark.config import load_config
    from voicemark.store.backup import backup as copy

    made = copy(load_config(config).database.path, file)
    screen().print(f"{made.path}: {made.size / 1e6:.1f} MB, {made.recordings} recordings", markup=False)
