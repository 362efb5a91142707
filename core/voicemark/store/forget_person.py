"""What was derived from a person beside memory and markers: group, local speakers, what was said, acts that tell of it.

An act that tells of somebody who is forgotten is gone from the log with all that it kept for its undo, also where it is
about somebody else too: that can be done again, while what was to be erased would still be there.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.store.schema import VoiceRow
from voicemark.store.schema_acts import ActChangeRow, ActRow, StatementRow
from voicemark.store.schema_people import PersonRow
from voicemark.store.statements import renew_said

PERSON_KEYS = frozenset({"person", "into", "other", "person_id", "other_id"})
NAME_KEYS = frozenset({"name", "is_name", "not_name"})


def forget_person(session: Session, person: int | None, voice: int | None, name: str | None) -> tuple[int, int]:
    """Erase the person, and all acts that tell of it by number, voice or name; how many answers and acts that was.

    Its voice, memories and markers are the caller's to erase.
    """
    contents = session.scalars(select(StatementRow.content).where(StatementRow.person_id == person)).all()
    acts = set(_acts_about(session, person, voice, name))
    for act in acts:
        session.execute(delete(ActRow).where(ActRow.id == act))
    session.execute(delete(PersonRow).where(PersonRow.id == person))
    session.flush()
    renew_said(session, contents)
    return len(contents), len(acts)


def _acts_about(session: Session, person: int | None, voice: int | None, name: str | None) -> Iterator[int]:
    word = None if name is None else re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for number, what, message in session.execute(select(ActRow.id, ActRow.what, ActRow.message)):
        if _tells(json.loads(what), person, name) or (word is not None and word.search(message)):
            yield number
    changes = select(
        ActChangeRow.act_id, ActChangeRow.subject, ActChangeRow.key, ActChangeRow.before, ActChangeRow.after
    )
    itself = {PersonRow.__tablename__: person, VoiceRow.__tablename__: voice}
    for number, subject, key, *changed in session.execute(changes):
        values = [json.loads(text) for text in (key, *changed) if text is not None]
        is_it = itself.get(subject) is not None and values[0].get("id") == itself[subject]
        of_voice = voice is not None and any(one.get("voice_id") == voice for one in values)
        if is_it or of_voice or any(_tells(one, person, name) for one in values):
            yield number


def _tells(values: dict[str, Any], person: int | None, name: str | None) -> bool:
    if person is not None and any(values.get(key) == person for key in PERSON_KEYS):
        return True
    if name is not None and any(values.get(key) == name for key in NAME_KEYS):
        return True
    return str(person) in str(values.get("question", "")).split(":")
