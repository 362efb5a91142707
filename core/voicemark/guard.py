"""One guard around each unit: an entry, a sidecar, a guide, a recording's metadata. What goes wrong in it ends it
alone, and is named.

Three kinds of trouble come out of a unit: its own fault, which its parser says (`VoicemarkError`, a file that cannot be
read); memory that is not there, which is the machine's and goes on to whoever waits for it; and a mistake of this
program, of which the owner gets a sentence and the log the traceback.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voicemark.clean_text import name_text, one_line
from voicemark.errors import VoicemarkError

log = logging.getLogger(__name__)


@contextmanager
def unit(name: str, tell: Callable[[str], None]) -> Iterator[None]:
    """What goes wrong inside is told as a sentence that begins with `name`, and goes no further."""
    try:
        yield
    except MemoryError:
        raise
    except VoicemarkError as error:
        tell(sentence(name, error.what))
    except OSError as error:
        tell(sentence(name, f"cannot be read: {error.strerror or type(error).__name__}"))
    except Exception as error:
        log.exception("%s: an error of voicemark itself; it is passed over", sentence(name, ""))
        tell(sentence(name, f"is passed over: an error of voicemark itself ({type(error).__name__}), see its log"))


def sentence(name: str, what: str) -> str:
    """Name and fault on one line that can be stored and printed, whatever bytes are in the name."""
    return f"{name_text(name)} {one_line(what, 500)}".strip()
