"""What the title models are trained on: guides in files, or the programmes in the owner's database."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from sqlalchemy import select

from voicemark.epg.epgdata import read_epg_data
from voicemark.epg.xmltv import read_programmes
from voicemark.recording import Programme
from voicemark.store.database import Database
from voicemark.store.schema import ProgrammeRow
from voicemark.titles.annotate import GENRE_SEPARATOR


def guide_programmes(xmltv: Iterable[Path], epg_data: Iterable[Path]) -> Iterator[Programme]:
    """All programmes of the guides. Raises GuideError for one that cannot be read or breaks off."""
    return chain(
        chain.from_iterable(read_programmes(path) for path in xmltv),
        chain.from_iterable(read_epg_data(path) for path in epg_data),
    )


def database_programmes(database: Database) -> list[Programme]:
    """The EPG events that were collected with the recordings. Does not write to the database."""
    with database.reading() as session:
        rows = session.scalars(select(ProgrammeRow).order_by(ProgrammeRow.id)).all()
        return [
            Programme(
                title=row.title,
                source=row.source,
                subtitle=row.subtitle,
                description=row.description,
                channel=row.channel,
                start=row.start_at,
                genres=tuple(row.genre.split(GENRE_SEPARATOR)) if row.genre else (),
            )
            for row in rows
        ]
