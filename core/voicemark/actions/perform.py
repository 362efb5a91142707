"""An act is done: one transaction, a row in the log, and by it an undo that restores exactly what was.

Nothing is heard or matched here, and no network is loaded: what follows (`Done.follow_up`) is the service's to do, or
that of the command where no service runs (`voicemark.actions.follow`).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from voicemark.actions.acts import Act, ActError, Answer, Correct, Ignore, Merge, Name, Retry, Split, Undo, Unignore
from voicemark.actions.doing import LINK, MATCH, QUEUE, VOICES, Doing
from voicemark.actions.perform_answers import answer, correct
from voicemark.actions.perform_people import ignore, merge, name, recording_called, split, unignore
from voicemark.config import Config
from voicemark.store.database import Database
from voicemark.store.jobs import Jobs
from voicemark.store.journal import ChangedSinceError, Journal, undo_changes
from voicemark.store.paths import text_to_path
from voicemark.store.schema import RecordingRow
from voicemark.store.schema_acts import ActChangeRow, ActRow, StatementRow
from voicemark.store.schema_people import PersonRow
from voicemark.store.statements import renew_said


@dataclass(frozen=True)
class Done:
    """An act that was done."""

    act_id: int | None
    """Its number in the log; None of one that is not kept there, as it says nothing of people."""
    message: str
    """What became of it, in words."""
    follow_up: frozenset[str] = frozenset()
    """What is to be done now: see `voicemark.actions.doing`."""


def perform(database: Database, config: Config, act: Act, by: str) -> Done:
    """Do what `by`, a user, asks for. All of it is done, or nothing.

    Raises `ActError` for what cannot be, `NeedsConfirmationError` where it must be confirmed, and `DatabaseError`.
    """
    if isinstance(act, Retry):
        return _retry(database, config, act)
    with database.writing() as session:
        if isinstance(act, Undo):
            return _undo(session, act)
        row = ActRow(at=datetime.now(UTC), by=by, what=act.model_dump_json(), message="")
        session.add(row)
        session.flush()
        doing = Doing(session, config, Journal(session, row.id))
        row.message = _do(act, doing)
        renew_said(session, doing.contents)
        return Done(row.id, row.message, frozenset(doing.follow_up))


def _do(act: Act, doing: Doing) -> str:
    match act:
        case Name():
            return name(act, doing)
        case Merge():
            return merge(act, doing)
        case Split():
            return split(act, doing)
        case Ignore():
            return ignore(act, doing)
        case Unignore():
            return unignore(act, doing)
        case Correct():
            return correct(act, doing)
        case Answer():
            return answer(act, doing)
    raise TypeError(f"{act!r} is no act on people")


def _undo(session: Session, act: Undo) -> Done:
    standing = ActRow.undone_at.is_(None)
    number = act.number or session.scalar(select(func.max(ActRow.id)).where(standing))
    if number is None:
        raise ActError("nothing was done that could be undone")
    row = session.get(ActRow, number)
    if row is None:
        raise ActError(f"there is no act {number}", hint="`voicemark people log` lists them")
    if row.undone_at is not None:
        raise ActError(f"act {number} is undone already")
    contents = _contents_of(session, number)
    try:
        undo_changes(session, number)
    except ChangedSinceError as error:
        later = session.scalars(select(ActRow.id).where(ActRow.id > number, standing).order_by(ActRow.id)).all()
        raise ActError(
            f"act {number} cannot be undone: {error.what}",
            hint=f"undo what was done later first: {', '.join(map(str, later[-5:]))}" if later else None,
        ) from error
    contents |= _contents_of(session, number)
    row.undone_at = datetime.now(UTC)
    renew_said(session, contents)
    return Done(number, f"undone: {row.message}", frozenset({VOICES, MATCH, LINK}))


def _contents_of(session: Session, act_id: int) -> set[str]:
    """Of which an act says something, or may say it otherwise by the persons that it changes."""
    changed = session.execute(
        select(ActChangeRow.subject, ActChangeRow.key)
        .where(ActChangeRow.act_id == act_id)
        .where(ActChangeRow.subject.in_((PersonRow.__tablename__, StatementRow.__tablename__)))
    ).all()
    numbers: dict[str, list[int]] = {PersonRow.__tablename__: [], StatementRow.__tablename__: []}
    for subject, key in changed:
        numbers[subject].append(json.loads(key)["id"])
    about = or_(
        StatementRow.id.in_(numbers[StatementRow.__tablename__]),
        StatementRow.person_id.in_(numbers[PersonRow.__tablename__]),
    )
    return set(session.scalars(select(StatementRow.content).where(about).distinct()))


def _retry(database: Database, config: Config, act: Retry) -> Done:
    with database.reading() as session:
        number = recording_called(act.recording, Doing(session, config, Journal(session, 0)))
        path: Path = text_to_path(session.get_one(RecordingRow, number).path)
    if not Jobs(database).retry(path):
        raise ActError("is not set aside and not waiting to be tried again", path=path)
    return Done(None, f"{path}: ready", frozenset({QUEUE}))
