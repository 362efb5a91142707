"""The configuration file, watched: a good change is taken over, a wrong one is refused and the old one stays."""

import logging
from pathlib import Path

from voicemark.config import Config, load_config
from voicemark.errors import ConfigError

log = logging.getLogger(__name__)


class ConfigFile:
    """The file at `path` and the configuration that was last accepted. Raises `ConfigError` at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._look()
        self._said: str | None = None
        self.accepted = load_config(path)

    def changed(self) -> bool:
        """Has the file been written or replaced since it was last read? (A missing file has not: editors rename.)"""
        stamp = self._look()
        return stamp is not None and stamp != self._stamp

    def read(self) -> Config | None:
        """The new configuration, if it is right, differs, and can be taken over while running."""
        self._stamp = self._look()
        try:
            config = load_config(self.path)
            if config.database != self.accepted.database:
                raise ConfigError(
                    "another [database] cannot be taken over while running", path=self.path, hint="restart the service"
                )
        except ConfigError as error:
            if str(error) != self._said:
                log.error("the new configuration is refused, the old one stays in force: %s", error)
            self._said = str(error)
            if isinstance(error.__cause__, OSError):
                self._stamp = None  # It could not be read, which says nothing of it: it is read again.
            return None
        self._said = None
        if config == self.accepted:
            log.info("the configuration says what it said before")
            return config  # The samples that it names may have changed.
        self.accepted = config
        log.info("the configuration has changed")
        return config

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
