"""How commands act on people: the act is done at once, and what follows from it where no service will do it."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import screen

if TYPE_CHECKING:
    from voicemark.actions.acts import Act

LaterOption = Annotated[
    bool, typer.Option("--later", help="Leave the matching of the archive to the service, or to the next scan.")
]


def act(config: Path, what: "Act", *, later: bool = False) -> None:
    """Do it and say what became of it. Raises what `voicemark.actions.perform.perform` raises."""
    from voicemark.actions.perform import perform
    from voicemark.config import load_config
    from voicemark.store.database import open_database

    loaded = load_config(config)
    database = open_database(loaded.database.path)
    try:
        done = perform(database, loaded, what, getpass.getuser())
        screen().print(done.message, markup=False)
        if done.follow_up and not later:
            from voicemark.actions.follow import follow

            for line in follow(database, loaded, done.follow_up):
                screen().print(line, markup=False)
    finally:
        database.close()


def checked(kind: type["Act"], **fields: object) -> "Act":
    """The act of these fields. Raises `typer.BadParameter` where it says what cannot be."""
    from pydantic import ValidationError

    try:
        return kind(**fields)
    except ValidationError as error:
        raise typer.BadParameter(
            "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
        ) from error
