"""What follows from an act on people: voices are remembered otherwise, and the archive catches up with that.

The service does this by itself. A command does it where it was asked to; what is broken off is done by the service, or
the next scan: it is seen from the database what is not as it should be.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import select

from voicemark.actions.catch_up import catch_up
from voicemark.actions.doing import LINK, MATCH, VOICES
from voicemark.actions.recogniser import make_recogniser
from voicemark.config import Config
from voicemark.store.database import Database
from voicemark.store.schema import EmbeddingRow


def follow(database: Database, config: Config, follow_up: Collection[str]) -> Iterator[str]:
    """Do what is to be done; what was done, in words. Raises as `make_recogniser` and `catch_up` do."""
    if not {VOICES, MATCH, LINK} & set(follow_up):
        return
    with database.reading() as session:
        if session.scalar(select(EmbeddingRow.recording_id).limit(1)) is None:
            return
    recogniser = make_recogniser(config, database).recogniser
    done = catch_up(database, recogniser, config, write_all=bool({VOICES, MATCH} & set(follow_up)))
    report = done.matched
    if report.recordings:
        yield (
            f"{report.recordings} recordings ({report.hours:.1f} hours) matched anew in {report.seconds:.1f} s: "
            f"{report.markers} markers"
        )
    yield from map(str, done.failures)
    if done.linked.placed:
        yield f"{done.linked.placed} speakers of recordings were given to somebody who sounds like them"
