"""A group of commands of which only the one that was asked for is imported.

What a command imports at its start is what it needs: `status` is asked often, and should not wait for what `train`
takes.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
"""Without `rich`, which takes as long as the rest of a quick answer."""


def group(commands: Mapping[str, "str | typer.Typer"], help: str) -> typer.Typer:
    """The group of `commands`: each by its name as `module:function` of `voicemark.cli`, or a group itself."""

    class Lazy(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Commands(commands)  # type: ignore[assignment]

        def list_commands(self, ctx: Any) -> list[str]:
            return list(commands)

    return typer.Typer(cls=Lazy, help=help, no_args_is_help=True, context_settings=HELP_OPTIONS, **PLAIN)


class PassingOn(TyperGroup):
    """A group that does something by itself, and so has options: those that are said before a command of it are passed
    on to the command, which refuses what it does not know. (Click would forget them.)"""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        known = {one.name: one for one in command.params} if command is not None else {}
        passed: list[str] = []
        for option in self.params:
            source = ctx.get_parameter_source(option.name)
            if source is None or source.name != "COMMANDLINE":
                continue
            if option.name not in known:
                ctx.fail(f"{option.opts[0]} is no option of '{name}'")
            value = ctx.params[option.name]
            passed += [known[option.name].opts[0], *([] if isinstance(value, bool) else [str(value)])]
        return name, command, [*passed, *rest]


class _Commands(Mapping[str, Any]):
    """What typer makes of each function, when it is asked for."""

    def __init__(self, where: Mapping[str, "str | typer.Typer"]) -> None:
        self._where = where

    def __getitem__(self, name: str) -> Any:
        where = self._where[name]
        if isinstance(where, str):
            module, _, called = where.partition(":")
            where = getattr(import_module(f"voicemark.cli.{module}"), called)
        if isinstance(where, typer.Typer):
            made: Any = get_group(where)
            made.name = name
            return made
        alone = typer.Typer(add_completion=False, **PLAIN)
        alone.command(name)(where)
        return get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)
