"""The voices that there are, by name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.store.schema import VoiceRow


def voice_names(session: Session) -> list[str]:
    """Every voice's name, in order. Does not write to the database."""
    return sorted(session.scalars(select(VoiceRow.name)), key=str.casefold)
