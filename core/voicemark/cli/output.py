"""What every command shares: where messages go, how times and tables look, where the configuration is."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console

DEFAULT_CONFIG = Path("/etc/voicemark/config.toml")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The configuration file.",
        envvar="VOICEMARK_CONFIG",
        show_default=True,
        readable=False,  # `load_config` says what to do, too.
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of text.")]


def screen() -> "Console":
    """For results (standard output). Wide when it is no terminal, so that nothing is cut off."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200)


def messages() -> "Console":
    """For progress and complaints (standard error)."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def complain(error: object, told: "Console | None" = None) -> None:
    """One line on standard error; for many lines, `told` is what `messages` gave once."""
    (told or messages()).print(f"voicemark: {error}", markup=False)


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def print_json(rows: "Iterable[DataclassInstance]") -> None:
    """One JSON object a line, as they come; moments as ISO 8601."""
    for row in rows:
        sys.stdout.write(json.dumps(vars(row), default=_plain, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return vars(value)
    if isinstance(value, os.PathLike):
        return os.fsencode(value).decode("utf-8", "backslashreplace")
    raise TypeError(f"{type(value).__name__} has no JSON form")
