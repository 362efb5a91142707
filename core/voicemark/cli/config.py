"""`voicemark config`: is the configuration right, and what could it say?"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain

if TYPE_CHECKING:
    from voicemark.config import Config


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
    for note in _left_out(settings):
        typer.echo(note)
    if faults:
        raise typer.Exit(1)


def _left_out(settings: "Config") -> Iterator[str]:
    """What a configuration may leave out, and what that means."""
    from voicemark.config import DatabaseSection

    if not settings.watch:
        yield "no [[watch]]: nothing is heard by itself, only what `voicemark scan` is given"
    if not settings.speakers and not settings.people.discover:
        yield "no [[speakers]], and [people] discover is off: no voice will be found"
    if settings.database.path == DatabaseSection().path:
        yield f"no [database] url: markers go to {settings.database.path}"


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
