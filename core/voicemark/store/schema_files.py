"""Tables of files that were written beside the database, and of what is still to be erased."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from voicemark.store.schema_base import Base


class ExportRow(Base):
    """A file that was written for a recording, wherever it lies."""

    __tablename__ = "exports"
    target: Mapped[str] = mapped_column(primary_key=True)
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id", ondelete="SET NULL"), index=True)
    format: Mapped[str]
    digest: Mapped[str | None]
    """SHA-256 of what was written, and of what was there before while that is being replaced; null: nothing of ours."""
    made_of: Mapped[str | None]
    """Digest of all that the file was made of, and what it looked like on disk then; null while it is written."""


class ExportVoiceRow(Base):
    """A voice that an exported file names."""

    __tablename__ = "export_voices"
    target: Mapped[str] = mapped_column(ForeignKey("exports.target", ondelete="CASCADE"), primary_key=True)
    voice_id: Mapped[int] = mapped_column(ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True)


class ErasureRow(Base):
    """A voice that was erased from the tables, while traces of it are still to be erased: in files, in free pages."""

    __tablename__ = "erasures"
    id: Mapped[int] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    scrubbed_at: Mapped[datetime | None]
    """When the database file was written anew without it."""


class ErasureFileRow(Base):
    """A file that names an erased voice; there until the file is written anew or gone."""

    __tablename__ = "erasure_files"
    target: Mapped[str] = mapped_column(primary_key=True)
    """The file; or, where `format` is empty, a recording whose files are to be written anew."""
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id", ondelete="SET NULL"))
    format: Mapped[str]
    digest: Mapped[str | None]
