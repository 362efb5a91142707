"""Acts about persons: name, merge, split, ignore."""

from sqlalchemy import or_, select

from voicemark.actions.acts import ActError, Ignore, Merge, Name, NeedsConfirmationError, Split, Unignore
from voicemark.actions.doing import LINK, MATCH, VOICES, Doing
from voicemark.named import named
from voicemark.store.exports import name_other_voice
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.people import PersonView, voice_called
from voicemark.store.schema import FileRow, MemoryRow, RecordingRow, VoiceRow
from voicemark.store.schema_acts import IS_NOT, AskedRow, StatementRow
from voicemark.store.schema_people import (
    BY_MACHINE,
    BY_PERSON,
    IGNORED,
    PERSON,
    CannotLinkRow,
    MembershipRow,
    PersonRow,
)


def name(act: Name, doing: Doing) -> str:
    """Naming is enrolling: the person becomes a voice, whose memory is made of what was said of it."""
    view, given = doing.view(act.person), act.name
    _check_name(given)
    if view.name == given:
        raise ActError(f"voice {act.person} is called '{given}' already")
    there = voice_called(doing.session, given)
    if there is not None and there.person != act.person:
        return _merge_by_name(act, there, doing)
    if view.name is not None:
        return _rename(view, given, doing)
    if doing.configured(given) and not act.merge:
        raise NeedsConfirmationError(
            f"'{given}' is in the configuration already", hint="--merge says that this is the same person"
        )
    voice = VoiceRow(id=_number_for(act.person, doing), name=given, enrolled_at=doing.now)
    doing.journal.insert(voice)
    doing.journal.update(doing.row(act.person), voice_id=voice.id, kind=PERSON)
    doing.fix(doing.members(act.person), act.person)
    doing.speaks_of(act.person)
    return f"{view.called} is '{given}'"


def new_voice(given: str, doing: Doing) -> int:
    """Somebody of this name, of whom nothing is known yet: the person's number."""
    _check_name(given)
    somebody = PersonRow(kind=PERSON, by=BY_PERSON, created_at=doing.now)
    doing.journal.insert(somebody)
    voice = VoiceRow(id=_number_for(somebody.id, doing), name=given, enrolled_at=doing.now)
    doing.journal.insert(voice)
    doing.journal.update(somebody, voice_id=voice.id)
    return somebody.id


def _check_name(given: str) -> None:
    if given != given.strip() or not given.isprintable():
        raise ActError(f"{given!r} is no name", hint="a name has no control characters and no spaces at its ends")


def _number_for(person: int, doing: Doing) -> int:
    """Numbers of persons are never used twice, so neither are those of voices."""
    taken = set(doing.session.scalars(select(VoiceRow.id)))
    return person if person not in taken else max(taken) + 1


def _merge_by_name(act: Name, there: PersonView, doing: Doing) -> str:
    if not act.merge:
        raise NeedsConfirmationError(
            f"'{there.name}' is voice {there.person} already", hint="--merge says that both are one person"
        )
    return merge(Merge(into=there.person, other=act.person, confirmed=True), doing)


def _rename(view: PersonView, given: str, doing: Doing) -> str:
    person = doing.row(view.person)
    voice = doing.voice(person)
    if voice is None or view.name is None:
        raise ActError(f"voice {view.person} has no name")
    if doing.configured(view.name):
        raise ActError(
            f"the configuration calls this voice '{view.name}'", hint="change its name in [[speakers]] there"
        )
    doing.journal.update(voice, name=given)
    doing.follow_up |= {VOICES, MATCH}
    return f"'{view.name}' is called '{given}'"


def merge(act: Merge, doing: Doing) -> str:
    """All that was the other's is the one's: local speakers, what was said, and the name where that has none."""
    if act.into == act.other:
        raise ActError(f"voice {act.into} is itself")
    one, other = doing.view(act.into), doing.view(act.other)
    if one.name is not None and other.name is not None:
        if doing.configured(other.name):
            _refuse_configured(one.name, other, act, doing)
        if not act.confirmed:
            raise NeedsConfirmationError(
                f"both have a name: '{other.name}' would be gone, and all of it '{one.name}'",
                hint="--yes says that they are one person",
            )
    into, gone = doing.row(act.into), doing.row(act.other)
    doing.fix([*doing.members(act.into), *doing.members(act.other)], act.into)
    _move_answers(act, doing)
    _move_voice(into, gone, doing)
    doing.journal.update(into, kind=PERSON if into.voice_id is not None else into.kind)
    doing.session.refresh(gone)
    doing.journal.delete(gone)
    if into.voice_id is not None:
        doing.speaks_of(act.into)
    doing.follow_up.add(LINK)
    return f"{other.called} is one with {one.called}" + (f", '{other.name}'" if one.name is None and other.name else "")


def _refuse_configured(name: str, other: PersonView, act: Merge, doing: Doing) -> None:
    """The configuration would enrol the other again."""
    if doing.configured(name):
        raise ActError(
            f"the configuration tells '{name}' and '{other.name}' apart", hint="make one of both there, in [[speakers]]"
        )
    raise ActError(
        f"the configuration names '{other.name}', so that name stays",
        hint=f"merge the other way round: {act.other} {act.into}",
    )


def _move_answers(act: Merge, doing: Doing) -> None:
    """What was said of the other was said of the one."""
    for said in doing.session.scalars(select(StatementRow).where(StatementRow.person_id == act.other)).all():
        doing.contents.add(said.content)
        doing.journal.update(said, person_id=act.into)
    for cannot in doing.session.scalars(select(CannotLinkRow).where(CannotLinkRow.person_id == act.other)).all():
        where = {"recording_id": cannot.recording_id, "number": cannot.number}
        member = doing.session.get(MembershipRow, tuple(where.values()))
        doing.journal.delete(cannot)
        known = doing.session.get(CannotLinkRow, (*where.values(), act.into)) is not None
        if not known and (member is None or member.person_id != act.into):
            doing.journal.insert(CannotLinkRow(**where, person_id=act.into))
    asked = select(AskedRow).where(or_(AskedRow.person_id == act.other, AskedRow.other_id == act.other))
    for row in doing.session.scalars(asked).all():
        key = (act.into if row.person_id == act.other else row.person_id,
               act.into if row.other_id == act.other else row.other_id)  # fmt: skip
        noes = row.noes
        doing.journal.delete(row)
        there = doing.session.get(AskedRow, key)
        if key[0] == key[1]:
            continue
        if there is None:
            doing.journal.insert(AskedRow(person_id=key[0], other_id=key[1], noes=noes))
        else:
            doing.journal.update(there, noes=max(noes, there.noes))


def _move_voice(into: PersonRow, gone: PersonRow, doing: Doing) -> None:
    """The name that is left: the one's, else the other's."""
    number = gone.voice_id
    if number is None:
        return
    doing.journal.update(gone, voice_id=None)
    if into.voice_id is None:
        doing.journal.update(into, voice_id=number)
        return
    name_other_voice(doing.session, number, into.voice_id)
    for memory in doing.session.scalars(select(MemoryRow).where(MemoryRow.voice_id == number)).all():
        doing.journal.delete(memory)
    doing.journal.delete(doing.session.get_one(VoiceRow, number))


def split(act: Split, doing: Doing) -> str:
    """Who is heard in these recordings is somebody else, who gets a number; never put back by the machine."""
    view = doing.view(act.person)
    chosen = {recording_called(text, doing): text for text in act.recordings}
    members = [member for member in doing.members(act.person) if member.recording_id in chosen]
    absent = chosen.keys() - {member.recording_id for member in members}
    if absent:
        raise ActError(
            f"{view.called} is not heard in {', '.join(sorted(chosen[number] for number in absent))}",
            hint=f"`voicemark people show {act.person}` lists its recordings",
        )
    if view.name is None and len(members) == len(doing.members(act.person)):
        raise ActError(
            f"these are all of its recordings: nothing of {view.called} would be left", hint="leave one, or ignore it"
        )
    somebody = PersonRow(kind=PERSON, by=BY_PERSON, created_at=doing.now)
    doing.journal.insert(somebody)
    for member in members:
        number = member.number
        doing.journal.update(member, person_id=somebody.id, placed_by=BY_MACHINE, score=None)
        doing.say(member.recording_id, number, act.person, IS_NOT)
        if doing.session.get(CannotLinkRow, (member.recording_id, number, act.person)) is None:
            doing.journal.insert(CannotLinkRow(recording_id=member.recording_id, number=number, person_id=act.person))
    doing.follow_up |= {LINK} if view.name is None else {VOICES, MATCH, LINK}
    return f"{len(chosen)} recordings are taken out of {view.called}: they are voice {somebody.id} now"


def ignore(act: Ignore, doing: Doing) -> str:
    """Nobody to be asked about; whom the machine finds alike goes there too."""
    view = doing.view(act.person)
    if view.name is not None:
        raise ActError(f"voice {act.person} has a name", hint="`voicemark forget` erases it")
    if view.kind == IGNORED:
        raise ActError(f"voice {act.person} is ignored already")
    doing.journal.update(doing.row(act.person), kind=IGNORED)
    doing.fix(doing.members(act.person), act.person)
    doing.follow_up.add(LINK)
    return f"{view.called} is ignored"


def unignore(act: Unignore, doing: Doing) -> str:
    """Shown again."""
    view = doing.view(act.person)
    if view.kind != IGNORED:
        raise ActError(f"{view.called} is not ignored")
    doing.journal.update(doing.row(act.person), kind=PERSON)
    doing.follow_up.add(LINK)
    return f"voice {act.person} is shown again"


def recording_called(text: str, doing: Doing) -> int:
    """The recording of this path, or of a file of it, or of this number. Raises `ActError`."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        row = doing.session.get(RecordingRow, int(text))
        if row is not None:
            return row.id
    paths = [path_to_text(text_to_path(text)), path_to_text(named(text_to_path(text)))]
    found = doing.session.scalar(select(RecordingRow.id).where(RecordingRow.path.in_(paths)).limit(1))
    found = found or doing.session.scalar(select(FileRow.recording_id).where(FileRow.path.in_(paths)).limit(1))
    if found is None:
        raise ActError("is not in the database", path=text, hint="`voicemark scan` adds it")
    return found
