"""Who is unknown for too long is forgotten: groups without a name, and what local speakers of nobody sound like.

Of a recording that was heard long ago, local speakers who are nobody's, or of a person without a name, lose the
direction of their voice, by which they could be compared with others; whose they are is forgotten. Turns stay: they say
that somebody speaks, not who. What a person placed, named or ignored stays.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.store.forget_person import forget_person
from voicemark.store.schema_base import UtcDateTime
from voicemark.store.schema_people import BY_MACHINE, IGNORED, MembershipRow, PersonRow

_UNKNOWN = """
  FROM local_speakers AS s JOIN recordings AS r ON r.id = s.recording_id
  LEFT JOIN memberships AS m ON m.recording_id = s.recording_id AND m.number = s.number
  LEFT JOIN persons AS p ON p.id = m.person_id
 WHERE r.scanned_at < :before AND s.embedding <> zeroblob(length(s.embedding))
   AND (p.id IS NULL OR (m.placed_by = :machine AND p.voice_id IS NULL AND p.kind <> :ignored))
"""


def is_any_unknown(session: Session, before: datetime) -> bool:
    """Whether anybody unknown is kept of recordings that were heard `before`."""
    return session.connection().exec_driver_sql(f"SELECT 1 {_UNKNOWN} LIMIT 1", _values(before)).first() is not None


def forget_unknown(session: Session, before: datetime) -> int:
    """Forget them; how many local speakers that were. People without a name of whom nothing is left go with them."""
    connection = session.connection()
    rows = connection.exec_driver_sql(f"SELECT s.recording_id, s.number {_UNKNOWN}", _values(before)).all()
    if not rows:
        return 0
    keys = [tuple(row) for row in rows]
    connection.exec_driver_sql("DELETE FROM memberships WHERE recording_id = ? AND number = ?", keys)
    connection.exec_driver_sql(
        "UPDATE local_speakers SET embedding = zeroblob(length(embedding)) WHERE recording_id = ? AND number = ?", keys
    )
    empty = select(PersonRow.id).where(
        PersonRow.by == BY_MACHINE,
        PersonRow.voice_id.is_(None),
        PersonRow.kind != IGNORED,
        PersonRow.id.not_in(select(MembershipRow.person_id)),
    )
    for person in session.scalars(empty).all():
        forget_person(session, person, None, None)
    return len(keys)


def _values(before: datetime) -> dict[str, object]:
    moment = UtcDateTime().process_bind_param(before, None)  # type: ignore[arg-type]
    return {"before": str(moment), "machine": BY_MACHINE, "ignored": IGNORED}
