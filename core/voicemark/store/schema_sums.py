"""Tables of sums over others, so that a question to the whole archive need not read the whole archive.

Those of voices are written with the markers (`voicemark.store.markers`). Those of persons are kept up to date by
triggers of the database itself, since memberships change in many places; a migration that makes `memberships` or
`local_speakers` anew makes their triggers anew. Seconds are kept in hundredths, as whole numbers: what is added and
taken away again leaves nothing behind.
"""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from voicemark.store.schema_base import WITHOUT_ROWID, Base


class VoiceSumRow(Base):
    """The markers of a voice in a recording; there are as many rows as there are recordings with it."""

    __tablename__ = "voice_sums"
    __table_args__ = (
        Index("ix_voice_sums_recording_id", "recording_id"),
        Index("ix_voice_sums_least_score", "least_score"),
        WITHOUT_ROWID,
    )
    voice_id: Mapped[int] = mapped_column(ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    markers: Mapped[int]
    hundredths: Mapped[int]
    """How long all of them are."""
    least_score: Mapped[float]
    """That of the most doubtful one."""


class PersonSumRow(Base):
    """Where a person is heard at all."""

    __tablename__ = "person_sums"
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True)
    recordings: Mapped[int]
    hundredths: Mapped[int]
    """For how long, of local speakers that there are."""
