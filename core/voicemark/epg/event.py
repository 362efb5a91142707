"""A broadcaster's event, as EIT carries it and VDR writes it down, and the programme that it is."""

from datetime import datetime

from voicemark.epg.genres import words_of_content
from voicemark.recording import Programme

AUDIO_STREAMS = frozenset({0x02, 0x04, 0x06, 0x19})  # MP2, AC-3, HE-AAC, AC-4


class Event:
    """What both say of it; how it is read is theirs."""

    event_id: int | None
    start: datetime | None
    duration_s: float | None
    title: str | None
    subtitle: str | None
    description: str | None
    content: tuple[int, ...]
    """Content bytes (descriptor 0x54)."""
    language: str | None
    age_rating: int | None

    def programme(self, source: str, channel: str | None = None, title: str | None = None) -> Programme | None:
        """The event, under `title` when it has none of its own; None when there is no title at all."""
        name = self.title or title
        if not name:
            return None
        return Programme(
            title=name,
            source=source,
            subtitle=self.subtitle,
            description=self.description,
            channel=channel,
            start=self.start,
            duration_s=self.duration_s,
            genres=words_of_content(self.content),
            language=self.language,
            event_id=self.event_id,
            age_rating=self.age_rating,
        )
