"""Acts that answer who is heard: corrections of a span, answers to questions."""

import re

from sqlalchemy import select

from voicemark.actions.acts import ActError, Answer, Correct, Merge, Name
from voicemark.actions.doing import LINK, MATCH, VOICES, Doing
from voicemark.actions.perform_people import merge, name, new_voice, recording_called
from voicemark.store.called import voices_near
from voicemark.store.people import PersonView, places_of, voice_called
from voicemark.store.queries import NUMBERS
from voicemark.store.schema import LocalSpeakerRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.store.schema_acts import IS, IS_NOT, OF_SPAN, AskedRow, StatementRow
from voicemark.store.schema_people import BY_PERSON, CannotLinkRow, MembershipRow, PersonRow

OVER_S = 1.0
"""So much later than its recording ends a span may end: players round."""
SHORTEST_S = 0.1
PLACES = 4
"""So many places are asked about at once."""


def correct(act: Correct, doing: Doing) -> str:
    """The span is, or is not, hers: at once, and whatever the score."""
    recording, start_s, end_s, heard = _span(act, doing)
    yes = None if act.is_name is None else _voice(act.is_name, doing)
    no = None if act.not_name is None else _voice(act.not_name, doing)
    named = None if heard is None else doing.view(heard)
    place = f"{recording.title}, {start_s:.1f}–{end_s:.1f} s"
    if named is not None:
        place = f"marker {act.marker} ('{named.name}'), {place}"
        if no is not None and no.person != named.person:
            raise ActError(f"{place}: it names '{named.name}', not '{no.name}'", hint=NUMBERS)
        if yes is not None and yes.person != named.person:
            no = named  # It is one instead of the other.
    if yes is not None and no is not None and yes.person == no.person:
        raise ActError(f"it cannot be '{yes.name}' and not be '{no.name}'")
    for view, answer in ((no, IS_NOT), (yes, IS)):
        if view is not None:
            doing.contents.add(recording.content)
            said = StatementRow(
                act_id=doing.journal.act_id, said_at=doing.now, content=recording.content, start_s=start_s,
                end_s=end_s, person_id=view.person, answer=answer, about=OF_SPAN, speaker=0,
            )  # fmt: skip
            doing.journal.insert(said)
    doing.follow_up |= {VOICES, MATCH}
    parts = [f"not '{no.name}'" if no else "", f"'{yes.name}'" if yes else ""]
    return f"{place}: {' but '.join(part for part in parts if part)}"


def _span(act: Correct, doing: Doing) -> tuple[RecordingRow, float, float, int | None]:
    """Recording, start, end; of a marker also whose it is. Raises `ActError`."""
    if act.marker is not None:
        marker = doing.session.get(MarkerRow, act.marker)
        if marker is None:
            raise ActError(f"there is no marker {act.marker}", hint=NUMBERS)
        heard = doing.session.scalar(select(PersonRow.id).where(PersonRow.voice_id == marker.voice_id))
        return doing.session.get_one(RecordingRow, marker.recording_id), marker.start_s, marker.end_s, heard
    row = doing.session.get_one(RecordingRow, recording_called(act.recording or "", doing))
    if row.scanned_at is None or row.duration_s is None:
        raise ActError("has not been heard yet", path=row.path, hint="the service will, or `voicemark scan` does")
    start_s, end_s = act.start_s or 0.0, act.end_s or 0.0
    if start_s >= row.duration_s or end_s > row.duration_s + OVER_S:
        raise ActError(
            f"{start_s:g} s to {end_s:g} s is not within it", path=row.path, hint=f"it is {row.duration_s:.1f} s long"
        )
    end_s = min(end_s, row.duration_s)
    if end_s - start_s < SHORTEST_S:
        raise ActError("nothing can be heard in so short a span", path=row.path)
    return row, start_s, end_s, None


def _voice(called: str, doing: Doing) -> PersonView:
    """Who has this name. Raises `ActError`, which names near ones."""
    found = voice_called(doing.session, called)
    if found is None:
        names = doing.session.scalars(select(VoiceRow.name).order_by(VoiceRow.name)).all()
        raise ActError(f"there is no voice '{called}'", hint=voices_near(called, names))
    return found


def answer(act: Answer, doing: Doing) -> str:
    """Is this the one? A yes makes them one; a no is kept for the places that were asked about."""
    asked, number = _asked(act.question)
    other = doing.view(number)
    if other.name is None:
        raise ActError(f"nobody is asked for voice {other.person}, who has no name")
    if isinstance(asked, tuple):
        return _answer_of_speaker(act, asked, other, doing)
    subject = doing.view(asked)
    if act.answer == "yes":
        return merge(Merge(into=other.person, other=subject.person, confirmed=True), doing)
    _say_no(subject, other, doing)
    if act.answer == "somebody_else" and act.name is not None:
        called = name(Name(person=subject.person, name=act.name, merge=True), doing)
        return f"{subject.called} is not '{other.name}'; {called}"
    return f"{subject.called} is not '{other.name}'"


def _answer_of_speaker(act: Answer, asked: tuple[int, int], other: PersonView, doing: Doing) -> str:
    """Likewise, of one local speaker, by recording and number."""
    recording_id, number = asked
    recording = doing.session.get(RecordingRow, recording_id)
    if recording is None or doing.session.get(LocalSpeakerRow, asked) is None:
        raise ActError(f"there is no question '{act.question}' any more", hint="the recording was heard or cut anew")
    doing.follow_up |= {VOICES, MATCH}
    who = f"speaker {number} of {recording.title}"
    if act.answer == "yes":
        _place(asked, other.person, doing)
        return f"{who} is '{other.name}'"
    _deny(asked, other.person, doing)
    if act.answer == "somebody_else" and act.name is not None:
        somebody = voice_called(doing.session, act.name)
        number = new_voice(act.name, doing) if somebody is None else somebody.person
        _place(asked, number, doing)
        return f"{who} is not '{other.name}' but '{act.name}'"
    return f"{who} is not '{other.name}'"


def _place(speaker: tuple[int, int], person: int, doing: Doing) -> None:
    """A person says that the local speaker is this person."""
    member = doing.session.get(MembershipRow, speaker)
    if member is not None:
        doing.journal.delete(member)
    cannot = doing.session.get(CannotLinkRow, (*speaker, person))
    if cannot is not None:
        doing.journal.delete(cannot)
    recording_id, number = speaker
    doing.journal.insert(MembershipRow(recording_id=recording_id, number=number, person_id=person, placed_by=BY_PERSON))
    doing.say(recording_id, number, person, IS)


def _deny(speaker: tuple[int, int], person: int, doing: Doing) -> None:
    """A person says that the local speaker is not this person."""
    recording_id, number = speaker
    member = doing.session.get(MembershipRow, speaker)
    if member is not None and member.person_id == person:
        doing.journal.delete(member)
    if doing.session.get(CannotLinkRow, (*speaker, person)) is None:
        doing.say(recording_id, number, person, IS_NOT)
        doing.journal.insert(CannotLinkRow(recording_id=recording_id, number=number, person_id=person))


def _asked(question: str) -> tuple[int | tuple[int, int], int]:
    """Of which person, or local speaker (recording, number), whether it is which person. Raises `ActError`."""
    found = re.fullmatch(r"(\d{1,18})(?:\.(\d{1,18}))?:(\d{1,18})", question, re.ASCII)
    if found is None or (found[2] is None and int(found[1]) == int(found[3])):
        raise ActError(f"there is no question '{question}'", hint="`voicemark ask --json` lists them")
    return int(found[1]) if found[2] is None else (int(found[1]), int(found[2])), int(found[3])


def _say_no(subject: PersonView, other: PersonView, doing: Doing) -> None:
    asked = doing.session.get(AskedRow, (subject.person, other.person))
    if asked is None:
        doing.journal.insert(AskedRow(person_id=subject.person, other_id=other.person, noes=1))
    else:
        doing.journal.update(asked, noes=asked.noes + 1)
    for place in places_of(doing.session, [subject.person], PLACES)[subject.person]:
        _deny((place.recording_id, place.local_speaker), other.person, doing)
    doing.follow_up |= {VOICES, MATCH, LINK}
