"""What is to be done and cannot be done at present: written down, so that `voicemark status` tells it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.store.schema import WaitingRow

QUEUE, CONFIGURATION, ERASURE = "the queue", "the new configuration", "the erasure"
VOICE, WATCHING = "voice ", "watching "
"""Before a name, and before a folder."""


@dataclass(frozen=True)
class Waiting:
    """`subject` waits since then, and why."""

    subject: str
    reason: str
    since: datetime


def read_waiting(session: Session) -> list[Waiting]:
    """All that waits, what has waited longest first."""
    rows = session.scalars(select(WaitingRow).order_by(WaitingRow.since, WaitingRow.subject))
    return [Waiting(row.subject, row.reason, row.since) for row in rows]


def note_waiting(session: Session, subject: str, reason: str | None) -> None:
    """`subject` waits because of `reason`; None: it does not wait any more."""
    row = session.get(WaitingRow, subject)
    if reason is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(WaitingRow(subject=subject, reason=reason, since=datetime.now(UTC)))
    else:
        row.reason = reason


def clear_waiting(session: Session, prefix: str) -> None:
    """Nothing whose subject begins so waits any more."""
    session.execute(delete(WaitingRow).where(WaitingRow.subject.startswith(prefix, autoescape=True)))
