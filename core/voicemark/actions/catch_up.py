"""What follows when recordings were heard, voices have changed or something was said of people: the same for commands,
the service and a cluster.

    the archive is matched with the voices as they are → files for players are written → people are linked

What is to be done is seen from the database, so it costs little where there is nothing, and what is broken off is done
by whoever comes next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voicemark.actions.link import LinkReport, link_people
from voicemark.actions.rematch import RematchReport, match_archive
from voicemark.config import Config
from voicemark.export.after import Failure, export_heard
from voicemark.store.database import Database
from voicemark.voice.recognise import Recogniser


@dataclass(frozen=True)
class CaughtUp:
    """What was done."""

    matched: RematchReport
    failures: Sequence[Failure]
    """Files that could not be written."""
    linked: LinkReport


def catch_up(
    database: Database,
    recogniser: Recogniser,
    config: Config,
    *,
    write_all: bool = False,
    write: Callable[[], Sequence[Failure] | None] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    at_leisure: bool = True,
    go_on: Callable[[], None] = lambda: None,
) -> CaughtUp:
    """Do what is to be done.

    Files of all recordings are written where some were matched anew, or `write_all`, as when names may have changed: by
    `write`, who may see to what fails by itself, or here. `progress` and `go_on` are called as the matching and the
    linking advance, and what they raise ends it; what was committed stays. `at_leisure`: there is time to link all
    anew. Raises `DatabaseError` when the database cannot be used.
    """
    matched = match_archive(database, recogniser, config, progress)
    failures: Sequence[Failure] = ()
    if write_all or matched.recordings:
        failures = export_heard(database, None, config.export) if write is None else write() or ()
    linked = link_people(database, recogniser, config, at_leisure=at_leisure, go_on=go_on)
    return CaughtUp(matched, failures, linked)
