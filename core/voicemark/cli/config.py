"""`voicemark config`: is the configuration right, and what could it say?"""

from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain


def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Check the configuration file, and that the database, folders, samples and guides it names can be used."""
    from voicemark.actions.check import unusable, unusable_database
    from voicemark.config import load_config
    from voicemark.config.check import missing

    settings = load_config(config)
    faults = [*missing(settings), *unusable(settings), *unusable_database(settings.database.path)]
    for fault in faults:
        complain(fault)
    watched = f"{len(settings.watch)} watched folder(s)"
    typer.echo(
        f"{config}: {'valid, but see above' if faults else 'right'}: {watched}, {len(settings.speakers)} voice(s)"
    )
    if faults:
        raise typer.Exit(1)


def example(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write there, unless it exists.")] = None,
) -> None:
    """Print a configuration with every key, its default and what it means."""
    from voicemark.config.example import example as text
    from voicemark.errors import ConfigError

    if output is None:
        typer.echo(text(), nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text())
    except FileExistsError:
        raise ConfigError("exists already", path=output, hint="choose another name; nothing was changed") from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=output) from error
