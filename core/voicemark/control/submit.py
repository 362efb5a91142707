"""The one way for an act: the service does it where one runs, else whoever asks does it here."""

import getpass
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicemark.actions.acts import Act, ActError, AnyAct
from voicemark.actions.perform import Done, perform
from voicemark.config import Config
from voicemark.control.client import asked
from voicemark.control.place import ControlError, socket_of
from voicemark.control.wire import Request, WireError
from voicemark.faults import in_words
from voicemark.store.database import Database, open_database
from voicemark.store.sqlite_errors import DatabaseUnavailableError

PATIENCE_S = 30.0
"""The service tries so long while somebody else has the database locked."""


def submit(config: Config, act: Act, follow: Callable[[Database, Done], None] | None = None) -> Done:
    """Have `act` done. Where no service listens it is done here, and `follow` does what follows from it; without that,
    what follows is done when a service or a scan runs again.

    Raises what `perform` raises, and `ControlError` where it is not known whether it was done.
    """
    request = Request(config.database.path, act.model_dump(mode="json"))
    told = asked(socket_of(config), request)
    if told is not None:
        return read_done(told)
    return done_here(config, act, follow)


def done_here(config: Config, act: Act, follow: Callable[[Database, Done], None] | None = None) -> Done:
    """As `submit`, where no service listens. Raises what `perform` raises."""
    with closing(open_database(config.database.path)) as database:
        done = perform(database, config, act, _user())
        if follow is not None:
            follow(database, done)
    return done


def do(request: Request, database: Database, config: Config, by: str) -> dict[str, Any]:
    """What the service does with a request, and tells of it. Raises `VoicemarkError`."""
    if not _same(request.database, database.path):
        raise ControlError(
            f"the service works on another database ({database.path})",
            path=request.database,
            hint="give each its own [service] control",
        )
    act = act_of(request)
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            done = perform(database, config, act, by)
        except DatabaseUnavailableError:
            if time.monotonic() > ends:
                raise
        else:
            return {**asdict(done), "follow_up": sorted(done.follow_up)}


def act_of(request: Request) -> Act:
    """What is asked for. Raises `ActError`."""
    try:
        return AnyAct.validate_python(request.act)
    except ValidationError as error:
        raise ActError(f"cannot be done: {_first_fault(error)}") from error


def read_done(told: dict[str, Any]) -> Done:
    """What an answer says was done. Raises `WireError` where it is none."""
    act_id, message, follow_up = told.get("act_id"), told.get("message"), told.get("follow_up")
    if not isinstance(message, str) or not isinstance(act_id, int | None) or not isinstance(follow_up, list):
        raise WireError("the service's answer is none", hint="restart the service after an upgrade")
    return Done(act_id, message, frozenset(map(str, follow_up)))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"][1:])
    said = in_words(fault)
    return f"{where}: {said}" if where else said


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
