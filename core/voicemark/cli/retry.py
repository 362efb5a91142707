"""`voicemark retry`: try again what was set aside."""

from contextlib import closing
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
    from voicemark.actions.acts import ActError, Retry
    from voicemark.config import load_config
    from voicemark.control.submit import submit
    from voicemark.named import named
    from voicemark.store.database import open_database
    from voicemark.store.jobs import Jobs
    from voicemark.store.paths import path_to_text, text_to_path

    if bool(recordings) == everything:
        raise typer.BadParameter("name recordings, or say --all")
    loaded = load_config(config)
    if everything:
        with closing(open_database(loaded.database.path)) as database:
            ready = Jobs(database).retry()
        for path in ready:
            screen().print(f"{path}: ready", markup=False)
        if not ready:
            screen().print("nothing is set aside")
        return
    refused = False
    for text in recordings or ():
        path = named(text_to_path(text))
        try:
            screen().print(submit(loaded, Retry(recording=path_to_text(path))).message, markup=False)
        except ActError as error:
            complain(error)
            refused = True
    if refused:
        raise typer.Exit(1)
