"""What all tests share: how they divide between processes, property tests' patience, where outside material lies."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from voicemark.store.database import Database

REPOSITORY = Path(__file__).parents[1]
PROCESSES = ("daemon", "deploy", "soak")
"""Folders whose tests start services, containers and recorders, and wait for them."""

# However long the name of a test's folder is, no message about a file in it is broken at the edge of a terminal.
os.environ["COLUMNS"] = "200"

# The machine may be busy with other things: no property is judged by the clock. Every run tries other examples; whoever
# changes a parser tries many (`VOICEMARK_EXAMPLES=2000 python -m pytest …`).
settings.register_profile("unhurried", deadline=None, max_examples=int(os.environ.get("VOICEMARK_EXAMPLES", "40")))
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How tests divide between processes (`--dist loadfile`): each file stays in one, as its fixtures are made once;
    real services, containers and recorders stay in one together, so that they do not slow each other down. The
    largest group goes first. (Marks for groups, `--dist loadgroup`, are passed over by pytest 9.2: pytest-xdist #1386.)
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ProcessesTogether(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            _, folder, *_ = nodeid.split("/")
            return "processes" if folder in PROCESSES else str(super()._split_scope(nodeid))

    return ProcessesTogether(config, log)


@pytest.fixture
def database(made: Path, tmp_path: Path) -> Iterator["Database"]:
    """A copy, for each test, of the database that its file has made once (`made`)."""
    from voicemark.store.database import open_database

    opened = open_database(Path(shutil.copy(made, tmp_path)))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Outside material (corpus, samples, composer) beside the checkout; tests that need it skip without."""
    path = REPOSITORY.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs {path}")
    return path
