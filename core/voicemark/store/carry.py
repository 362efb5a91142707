"""Whose the local speakers of a recording are, when it is cut anew: carried over by time, not by what they sound like.

A local speaker of the new cut is whoever it shares most of its time with in the old one; so are the changes by which
acts can be undone. What a person said is placed from the statements themselves besides, so that it holds also where
nothing was kept of the recording.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.orm import Session

from voicemark.result import SpeakerTurn
from voicemark.store.schema import TurnRow
from voicemark.store.schema_acts import ActChangeRow
from voicemark.store.schema_people import BY_PERSON, CannotLinkRow, MembershipRow
from voicemark.store.statements import said_of, speakers_in

MOST = 0.5
"""So much of a new local speaker's time must be one old one's."""
CARRIED: tuple[Table, ...] = tuple(row.__table__ for row in (MembershipRow, CannotLinkRow, ActChangeRow))  # type: ignore[misc]


@dataclass(frozen=True)
class Placed:
    """Whose the local speakers of a recording were."""

    turns: Sequence[SpeakerTurn]
    rows: Mapping[str, Sequence[dict[str, Any]]]
    """Of each table that is carried."""


def take_out(session: Session, recording_id: int) -> Placed:
    """Whose they are, before the recording is cut anew; taken out of the tables."""
    rows = {}
    for table in CARRIED:
        mine = table.c.recording_id == recording_id
        found = session.execute(select(table).where(mine, table.c.number.is_not(None))).mappings()
        rows[table.name] = [dict(row) for row in found]
        if rows[table.name]:
            session.execute(delete(table).where(mine, table.c.number.is_not(None)))
    return Placed(turns_of(session, recording_id) if any(rows.values()) else (), rows)


def put_back(session: Session, recording_id: int, placed: Placed, turns: Sequence[SpeakerTurn]) -> None:
    """Whose the local speakers of the new cut are, by time."""
    if not any(placed.rows.values()):
        return
    new_of: dict[int, list[int]] = {}
    for new, old in same_speakers(placed.turns, turns).items():
        new_of.setdefault(old, []).append(new)
    for table in CARRIED:
        rows = [row | {"number": new} for row in placed.rows[table.name] for new in new_of.get(row["number"], ())]
        if table.name == ActChangeRow.__tablename__:
            _count_anew(session, rows)
        if rows:
            session.execute(insert(table), rows)


def place_said(session: Session, recording_id: int, content: str) -> None:
    """Place local speakers as a person said of them, by content and time; what was said later counts."""
    said = [one for one in said_of(session, content) if one.speaker]
    turns = turns_of(session, recording_id) if said else ()
    for one in said:
        for number in speakers_in(turns, one.spans):
            here = {"recording_id": recording_id, "number": number}
            membership = session.get(MembershipRow, (recording_id, number))
            cannot = session.get(CannotLinkRow, (recording_id, number, one.person))
            if one.is_so:
                session.merge(MembershipRow(**here, person_id=one.person, placed_by=BY_PERSON, score=None))
                if cannot is not None:
                    session.delete(cannot)
            else:
                session.merge(CannotLinkRow(**here, person_id=one.person))
                if membership is not None and membership.person_id == one.person:
                    session.delete(membership)
            session.flush()


def turns_of(session: Session, recording_id: int) -> list[SpeakerTurn]:
    """Everybody's turns in a recording, by start."""
    rows = session.execute(
        select(TurnRow.start_s, TurnRow.end_s, TurnRow.local_speaker)
        .where(TurnRow.recording_id == recording_id)
        .order_by(TurnRow.number)
    )
    return [SpeakerTurn(*row) for row in rows]


def same_speakers(old: Sequence[SpeakerTurn], new: Sequence[SpeakerTurn]) -> dict[int, int]:
    """For each local speaker of `new` turns the one of `old` turns who spoke for most of that time; both by start.

    Who shares less than `MOST` of it with any one of them is in none.
    """
    shared = overlaps(old, new)
    seconds: dict[int, float] = {}
    for turn in new:
        seconds[turn.local_speaker] = seconds.get(turn.local_speaker, 0.0) + turn.end_s - turn.start_s
    best: dict[int, int] = {}
    for (one, other), both in sorted(shared.items()):
        if both >= MOST * seconds[one] and both > shared.get((one, best.get(one, -1)), 0.0):
            best[one] = other
    return best


def overlaps(old: Sequence[SpeakerTurn], new: Sequence[SpeakerTurn]) -> dict[tuple[int, int], float]:
    """For how many seconds each speaker of `new` turns and each of `old` turns, all by start, speak at once."""
    shared: dict[tuple[int, int], float] = {}
    first = 0
    for turn in new:
        while first < len(old) and old[first].end_s <= turn.start_s:
            first += 1
        for other in _until(old, first, turn.end_s):
            both = min(turn.end_s, other.end_s) - max(turn.start_s, other.start_s)
            if both > 0:
                key = (turn.local_speaker, other.local_speaker)
                shared[key] = shared.get(key, 0.0) + both
    return shared


def _until(turns: Sequence[SpeakerTurn], first: int, end_s: float) -> Iterable[SpeakerTurn]:
    while first < len(turns) and turns[first].start_s < end_s:
        yield turns[first]
        first += 1


def _count_anew(session: Session, rows: list[dict[str, Any]]) -> None:
    """A change that is two now, as its speaker is, needs a number of its own."""
    taken: set[tuple[int, int]] = set()
    for row in rows:
        if (row["act_id"], row["ordinal"]) in taken:
            last = session.scalar(select(func.max(ActChangeRow.ordinal)).where(ActChangeRow.act_id == row["act_id"]))
            others = [ordinal for act, ordinal in taken if act == row["act_id"]]
            row["ordinal"] = max([last or 0, *others]) + 1
        taken.add((row["act_id"], row["ordinal"]))
