"""What many tests share: a small config beside a database in a temporary folder, and where outside material lies."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Outside material (corpus, samples, composer) beside the checkout; tests that need it skip without."""
    path = REPOSITORY.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs {path}")
    return path
