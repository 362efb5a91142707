"""The log of what was said of people, as a whole: has something been said since?"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.store.schema_acts import ActRow

StateOfActs = tuple[int, int, datetime | None]
NOTHING_SAID: StateOfActs = (0, 0, None)


def state_of_acts(session: Session) -> StateOfActs:
    """Differs when something was done, undone or erased: how many acts there are, the last one, when one was undone."""
    count, last, undone = session.execute(
        select(func.count(), func.coalesce(func.max(ActRow.id), 0), func.max(ActRow.undone_at))
    ).one()
    return count, last, undone
