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
TOGETHER = {
    "tests/daemon/": "services",
    "tests/deploy/": "installed",
    "tests/soak/": "installed",
    "tests/cli/test_forget.py": "killed",
    "tests/actions/test_killed_acts.py": "killed",
    "tests/actions/test_link.py": "killed",
}
"""Tests that start services, containers, recorders and commands, and wait for them: each kind one after another, and
forked from one server (`support.forked`)."""
LONG = (
    "services",
    "installed",
    "killed",
    "tests/cluster/test_backfill.py",
    "tests/web/test_browser.py",
    "tests/cli/test_evaluate_and_train.py",
    "tests/actions/test_hearing_process.py",
    "tests/actions/test_scan.py",
    "tests/cluster/test_serving.py",
    "tests/lab/evaluation/test_run.py",
    "tests/lab/training/test_recipe.py",
    "tests/audio/test_changing_streams.py",
    "tests/lab/bench/test_measurements.py",
    "tests/cli/test_finetune.py",
)
"""What takes longest is begun first, so that nobody waits for it in the end."""

# However long the name of a test's folder is, no message about a file in it is broken at the edge of a terminal.
os.environ["COLUMNS"] = "200"

# The machine may be busy with other things: no property is judged by the clock. Every run tries other examples; whoever
# changes a parser tries many (`VOICEMARK_EXAMPLES=2000 python -m pytest …`).
settings.register_profile("unhurried", deadline=None, max_examples=int(os.environ.get("VOICEMARK_EXAMPLES", "25")))
settings.load_profile("unhurried")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How tests divide between processes (`--dist loadfile`): each file stays in one, as its fixtures are made once;
    what starts processes of one kind stays in one together, so that they do not slow each other down. (Marks for
    groups, `--dist loadgroup`, are passed over by pytest 9.2: pytest-xdist #1386.)
    """
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LongestFirst(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            kinds = (kind for begins, kind in TOGETHER.items() if nodeid.startswith(begins))
            return next(kinds, None) or str(super()._split_scope(nodeid))

        def _assign_work_unit(self, node: Any) -> None:
            waiting = [scope for scope in LONG if scope in self.workqueue]
            if waiting:
                self.workqueue.move_to_end(waiting[0], last=False)
            super()._assign_work_unit(node)

    return LongestFirst(config, log)


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
