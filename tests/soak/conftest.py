"""Recordings that the service's tests copy from, made once."""

from pathlib import Path

import pytest
from support.service import make_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `support.service.make_sources`."""
    return make_sources(tmp_path_factory.mktemp("sources"))
