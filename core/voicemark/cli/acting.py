"""How commands act on people: the service does what they ask; where none runs they do it, and what follows from it."""

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import screen
from voicemark.faults import in_words
from voicemark.named import named

if TYPE_CHECKING:
    from voicemark.actions.acts import Act
    from voicemark.config import Config

LaterOption = Annotated[
    bool, typer.Option("--later", help="Leave the matching of the archive to the service, or to the next scan.")
]


def act(config: Path, what: "Act", *, later: bool = False) -> None:
    """Have it done, by the service where one runs, and say what became of it. Raises what
    `voicemark.control.submit.submit` raises."""
    from voicemark.config import load_config
    from voicemark.control.submit import submit

    loaded = load_config(config)
    here: set[str] = set()
    done = submit(loaded, what, lambda _, done: here.update(done.follow_up))
    screen().print(done.message, markup=False)
    if not later:
        what_follows(loaded, here)


def what_follows(config: "Config", follow_up: Collection[str]) -> None:
    """Do what is to be done after acts that no service did."""
    if not follow_up:
        return
    from voicemark.actions.follow import follow
    from voicemark.store.database import open_database

    with closing(open_database(config.database.path)) as database:
        for line in follow(database, config, follow_up):
            screen().print(line, markup=False)


def number_or_place(text: str) -> str:
    """Of a recording: a number stays, and a path does not depend on where the command was started."""
    return text if text.isdigit() and not Path(text).exists() else str(named(Path(text)))


def checked(kind: type["Act"], **fields: object) -> "Act":
    """The act of these fields. Raises `typer.BadParameter` where it says what cannot be."""
    from pydantic import ValidationError

    try:
        return kind(**fields)
    except ValidationError as error:
        raise typer.BadParameter("; ".join(map(in_words, error.errors()))) from error
