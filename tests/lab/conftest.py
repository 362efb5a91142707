"""The small corpus and noise folder that the tests of this folder share."""

from pathlib import Path

import pytest
from support.small_corpus import write_corpus, write_noise


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `support.small_corpus.write_corpus`."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def small_noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See `support.small_corpus.write_noise`."""
    return write_noise(tmp_path_factory.mktemp("noise"))
