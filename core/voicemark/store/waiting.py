"""What is to be done and cannot be done at present: written down, so that `voicemark status` tells it."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from voicemark.store.moments import kept, moment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

QUEUE, CONFIGURATION, ERASURE = "the queue", "the new configuration", "the erasure"
VOICE, WATCHING = "voice ", "watching "
"""Before a name, and before a folder."""


@dataclass(frozen=True)
class Waiting:
    """`subject` waits since then, and why."""

    subject: str
    reason: str
    since: datetime


def read_waiting(connection: sqlite3.Connection) -> list[Waiting]:
    """All that waits, what has waited longest first."""
    rows = connection.execute("SELECT subject, reason, since FROM waiting ORDER BY since, subject")
    return [Waiting(subject, reason, moment(since)) for subject, reason, since in rows]


def note_waiting(session: "Session", subject: str, reason: str | None) -> None:
    """`subject` waits because of `reason`; None: it does not wait any more."""
    connection = session.connection()
    if reason is None:
        connection.exec_driver_sql("DELETE FROM waiting WHERE subject = ?", (subject,))
    else:
        connection.exec_driver_sql(
            "INSERT INTO waiting (subject, reason, since) VALUES (?, ?, ?) "
            "ON CONFLICT (subject) DO UPDATE SET reason = excluded.reason",
            (subject, reason, kept(datetime.now(UTC))),
        )


def clear_waiting(session: "Session", prefix: str) -> None:
    """Nothing whose subject begins so waits any more."""
    session.connection().exec_driver_sql(
        "DELETE FROM waiting WHERE substr(subject, 1, length(?)) = ?", (prefix, prefix)
    )
