"""A small archive, made once, and a browser that looks at it; tests that change it have a copy of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from support.page import Browser, small_archive

from voicemark.config import Config
from voicemark.store.database import Database, open_database
from voicemark.web.app import make_app


def config_for(path: Path) -> Config:
    return Config.model_validate({"database": {"url": f"sqlite:///{path}"}})


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of it, which nobody has open."""
    path = tmp_path_factory.mktemp("archive") / "voicemark.db"
    small_archive(path).close()
    return path


@pytest.fixture(scope="session")
def page_of_archive(archive: Path) -> Starlette:
    return make_app(config_for(archive))


@pytest.fixture
def browser(page_of_archive: Starlette) -> Browser:
    """Looks at the archive that all tests share."""
    return Browser(page_of_archive)


@pytest.fixture
def config(archive: Path, tmp_path: Path) -> Config:
    """Of a copy of it."""
    shutil.copy(archive, tmp_path / "voicemark.db")
    return config_for(tmp_path / "voicemark.db")


@pytest.fixture
def database(config: Config) -> Iterator[Database]:
    """The copy, as the service has it open."""
    opened = open_database(config.database.path)
    yield opened
    opened.close()


@pytest.fixture
def own_browser(config: Config) -> Browser:
    """Looks at the copy."""
    return Browser(make_app(config))
