"""Where voices are heard: the one place that writes the markers of a recording, and links them to what was on air."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from voicemark.result import Marker
from voicemark.store.schema import MarkerRow, RecordingProgrammeRow, RecordingRow, VoiceRow
from voicemark.store.schema_people import BY_PERSON, PERSON, PersonRow
from voicemark.store.schema_sums import VoiceSumRow

DECIMALS = 2
"""Hundredths of a second are kept of a marker's ends, as they are shown: what is shown can be looked up in an index."""
SUMS = """
INSERT INTO voice_sums (voice_id, recording_id, markers, hundredths, least_score)
SELECT voice_id, recording_id, count(*), sum(CAST(round((end_s - start_s) * 100) AS INTEGER)), min(score)
  FROM markers WHERE recording_id IN (SELECT value FROM json_each(?)) GROUP BY voice_id, recording_id
"""
INSERT = "INSERT INTO markers (recording_id, voice_id, programme_id, start_s, end_s, score) VALUES (?, ?, ?, ?, ?, ?)"
"""To SQLite itself: an archive's markers take ten times as long row by row as objects."""


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
) -> None:
    """As `write_markers`, of many recordings with a few statements."""
    ids = list(markers)
    session.execute(delete(MarkerRow).where(MarkerRow.recording_id.in_(ids)))
    session.execute(delete(VoiceSumRow).where(VoiceSumRow.recording_id.in_(ids)))
    session.execute(update(RecordingRow).where(RecordingRow.id.in_(ids)).values(match_key=match_key))
    guides = _guides(session, ids)
    rows = [
        (
            recording_id,
            voices[marker.voice],
            guides[recording_id].on_air(marker.start_s),
            round(marker.start_s, DECIMALS),
            round(marker.end_s, DECIMALS),
            marker.score,
        )
        for recording_id, found in markers.items()
        for marker in found
        if marker.voice in voices
    ]
    if rows:
        session.connection().exec_driver_sql(INSERT, rows)
        session.connection().exec_driver_sql(SUMS, (json.dumps(ids),))


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
