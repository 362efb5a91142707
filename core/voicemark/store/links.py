"""What people are found from across recordings, and what came of it: read whole, written in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from voicemark.store.schema import RecordingRow
from voicemark.store.schema_people import BY_MACHINE, CannotLinkRow, LinkedRow, PersonRow

NOBODY = -1

_SPEAKERS = """
SELECT s.recording_id, s.number, s.seconds, s.embedding, m.person_id, m.placed_by, l.recording_id
  FROM recordings r JOIN local_speakers s ON s.recording_id = r.id
  LEFT JOIN memberships m ON m.recording_id = s.recording_id AND m.number = s.number
  LEFT JOIN linked l ON l.recording_id = s.recording_id
 WHERE r.model_id = ? ORDER BY s.recording_id, s.number
"""
_BEGINS = """
SELECT t.recording_id, t.local_speaker,
       min(t.start_s) - coalesce((SELECT max(p.start_s) FROM recording_programmes p
                                   WHERE p.recording_id = t.recording_id AND p.start_s <= t.start_s), 0)
  FROM turns t GROUP BY t.recording_id, t.local_speaker
"""
_UNLINKED = """
SELECT 1 FROM recordings r LEFT JOIN linked l ON l.recording_id = r.id
 WHERE r.model_id = ? AND l.recording_id IS NULL LIMIT 1
"""


@dataclass(frozen=True)
class Linkable:
    """All local speakers that are kept under one model, n of them, and whose they are."""

    recordings: NDArray[np.int64]
    """(n,) ids"""
    numbers: NDArray[np.int64]
    """(n,) within the recording"""
    seconds: NDArray[np.float64]
    directions: NDArray[np.int8]
    """(n, d)"""
    persons: NDArray[np.int64]
    """(n,) `NOBODY` where it is nobody's"""
    fixed: NDArray[np.bool_]
    """(n,) placed by anybody but the linking, or with somebody whom a person made, or took somebody out of"""
    fresh: NDArray[np.bool_]
    """(n,) of a recording whose people were not looked for yet"""
    kinds: Mapping[int, str]
    apart: frozenset[tuple[int, int]]
    """Which of them (by place) is not which person."""

    def __len__(self) -> int:
        return len(self.recordings)

    def same_as(self, other: "Linkable") -> bool:
        """Whether nothing has changed between two readings."""
        pairs = (
            (self.recordings, other.recordings), (self.numbers, other.numbers), (self.persons, other.persons),
            (self.fixed, other.fixed), (self.fresh, other.fresh), (self.directions, other.directions),
        )  # fmt: skip
        return all(np.array_equal(*pair) for pair in pairs) and (self.kinds, self.apart) == (other.kinds, other.apart)


def is_any_unlinked(session: Session, model_id: str) -> bool:
    """Whether there is a recording in which nobody was looked for yet."""
    return session.connection().exec_driver_sql(_UNLINKED, (model_id,)).first() is not None


def read_linkable(session: Session, model_id: str) -> Linkable:
    """Everything that is linked, with whom it may be linked."""
    rows = session.connection().exec_driver_sql(_SPEAKERS, (model_id,)).all()
    dim = len(rows[0][3]) if rows else 0
    rows = [row for row in rows if len(row[3]) == dim and any(row[3])]  # zeros were forgotten
    columns = list(zip(*rows, strict=True)) or [()] * 7
    recordings, numbers = np.array(columns[0], np.int64), np.array(columns[1], np.int64)
    place = {key: k for k, key in enumerate(zip(columns[0], columns[1], strict=True))}
    links = session.execute(select(CannotLinkRow.recording_id, CannotLinkRow.number, CannotLinkRow.person_id)).all()
    people = session.execute(select(PersonRow.id, PersonRow.kind, PersonRow.by)).all()
    said = {row.id for row in people if row.by != BY_MACHINE} | {row.person_id for row in links}
    return Linkable(
        recordings,
        numbers,
        np.array(columns[2], np.float64),
        np.frombuffer(b"".join(columns[3]), np.int8).reshape(len(rows), dim),
        np.array([NOBODY if person is None else person for person in columns[4]], np.int64),
        np.array(
            [who is not None and (by != BY_MACHINE or who in said) for who, by in zip(*columns[4:6], strict=True)],
            np.bool_,
        ),
        np.array([linked is None for linked in columns[6]], np.bool_),
        {row.id: row.kind for row in people},
        frozenset((place[r, n], person) for r, n, person in links if (r, n) in place),
    )


def when_begun(session: Session, linkable: Linkable) -> NDArray[np.float64]:
    """(n,): when each is first heard, after the last programme, or else the recording, began."""
    rows = session.connection().exec_driver_sql(_BEGINS).all()
    begun = {(row[0], row[1]): float(row[2]) for row in rows}
    keys = zip(linkable.recordings.tolist(), linkable.numbers.tolist(), strict=True)
    return np.array([begun.get(key, 0.0) for key in keys], np.float64)


def write_links(
    session: Session,
    linkable: Linkable,
    persons: NDArray[np.int64],
    scores: NDArray[np.float32],
    made: Mapping[int, str],
    model_id: str,
    now: datetime,
) -> None:
    """Make `persons` (n,) whose they are, but where it is not the linking's to say. `made`: kinds of new persons, who
    have numbers below `NOBODY` in `persons` and are given their own here. All recordings of the model count as linked.
    """
    numbers: dict[int, int] = {}
    for placeholder, kind in made.items():
        row = PersonRow(kind=kind, voice_id=None, by=BY_MACHINE, created_at=now)
        session.add(row)
        session.flush()
        numbers[placeholder] = row.id
    changed = np.flatnonzero((persons != linkable.persons) & ~linkable.fixed)
    keys = [(int(linkable.recordings[k]), int(linkable.numbers[k])) for k in changed]
    connection = session.connection()
    if keys:
        connection.exec_driver_sql("DELETE FROM memberships WHERE recording_id = ? AND number = ?", keys)
    rows = [
        (*key, numbers.get(int(persons[k]), int(persons[k])), BY_MACHINE, float(scores[k]))
        for key, k in zip(keys, changed.tolist(), strict=True)
        if persons[k] != NOBODY
    ]
    if rows:
        connection.exec_driver_sql(
            "INSERT INTO memberships (recording_id, number, person_id, placed_by, score) VALUES (?, ?, ?, ?, ?)", rows
        )
    unlinked = select(RecordingRow.id).where(
        RecordingRow.model_id == model_id, RecordingRow.id.not_in(select(LinkedRow.recording_id))
    )
    session.execute(insert(LinkedRow).from_select(["recording_id"], unlinked))
