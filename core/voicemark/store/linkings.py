"""How the linking of people stood when it was last done: what had been said by then, and when all were linked anew."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.store.acts import state_of_acts
from voicemark.store.schema import AboutRow
from voicemark.store.schema_people import LinkedRow

_KEY = "linking"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Linking:
    """The last one."""

    said: str = ""
    """What had been said of people, and the voices, in whatever words."""
    anew_at: datetime = LONG_AGO
    """When everybody was last linked anew …"""
    recordings: int = 0
    """… in so many recordings …"""
    rules: int = 0
    """… by which rules."""


def said_by_now(session: Session) -> str:
    """Differs when something was said of people, undone or erased since."""
    count, last, undone = state_of_acts(session)
    return f"{count} {last} {undone.isoformat() if undone else '-'}"


def linked_recordings(session: Session) -> int:
    """In how many recordings people were looked for."""
    return session.scalars(select(func.count()).select_from(LinkedRow)).one()


def last_linking(session: Session) -> Linking:
    """What was kept of it; where that cannot be read, or nothing is, as if nobody was ever linked."""
    row = session.get(AboutRow, _KEY)
    try:
        told = json.loads(row.value) if row else {}
        at = datetime.fromisoformat(told["anew_at"]).astimezone(UTC)
        return Linking(str(told["said"]), at, int(told["recordings"]), int(told["rules"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return Linking()


def keep_linking(session: Session, said: str, anew: datetime | None, rules: int) -> None:
    """After what came of it was written. `anew`: when, if everybody was linked anew."""
    last = replace(last_linking(session), said=said)
    if anew is not None:
        last = Linking(said, anew, linked_recordings(session), rules)
    told = {"said": last.said, "anew_at": last.anew_at.isoformat(), "recordings": last.recordings, "rules": last.rules}
    session.merge(AboutRow(key=_KEY, value=json.dumps(told)))
