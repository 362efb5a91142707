"""What every adapter promises, whatever is on the disk: `read` raises `RecordingError` alone, `state` and `recognise`
nothing, and none of them waits for ever.

A fault of one recording, and a mistake of this program over it, are that recording's: the others go on.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from typing import TypeVar

from voicemark.errors import RecordingError, VoicemarkError
from voicemark.patience import NoAnswerError, within_patience
from voicemark.recording import Recording, RecordingState

log = logging.getLogger(__name__)

Self = TypeVar("Self")


def careful_read(read: Callable[[Self, Path], Recording]) -> Callable[[Self, Path], Recording]:
    """`read` of an adapter, that keeps the promise."""

    @wraps(read)
    def careful(self: Self, path: Path) -> Recording:
        try:
            return within_patience(path, partial(read, self, path))
        except NoAnswerError as error:
            raise RecordingError(str(error.strerror), path=path, hint="it is looked at again later") from error
        except (RecordingError, MemoryError):
            raise
        except VoicemarkError as error:
            raise RecordingError(error.what, path=path, hint=error.hint) from error
        except OSError as error:
            raise RecordingError(f"cannot be read: {error.strerror}", path=path) from error
        except Exception as error:
            log.exception("an error of voicemark itself while it read %r", str(path))
            raise RecordingError(
                f"cannot be read: an error of voicemark itself ({type(error).__name__})",
                path=path,
                hint="its log has more; the other recordings go on",
            ) from error

    return careful


def careful_state(
    state: Callable[[Self, Path, datetime], RecordingState],
) -> Callable[[Self, Path, datetime], RecordingState]:
    """`state` of an adapter, that keeps the promise."""

    @wraps(state)
    def careful(self: Self, path: Path, now: datetime) -> RecordingState:
        try:
            return within_patience(path, partial(state, self, path, now))
        except MemoryError:
            raise
        except (VoicemarkError, OSError):
            return RecordingState.UNKNOWN
        except Exception:
            log.exception("an error of voicemark itself while it asked for the state of %r", str(path))
            return RecordingState.UNKNOWN

    return careful


def careful_recognise(recognise: Callable[[Self, Path], Path | None]) -> Callable[[Self, Path], Path | None]:
    """`recognise` of an adapter, that keeps the promise."""

    @wraps(recognise)
    def careful(self: Self, path: Path) -> Path | None:
        try:
            return within_patience(path, partial(recognise, self, path))
        except MemoryError:
            raise
        except (VoicemarkError, OSError):
            return None
        except Exception:
            log.exception("an error of voicemark itself while it looked at %r", str(path))
            return None

    return careful
