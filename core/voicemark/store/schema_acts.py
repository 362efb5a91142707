"""Tables of what a person said of who is who: statements, which last, and the log of acts, which can be undone."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from voicemark.store.schema_base import WITHOUT_ROWID, Base

IS, IS_NOT = "is", "not"
"""Answers of a statement."""

OF_SPAN, OF_SPEAKER = "span", "speaker"
"""What a statement is about: exactly this span; or whoever speaks most of the spans of one `speaker` in the content."""


class StatementRow(Base):
    """Somebody said who is heard in a span, or who is not. Known by the recording's content and time: it lasts through
    renames, other cuts and other models."""

    __tablename__ = "statements"
    __table_args__ = (
        Index("ix_statements_content", "content"),
        Index("ix_statements_person", "person_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    """A later statement counts more than an earlier one about the same time."""
    act_id: Mapped[int | None] = mapped_column(ForeignKey("acts.id", ondelete="SET NULL"), index=True)
    said_at: Mapped[datetime]
    content: Mapped[str]
    """The recording's fingerprint."""
    start_s: Mapped[float]
    end_s: Mapped[float]
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"))
    answer: Mapped[str]
    """`IS` or `IS_NOT`."""
    about: Mapped[str]
    """`OF_SPAN` or `OF_SPEAKER`."""
    speaker: Mapped[int]
    """Which spans are one speaker's, of those that an act says of one content; 0 where `about` is a span."""


class SaidRow(Base):
    """A digest of all that was said of a content by statements that decide on markers: part of what these are made
    with. No row: nothing was."""

    __tablename__ = "said"
    content: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    answers: Mapped[int | None]
    """How many answers about spans of it there were when it was last matched …"""
    agreeing: Mapped[int | None]
    """… and with how many of them what was recognised agreed by itself."""


class ActRow(Base):
    """Something that a person did: named, merged, split, corrected …"""

    __tablename__ = "acts"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str]
    """Who, in words: a user of the system."""
    what: Mapped[str]
    """The act, as JSON (`voicemark.actions.acts`)."""
    message: Mapped[str]
    """What became of it, in words."""
    undone_at: Mapped[datetime | None]


class ActChangeRow(Base):
    """One row that an act changed: with it the act can be undone exactly."""

    __tablename__ = "act_changes"
    __table_args__ = (Index("ix_act_changes_recording", "recording_id"), WITHOUT_ROWID)
    act_id: Mapped[int] = mapped_column(ForeignKey("acts.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """In order, from 0."""
    subject: Mapped[str]
    """The table."""
    key: Mapped[str]
    """The row's primary key, as a JSON object; without what `recording_id` and `number` say."""
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    number: Mapped[int | None]
    """The local speaker, where the row is about one: carried as memberships are."""
    before: Mapped[str | None]
    """The columns that were changed, as a JSON object; null where there was no row."""
    after: Mapped[str | None]
    """Likewise; null where there is no row any more."""


class AskedRow(Base):
    """ "Is this person that one?" was answered with no so many times."""

    __tablename__ = "asked"
    __table_args__ = (WITHOUT_ROWID,)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    noes: Mapped[int]
