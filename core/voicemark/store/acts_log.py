"""What was done by people, as the log of acts has it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.store.schema_acts import ActRow


@dataclass(frozen=True)
class LoggedAct:
    """One act."""

    number: int
    kind: str
    """`name`, `merge`, …: see `voicemark.actions.acts`."""
    at: datetime
    by: str
    message: str
    undone: bool


def latest_acts(session: Session, at_most: int) -> list[LoggedAct]:
    """The last acts, the latest first. Does not write to the database."""
    return list(_logged(session.scalars(select(ActRow).order_by(ActRow.id.desc()).limit(at_most))))


def act_of(session: Session, number: int) -> LoggedAct | None:
    """The act of this number; None where there is none."""
    row = session.get(ActRow, number) if 0 < number < 1 << 63 else None
    return None if row is None else next(iter(_logged([row])))


def _logged(rows: Iterable[ActRow]) -> Iterable[LoggedAct]:
    for row in rows:
        yield LoggedAct(
            row.id, str(json.loads(row.what).get("act", "")), row.at, row.by, row.message, row.undone_at is not None
        )
