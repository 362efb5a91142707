"""A recording is heard: from its files to a `Result`. Reads only, and knows no database.

So whoever hears may be another thread, process or machine than the one who stores (`voicemark.actions.keep`).
"""

import time
from dataclasses import dataclass

from voicemark.config import Config
from voicemark.pipeline import Progress, process
from voicemark.recording import Recording
from voicemark.result import Result
from voicemark.voice.recognise import Recogniser


@dataclass(frozen=True)
class Heard:
    """What was found in a recording, and how long that took."""

    result: Result
    took_s: float


def hear(recording: Recording, recogniser: Recogniser, config: Config, progress: Progress | None = None) -> Heard:
    """Hear a recording from its start to its end. Raises as `voicemark.pipeline.process` does, and what `progress`
    raises, which is how the work is broken off."""
    began = time.monotonic()
    result = process(recording, recogniser, config, progress)
    return Heard(result, time.monotonic() - began)
