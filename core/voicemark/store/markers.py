"""Where voices are heard: the one place that writes the markers of a recording, and links them to what was on air.

People call a marker by its number. So one that is the same after a match keeps its row, and no number is used again
for another (the table counts on, whatever is deleted).
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from voicemark.result import Marker
from voicemark.store.schema import MarkerRow, RecordingProgrammeRow, RecordingRow, VoiceRow
from voicemark.store.schema_people import BY_PERSON, PERSON, PersonRow

DECIMALS = 2
"""Hundredths of a second are kept of a marker's ends, as they are shown: what is shown can be looked up in an index."""
PRESENT = """
SELECT recording_id, voice_id, start_s, end_s, id, programme_id, score FROM markers
 WHERE recording_id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
GONE = "DELETE FROM markers WHERE id IN (SELECT value FROM json_each(?))"
CHANGED = "UPDATE markers SET programme_id = ?, score = ? WHERE id = ?"
INSERT = "INSERT INTO markers (recording_id, voice_id, start_s, end_s, programme_id, score) VALUES (?, ?, ?, ?, ?, ?)"
"""To SQLite itself: an archive's markers take ten times as long row by row as objects."""
NO_SUMS = "DELETE FROM voice_sums WHERE recording_id IN (SELECT value FROM json_each(?))"
SUMS = """
INSERT INTO voice_sums (voice_id, recording_id, markers, hundredths, least_score)
SELECT voice_id, recording_id, count(*), sum(CAST(round((end_s - start_s) * 100) AS INTEGER)), min(score)
  FROM markers WHERE recording_id IN (SELECT value FROM json_each(?)) GROUP BY voice_id, recording_id
"""
COUNT = "SELECT coalesce(sum(markers), 0) FROM voice_sums WHERE recording_id IN (SELECT value FROM json_each(?))"
_Place = tuple[int, int, float, float]
"""Recording, voice, start, end: by these a marker is the same."""
_Told = tuple[int | None, float]
"""Its programme and score, which may change."""


def voice_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The id of every voice of `names`; voices that the database does not know yet are added, each as a person."""
    ids = dict(session.execute(select(VoiceRow.name, VoiceRow.id)).all())
    for name in names:
        if name not in ids:
            now = datetime.now(UTC)
            person = PersonRow(kind=PERSON, by=BY_PERSON, created_at=now)
            session.add(person)
            session.flush()
            # Numbers of persons are never used twice, so neither are those of voices.
            number = person.id if person.id not in ids.values() else max(ids.values()) + 1
            session.add(VoiceRow(id=number, name=name, enrolled_at=now))
            session.flush()
            person.voice_id = ids[name] = number
    return ids


def known_voice_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """The id of those voices of `names` that there are: one that is not there was forgotten since it was enrolled, and
    what was heard of it meanwhile is left out."""
    ids = dict(session.execute(select(VoiceRow.name, VoiceRow.id)).all())
    return {name: ids[name] for name in names if name in ids}


def write_markers(
    session: Session, recording_id: int, markers: Sequence[Marker], match_key: str | None, voices: Mapping[str, int]
) -> None:
    """Make `markers` the recording's markers, in place of those it had, and note what they were matched with.

    `voices` is what `voice_ids` or `known_voice_ids` gave in the same transaction; markers of others are left out. The
    recording's programmes must have been written before: a marker belongs to the one on air where it starts.
    """
    replace_markers(session, {recording_id: markers}, match_key, voices)


def replace_markers(
    session: Session, markers: Mapping[int, Sequence[Marker]], match_key: str | None, voices: Mapping[str, int]
) -> int:
    """As `write_markers`, of many recordings with a few statements; only what differs is written. How many markers
    these recordings have now."""
    ids = list(markers)
    session.execute(update(RecordingRow).where(RecordingRow.id.in_(ids)).values(match_key=match_key))
    guides = _guides(session, ids)
    wanted: list[tuple[_Place, _Told]] = [
        (
            (
                recording_id,
                voices[marker.voice],
                round(marker.start_s, DECIMALS),
                round(marker.end_s, DECIMALS),
            ),
            (guides[recording_id].on_air(marker.start_s), marker.score),
        )
        for recording_id, found in markers.items()
        for marker in found
        if marker.voice in voices
    ]
    _write_differences(session, ids, wanted)
    return len(wanted)


def count_markers(session: Session, recordings: Sequence[int]) -> int:
    """How many these recordings have, by the sums that are kept of them."""
    row = session.connection().exec_driver_sql(COUNT, (json.dumps(recordings),)).one()
    return int(row[0])


def _write_differences(session: Session, recordings: Sequence[int], wanted: Sequence[tuple[_Place, _Told]]) -> None:
    """Rows that stay are not touched, and sums are made anew where some row was; all of them are in `recordings`."""
    connection = session.connection()
    present: dict[_Place, list[tuple[int, _Told]]] = {}
    for row in connection.exec_driver_sql(PRESENT, (json.dumps(recordings),)):
        recording_id, voice_id, start_s, end_s, number, programme_id, score = row
        present.setdefault((recording_id, voice_id, start_s, end_s), []).append((number, (programme_id, score)))
    new: list[tuple[int | float | None, ...]] = []
    changed: list[tuple[int | float | None, ...]] = []
    touched: set[int] = set()
    for place, told in wanted:
        alike = present.get(place)
        if not alike:
            new.append((*place, *told))
            touched.add(place[0])
            continue
        number, before = alike.pop(0)
        if before != told:
            changed.append((*told, number))
            touched.add(place[0])
    gone = [(place[0], number) for place, rows in present.items() for number, _ in rows]
    touched |= {recording_id for recording_id, _ in gone}
    if gone:
        connection.exec_driver_sql(GONE, (json.dumps([number for _, number in gone]),))
    if changed:
        connection.exec_driver_sql(CHANGED, changed)
    if new:
        connection.exec_driver_sql(INSERT, new)
    if touched:
        sums = (json.dumps(sorted(touched)),)
        connection.exec_driver_sql(NO_SUMS, sums)
        connection.exec_driver_sql(SUMS, sums)


def link_markers(session: Session, recording_id: int) -> None:
    """Let the markers of a recording belong to what was on air, after its programmes have been written anew."""
    guide = _guides(session, [recording_id])[recording_id]
    for marker in session.scalars(select(MarkerRow).where(MarkerRow.recording_id == recording_id)):
        marker.programme_id = guide.on_air(marker.start_s)


def _guides(session: Session, recordings: Sequence[int]) -> dict[int, "_Guide"]:
    """The programmes of each recording."""
    columns = (RecordingProgrammeRow.start_s, RecordingProgrammeRow.end_s, RecordingProgrammeRow.programme_id)
    laid = select(RecordingProgrammeRow.recording_id, *columns).order_by(*columns)
    spans: dict[int, list[_Span]] = {recording_id: [] for recording_id in recordings}
    rows = session.execute(laid.where(RecordingProgrammeRow.recording_id.in_(recordings)))
    for recording_id, start_s, end_s, programme in rows:
        spans[recording_id].append((start_s, end_s, programme))
    return {recording_id: _Guide(mine) for recording_id, mine in spans.items()}


_Span = tuple[float, float, int | None]


class _Guide:
    """The programmes of one recording by time."""

    def __init__(self, spans: "Sequence[_Span]") -> None:
        self._spans = spans
        self._starts = [start_s for start_s, _, _ in self._spans]

    def on_air(self, at_s: float) -> int | None:
        """The programme that started last of those on air at `at_s`; None between and beside programmes."""
        for start_s, end_s, programme in reversed(self._spans[: bisect_right(self._starts, at_s)]):
            if start_s <= at_s < end_s:
                return programme
        return None
