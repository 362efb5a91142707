"""A file that is no configuration says so, whatever it is."""

import os
from pathlib import Path

import pytest

from voicemark import patience
from voicemark.config import load_config
from voicemark.errors import ConfigError


def test_brackets_without_end_are_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("a = " + "[" * 20_000 + "]" * 20_000)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(tmp_path / "c.toml")


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.1)
    os.mkfifo(tmp_path / "c.toml")
    with pytest.raises(ConfigError, match="does not answer"):
        load_config(tmp_path / "c.toml")
    os.close(os.open(tmp_path / "c.toml", os.O_WRONLY | os.O_NONBLOCK))


def test_a_watched_folder_has_one_name_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc/config.toml"
    file.write_text('[[watch]]\npath = "../video/."\n')
    assert load_config(file).watch[0].path == tmp_path / "video"
