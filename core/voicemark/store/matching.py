"""What spares work when recordings are matched anew: what normalisation takes, what earlier matches were made with."""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from voicemark.result import Taken
from voicemark.store.schema import MatchingRow, NormalisationRow, RecordingRow

KEEP = "INSERT OR REPLACE INTO normalisations (recording_id, cohort, turns, taken) VALUES (?, ?, ?, ?)"
"""To SQLite itself: an archive's take ten times as long as statements of their own."""


def keep_taken(session: Session, recording_id: int, turns: bytes, taken: Taken | None) -> None:
    """Keep what belongs to these packed `turns` in place of what was kept; None: nothing is known."""
    if taken is None:
        session.execute(delete(NormalisationRow).where(NormalisationRow.recording_id == recording_id))
    else:
        keep_all_taken(session, {recording_id: (turns, taken)})


def keep_all_taken(session: Session, taken: Mapping[int, tuple[bytes, Taken]]) -> None:
    """Of many recordings what belongs to their packed turns, with one statement."""
    rows = [
        (recording_id, one.cohort, zlib.crc32(turns), one.values.astype("<f4").tobytes())
        for recording_id, (turns, one) in taken.items()
    ]
    if rows:
        session.flush()
        session.connection().exec_driver_sql(KEEP, rows)


def read_taken(turns: bytes | None, cohort: str | None, crc: int | None, values: bytes | None) -> Taken | None:
    """From the columns of a row, where there is one; None unless it belongs to these packed `turns`."""
    if turns is None or cohort is None or values is None or len(values) % 4 or zlib.crc32(turns) != crc:
        return None
    return Taken(cohort, np.frombuffer(values, "<f4").astype(np.float32))


def remember_matching(session: Session, key: str, parts: Sequence[str]) -> None:
    """Write down what `key` stands for, where that is known and not written yet."""
    if parts:
        session.execute(insert(MatchingRow).values(key=key, parts=" ".join(parts)).on_conflict_do_nothing())


def remembered_matchings(session: Session) -> dict[str, tuple[str, ...]]:
    """What is known of earlier matches, by their key."""
    rows = session.execute(select(MatchingRow.key, MatchingRow.parts))
    return {key: tuple(parts.split(" ")) for key, parts in rows}


def forget_matchings(session: Session, but: str | None = None) -> None:
    """Drop what no recording was matched with any more, `but` for one key."""
    key = RecordingRow.match_key
    without_said = func.substr(key, 1, func.instr(key + "+", "+") - 1)  # see `voicemark.store.archive.set_match_key`
    used = select(without_said).where(key.is_not(None)).distinct()
    session.execute(delete(MatchingRow).where(MatchingRow.key.not_in(used), MatchingRow.key.is_not(but)))
