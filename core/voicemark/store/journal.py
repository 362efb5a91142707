"""Rows that an act changes, each written down as it was and as it is: so the act can be undone exactly.

Of a row that was changed only the columns that were count: what somebody else changed in it since stays. A row that is
no longer as the act left it belongs to what came later, which has to be undone first.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from voicemark.errors import VoicemarkError
from voicemark.store.schema import MemoryRow, VoiceRow
from voicemark.store.schema_acts import ActChangeRow, AskedRow, StatementRow
from voicemark.store.schema_base import Base, UtcDateTime
from voicemark.store.schema_people import CannotLinkRow, MembershipRow, PersonRow

TABLES: Mapping[str, type[Base]] = {
    kind.__tablename__: kind
    for kind in (PersonRow, MembershipRow, CannotLinkRow, StatementRow, AskedRow, VoiceRow, MemoryRow)
}
"""What acts may change."""
OF_LOCAL_SPEAKERS = frozenset({MembershipRow.__tablename__, CannotLinkRow.__tablename__})
"""Rows about a local speaker, whose number changes when the recording is cut anew: changes of them are carried too."""

Values = dict[str, Any]


class ChangedSinceError(VoicemarkError):
    """What an act changed is no longer as the act left it."""


class Journal:
    """Changes rows for one act and writes down how."""

    def __init__(self, session: Session, act_id: int) -> None:
        self.act_id = act_id
        self._session, self._ordinal = session, 0

    def insert(self, row: Base) -> None:
        """A row that there was not."""
        self._session.add(row)
        self._session.flush()
        self._note(row, None, _values(row))

    def update(self, row: Base, **values: Any) -> None:
        """Other values in some columns; no change is no change."""
        before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
        if before:
            self._note(row, before, {name: values[name] for name in before})  # with its key of before
            for name in before:
                setattr(row, name, values[name])
            self._session.flush()

    def delete(self, row: Base) -> None:
        """A row that is no more. What the database deletes with it is to be deleted here before, or is lost."""
        self._note(row, _values(row), None)
        self._session.delete(row)
        self._session.flush()

    def _note(self, row: Base, before: Values | None, after: Values | None) -> None:
        key = {column.name: getattr(row, column.name) for column in inspect(type(row)).primary_key}
        carried = row.__tablename__ in OF_LOCAL_SPEAKERS
        self._session.add(
            ActChangeRow(
                act_id=self.act_id,
                ordinal=self._ordinal,
                subject=row.__tablename__,
                recording_id=key.pop("recording_id") if carried else None,
                number=key.pop("number") if carried else None,
                key=_written(key),
                before=None if before is None else _written(before),
                after=None if after is None else _written(after),
            )
        )
        self._session.flush()
        self._ordinal += 1


def undo_changes(session: Session, act_id: int) -> None:
    """Bring back every row that the act changed. Raises `ChangedSinceError`; the transaction is to be left then."""
    mine = select(ActChangeRow).where(ActChangeRow.act_id == act_id).order_by(ActChangeRow.ordinal.desc())
    for change in session.scalars(mine).all():
        try:
            _undo(session, change)
            session.flush()
        except IntegrityError as error:
            raise ChangedSinceError(f"what it refers to is there no more ({change.subject})") from error


def _undo(session: Session, change: ActChangeRow) -> None:
    kind = TABLES[change.subject]
    key = _read(kind, change.key)
    if change.subject in OF_LOCAL_SPEAKERS:
        key |= {"recording_id": change.recording_id, "number": change.number}
    row = session.get(kind, tuple(key[column.name] for column in inspect(kind).primary_key))
    before = None if change.before is None else _read(kind, change.before)
    after = None if change.after is None else _read(kind, change.after)
    if row is None:
        if before is not None and after is None:
            session.add(kind(**before | key))
        elif change.subject not in OF_LOCAL_SPEAKERS:  # These go with what they are about, and with nothing to say.
            raise ChangedSinceError(f"what it changed is there no more ({change.subject})")
        return
    if after is None and before is not None:  # Somebody else put one there since; a person comes first.
        after = {}
    if any(getattr(row, name) != value for name, value in (after or {}).items() if name not in key):
        raise ChangedSinceError(f"what it changed was changed again since ({change.subject})")
    if before is None:
        session.delete(row)
    else:
        for name, value in before.items():
            if name not in key:
                setattr(row, name, value)


def _values(row: Base) -> Values:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _written(values: Values) -> str:
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _read(kind: type[Base], text: str) -> Values:
    columns = kind.__table__.columns
    return {name: _of_type(columns[name].type, value) for name, value in json.loads(text).items()}


def _of_type(kind: TypeEngine[Any], value: Any) -> Any:
    if value is not None and isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if value is not None and isinstance(kind, UtcDateTime) else value
