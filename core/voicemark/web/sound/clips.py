"""From a stretch to the bytes that a browser plays: those that are kept, or cut now."""

import hashlib
import io
import json
import os
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import BinaryIO

from voicemark.config import Config
from voicemark.web.sound.cache import ClipCache
from voicemark.web.sound.cutting import cut
from voicemark.web.sound.stretch import Stretch
from voicemark.web.sound.wave import to_wave
from voicemark.web.sound.work import CuttingRoom

RULES = 1
"""Another number where clips are cut otherwise."""
MOST_BYTES = 64 << 20


class Clips:
    """Clips of the recordings that `config` knows. Safe between threads."""

    def __init__(self, config: Config, folder: Path | None = None) -> None:
        """They are kept in `folder`; None: in this user's folder for such things."""
        self._config = config
        self._cache = ClipCache(folder or cache_folder(), MOST_BYTES)
        self._room = CuttingRoom()

    def key(self, stretch: Stretch) -> str:
        """A name for the very bytes: another one as soon as they would differ."""
        settings = self._config.audio.model_dump(mode="json")
        told = [RULES, stretch.content, stretch.start_s, stretch.end_s, settings]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def kept(self, stretch: Stretch) -> BinaryIO | None:
        """The clip, where it was cut before."""
        return self._cache.get(self.key(stretch))

    def cut(self, stretch: Stretch) -> "Future[bytes]":
        """The clip, once it is cut; or the `RecordingError` that says why it cannot be. Raises `TooMuchError`."""
        key = self.key(stretch)
        return self._room.ask(key, partial(self._cut, key, stretch))

    def _cut(self, key: str, stretch: Stretch) -> bytes:
        data = to_wave(cut(stretch, self._config))
        self._cache.put(key, data)
        return data


def opened(data: bytes) -> BinaryIO:
    """Like what is kept."""
    return io.BytesIO(data)


def cache_folder() -> Path:
    """Where systemd says (`CacheDirectory=`), else in the user's own cache."""
    told = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]
    if told:
        return Path(told, "clips")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "voicemark", "clips")
