"""An archive of short recordings that a cluster hears."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

from support.ears import write_down
from support.service import copy_of

from voicemark.voice.encoder import Encoder

CONFIG = """
[database]
url = "sqlite:///voicemark.db"

[[watch]]
path = "video"

[encoder]
model = "{model}"
device = "cpu"

[match]
normalise = false
threshold = 0.5

[[speakers]]
name = "Low"
samples = ["{sample}"]

[service]
retries = 1
retry_pause_s = 0.0
nice = 0
idle_io = false
"""


class Archive:
    """A folder with a configuration, recordings and a database."""

    def __init__(self, root: Path, sources: Path, model: Path) -> None:
        self.root, self.video, self.database = root, root / "video", root / "voicemark.db"
        self.config = root / "config.toml"
        self._sources = sources
        self.video.mkdir(parents=True)
        self.config.write_text(CONFIG.format(model=model, sample=sources / "low.wav"))

    def record(self, name: str, number: int) -> Path:
        """A finished recording; each number is another content."""
        return copy_of(self._sources / f"{'abc'[number % 3]}.ts", self.video / name, number)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows from the database; nothing while there is none yet."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def jobs(self) -> dict[str, tuple[object, ...]]:
        """State, attempts and what each job waits for, by the name of its recording."""
        rows = self.query(
            "SELECT r.path, j.state, j.attempts, j.waits_for FROM jobs j JOIN recordings r ON r.id = j.recording_id"
        )
        return {str(path).rsplit("/", 1)[-1]: tuple(rest) for path, *rest in rows}


class Record:
    """Makes recordings that light ears know."""

    def __init__(self, archive: Archive, ears: Path, encoder: Encoder) -> None:
        self._archive, self._ears, self._encoder, self._number = archive, ears, encoder, 0

    def __call__(self, name: str) -> Path:
        self._number += 1
        path = self._archive.record(name, self._number)
        write_down(self._ears, path, self._encoder)
        return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
