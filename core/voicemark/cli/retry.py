"""`voicemark retry`: try again what was set aside."""

import os
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain, screen


def retry(
    recordings: Annotated[
        list[str] | None, typer.Argument(help="Recordings, as `voicemark status` names them.", metavar="RECORDING…")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that was set aside.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Try recordings again that failed too often; the service takes them up by itself."""
    from voicemark.config import load_config
    from voicemark.store.database import open_database
    from voicemark.store.jobs import Jobs
    from voicemark.store.paths import text_to_path

    if bool(recordings) == everything:
        raise typer.BadParameter("name recordings, or say --all")
    database = open_database(load_config(config).database.path)
    try:
        jobs = Jobs(database)
        if everything:
            again, unknown = jobs.retry(), []
        else:
            paths = [Path(os.path.abspath(text_to_path(text))) for text in recordings or ()]  # noqa: PTH100
            found = {path: jobs.retry(path) for path in paths}
            again = [path for one in found.values() for path in one]
            unknown = [path for path, one in found.items() if not one]
    finally:
        database.close()
    for path in again:
        screen().print(f"{path}: ready", markup=False)
    for path in unknown:
        complain(f"{path}: is not set aside and not waiting to be tried again")
    if unknown:
        raise typer.Exit(1)
