"""Whether a command line is one that a program takes, without doing what it says."""

from collections.abc import Sequence
from typing import Any

import typer
from typer.main import get_command


def parsed(app: typer.Typer, arguments: Sequence[str]) -> dict[str, Any]:
    """The parameters of the command that `arguments` name. Raises click's `UsageError`."""
    command: Any = get_command(app)
    name: str | None = "program"
    left, context = list(arguments), None
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, left, parent=context)
        name, command, left = command.resolve_command(context, [*context._protected_args, *context.args])
    parameters: dict[str, Any] = command.make_context(name, left, parent=context).params
    return parameters
