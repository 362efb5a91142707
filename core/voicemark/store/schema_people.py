"""Tables of who somebody is, across recordings: persons, and which local speakers are theirs.

A person is a number that is never used twice. It has a name where it has a voice (`voices`): one that the configuration
enrols, one that a person named, or both. Everybody else is a group of local speakers that sound like one person.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from voicemark.store.schema_base import WITHOUT_ROWID, Base

PERSON, SOUND, IGNORED = "person", "sound", "ignored"
"""Kinds of persons: somebody; a jingle or applause that comes back; somebody who is of no interest."""

BY_PERSON, BY_MATCH, BY_MACHINE = "person", "match", "machine"
"""Who placed a local speaker: a person, and nobody else changes it; the matching of enrolled voices, which does so anew
each time; the linking of unknown voices, which moves what it placed itself."""


class PersonRow(Base):
    """Somebody who is heard, by number."""

    __tablename__ = "persons"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """`PERSON`, `SOUND` or `IGNORED`."""
    voice_id: Mapped[int | None] = mapped_column(ForeignKey("voices.id", ondelete="SET NULL"), unique=True)
    """The voice that is this person's, and so the name; null: nobody has named it."""
    by: Mapped[str]
    """Who made the row: `BY_PERSON` (also by enrolling a voice) or `BY_MACHINE`."""
    created_at: Mapped[datetime]


class MembershipRow(Base):
    """A local speaker is this person. Carried by overlap in time where a recording is cut anew."""

    __tablename__ = "memberships"
    __table_args__ = (Index("ix_memberships_person", "person_id"), WITHOUT_ROWID)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The local speaker's, within the recording."""
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"))
    placed_by: Mapped[str]
    """`BY_PERSON`, `BY_MATCH` or `BY_MACHINE`."""
    score: Mapped[float | None]
    """How surely, as whoever placed it counts; null where a person did."""


class CannotLinkRow(Base):
    """A local speaker is not this person, whatever it sounds like: a person said so."""

    __tablename__ = "cannot_links"
    __table_args__ = (Index("ix_cannot_links_person", "person_id"), WITHOUT_ROWID)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)


class LinkedRow(Base):
    """A recording whose local speakers were linked with those of others; gone when it is heard or cut anew."""

    __tablename__ = "linked"
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
