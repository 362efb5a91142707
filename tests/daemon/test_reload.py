"""A changed configuration is taken over if it is right, and refused in words if not."""

import logging
from pathlib import Path

import pytest

from voicemark.errors import ConfigError
from voicemarkd.reload import ConfigFile


def test_a_right_change_is_taken_over_and_a_wrong_one_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[match]\nthreshold = 0.6\n")
    config_file = ConfigFile(path)
    assert not config_file.changed()

    path.write_text("[match]\nthreshold = 0.65\n")
    assert config_file.changed()
    config = config_file.read()
    assert config is not None and config.match.threshold == 0.65
    assert not config_file.changed()

    path.write_text("[match]\nthreshold = 'high'\n")
    with caplog.at_level(logging.ERROR):
        assert config_file.read() is None
    assert "match.threshold" in caplog.text and "stays in force" in caplog.text
    assert config_file.accepted is config


def test_an_editor_that_renames_is_no_missing_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    config_file = ConfigFile(path)
    path.rename(tmp_path / "config.toml~")
    assert not config_file.changed()
    path.write_text("[service]\nnice = 3\n")
    assert config_file.changed()


def test_another_database_needs_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[database]\nurl = "sqlite:///a.db"\n')
    config_file = ConfigFile(path)
    path.write_text('[database]\nurl = "sqlite:///other.db"\n')
    assert config_file.read() is None
    assert "restart the service" in caplog.text


def test_a_wrong_configuration_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        ConfigFile(tmp_path / "none.toml")
