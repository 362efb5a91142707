"""What all tests share: how they divide between processes, property tests' patience, where outside material lies."""

from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parents[1]
TESTS = REPOSITORY / "tests"
PROCESSES = ("daemon", "deploy", "soak")
"""Folders whose tests start services, containers and recorders, and wait for them."""

# The machine may be busy with other things: no property is judged by the clock.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)  # The plugin reads the marks in the same hook.
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run in several processes (`--dist loadgroup`), real services stay in one, so that they do not slow
    each other down; of the rest each file stays in one, as its fixtures are made once. The largest group goes first."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        place = item.path.relative_to(TESTS)
        group = "processes" if place.parts[0] in PROCESSES else str(place.with_suffix(""))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Outside material (corpus, samples, composer) beside the checkout; tests that need it skip without."""
    path = REPOSITORY.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs {path}")
    return path
