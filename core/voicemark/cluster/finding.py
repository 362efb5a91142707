"""What there is to be heard: folders are looked at once, and what is finished there is written into the job table."""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError, VoicemarkError
from voicemark.named import named
from voicemark.pipeline import content_of
from voicemark.recorders import find_recordings
from voicemark.recorders.base import Recorder
from voicemark.recorders.rest import grows
from voicemark.recording import RecordingState
from voicemark.store.database import Database
from voicemark.store.findings import Finding, signature
from voicemark.store.inventory import Inventory, Known

log = logging.getLogger(__name__)

AT_ONCE = 50
"""Recordings, before those who hear are looked after again."""


def look(paths: Iterable[Path], config: Config, database: Database, model_id: str) -> Iterator[int]:
    """Write down what is at or below `paths`, some recordings at a time; after each, how many of them are new.

    What is known as it is now is not opened. Raises `DatabaseError`, and `RecordingError` for a path at which nothing
    is; a recording that cannot be read is told of in the log, and the service finds it another time.
    """
    inventory = Inventory(database)
    for path in paths:
        found = find_recordings(path, config.watch, config.audio.languages)
        known = inventory.known(named(path), model_id)
        while some := list(islice(found, AT_ONCE)):
            findings = [one for pair in some if (one := _finding(*pair, known)) is not None]
            inventory.found(findings, model_id)
            yield len(findings)


def _finding(recorder: Recorder, path: Path, known: dict[Path, Known]) -> Finding | None:
    """One recording as it is; None where it is known so, or is not finished."""
    try:
        state = recorder.state(path, datetime.now(UTC))
        if state in (RecordingState.RECORDING, RecordingState.DELETED):
            return None
        recording = recorder.read(path)
        seen = signature(recording.files)
        before = known.get(path)
        if before is not None and before.settled and not before.deleted and before.sizes == seen:
            return None
        if state is RecordingState.UNKNOWN and grows(recording.files):
            return None
        return Finding(recording, content_of(recording), seen)
    except DatabaseError:
        raise
    except (RecordingError, OSError) as error:
        text = str(error) if isinstance(error, VoicemarkError) else f"{path}: {error}"
        log.warning("cannot be read now: %s", text)
        return None
