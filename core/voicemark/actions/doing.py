"""What an act is done with: the transaction, the journal by which it can be undone, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.actions.acts import ActError
from voicemark.config import Config
from voicemark.store.journal import Journal
from voicemark.store.people import PersonView, find_person, merged_into
from voicemark.store.schema import RecordingRow, VoiceRow
from voicemark.store.schema_acts import IS, StatementRow
from voicemark.store.schema_people import BY_PERSON, CannotLinkRow, MembershipRow, PersonRow
from voicemark.store.statements import speaker_statements

VOICES, MATCH, LINK, QUEUE = "voices", "match", "link", "queue"
"""What follows from an act: voices are remembered otherwise, markers are to be made anew, leftovers are offered again,
a job waits."""


@dataclass
class Doing:
    """One act in hand."""

    session: Session
    config: Config
    journal: Journal
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    contents: set[str] = field(default_factory=set)
    """Of which something else was said now."""
    follow_up: set[str] = field(default_factory=set)

    def view(self, number: int) -> PersonView:
        """Who has this number. Raises `ActError`."""
        view = find_person(self.session, number)
        if view is None:
            other = merged_into(self.session, number)
            raise ActError(
                f"there is no voice {number}" + (f" any more: it is one with {other} now" if other else ""),
                hint="`voicemark people` lists them",
            )
        return view

    def row(self, number: int) -> PersonRow:
        """Their row. Raises `ActError`."""
        self.view(number)
        return self.session.get_one(PersonRow, number)

    def voice(self, person: PersonRow) -> VoiceRow | None:
        """The voice that gives them a name."""
        return None if person.voice_id is None else self.session.get_one(VoiceRow, person.voice_id)

    def configured(self, name: str) -> bool:
        """Does the configuration name this voice? It has the last word on it then."""
        return any(speaker.name == name for speaker in self.config.speakers)

    def members(self, number: int) -> list[MembershipRow]:
        """Whose local speakers are theirs."""
        mine = select(MembershipRow).where(MembershipRow.person_id == number)
        return list(self.session.scalars(mine.order_by(MembershipRow.recording_id, MembershipRow.number)))

    def fix(self, members: Iterable[MembershipRow], person: int) -> None:
        """A person says that these are `person`: nothing moves them from now on, whatever becomes of the recording."""
        for member in members:
            cannot = self.session.get(CannotLinkRow, (member.recording_id, member.number, person))
            if member.placed_by != BY_PERSON or cannot is not None:
                self.say(member.recording_id, member.number, person, IS)
            self.journal.update(member, person_id=person, placed_by=BY_PERSON, score=None)
            if cannot is not None:
                self.journal.delete(cannot)

    def say(self, recording_id: int, number: int, person: int, answer: str) -> None:
        """Keep "this local speaker is (not) that person", by content and time."""
        content = self.content_of(recording_id)
        for row in speaker_statements(self.session, self.journal.act_id, recording_id, content, number, person, answer):
            row.said_at = self.now
            self.journal.insert(row)

    def content_of(self, recording_id: int) -> str:
        """The content of a recording, of which something else is said now."""
        content = self.session.get_one(RecordingRow, recording_id).content
        self.contents.add(content)
        return content

    def speaks_of(self, person: int) -> None:
        """What was said of this person counts otherwise now, as it has another voice."""
        said = select(StatementRow.content).where(StatementRow.person_id == person).distinct()
        self.contents.update(self.session.scalars(said))
        self.follow_up |= {VOICES, MATCH, LINK}
