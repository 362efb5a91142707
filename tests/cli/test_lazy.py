"""What a command imports is what it needs: counted, since time depends on what else a machine does."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer import Typer
from typer.main import get_command

from voicemark.cli.lazy import group
from voicemark.cli.main import COMMANDS, app
from voicemark.store.database import open_database

NEVER = {"alembic", "asyncio", "numpy", "prometheus_client", "psutil", "rich", "sqlalchemy", "starlette", "torch"}
MOST_OF_OURS = 34
"""Modules of this program; all of them together are some 350."""
PROGRAM = """
import json, sys
from voicemark.cli.main import run
try:
    run()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(*arguments: str | Path) -> set[str]:
    """The modules that a process has after it did the command."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    open_database(tmp_path / "v.db").close()
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n')
    return tmp_path / "config.toml"


@pytest.mark.parametrize("command", [("status",), ("status", "--json"), ("markers",), ("markers", "--type", "News")])
def test_a_quick_answer_loads_neither_tables_of_objects_nor_networks_nor_other_commands(
    config: Path, command: tuple[str, ...]
) -> None:
    modules = imported(*command, "--config", config)
    assert {name.partition(".")[0] for name in modules} & NEVER == set()
    ours = {name for name in modules if name.startswith("voicemark")}
    assert len(ours) <= MOST_OF_OURS, sorted(ours)
    assert {name for name in ours if name.startswith("voicemark.cli.")} <= {
        f"voicemark.cli.{name}" for name in ("main", "lazy", "output", "table", command[0])
    }


def test_the_version_loads_no_command() -> None:
    ours = {name for name in imported("--version") if name.startswith("voicemark.cli.")}
    assert ours == {"voicemark.cli.main", "voicemark.cli.lazy", "voicemark.cli.output"}


def test_every_command_that_is_listed_is_there() -> None:
    def every(commands: dict[str, object]) -> list[object]:
        return [one if not hasattr(one, "commands") else every(dict(one.commands)) for one in commands.values()]

    made = dict(get_command(app).commands)  # type: ignore[attr-defined]
    assert list(made) == list(COMMANDS) and every(made)
    assert {name: command.name for name, command in made.items()} == {name: name for name in COMMANDS}


def test_only_the_command_that_is_asked_for_is_imported() -> None:
    lazy: Typer = group({"here": "status:status", "nowhere": "no_such_module:no_such_command"}, "Two commands.")
    from typer.main import get_group

    commands = get_group(lazy).commands
    assert list(commands) == ["here", "nowhere"] and len(commands) == 2
    assert commands["here"].name == "here"
    with pytest.raises(ModuleNotFoundError):
        commands["nowhere"]
    assert import_module("voicemark.cli.status")
