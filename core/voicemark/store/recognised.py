"""Whose voices are heard in recordings: the one place that writes markers, names of turns, and whom they make known.

What a person said of a recording is so, whatever was recognised (`voicemark.store.overrides`).
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.result import Recognised
from voicemark.store.archive import set_match_key
from voicemark.store.carry import turns_of
from voicemark.store.markers import known_voice_ids, replace_markers
from voicemark.store.overrides import agreeing, as_said
from voicemark.store.schema import LocalSpeakerRow, RecordingRow, TurnRow, TurnVoiceRow
from voicemark.store.schema_acts import SaidRow
from voicemark.store.schema_people import BY_MATCH, BY_PERSON, CannotLinkRow, MembershipRow, PersonRow
from voicemark.store.speakers import replace_names
from voicemark.store.statements import said_of

PLACE = """INSERT INTO memberships (recording_id, number, person_id, placed_by, score) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (recording_id, number)
DO UPDATE SET person_id = excluded.person_id, placed_by = excluded.placed_by, score = excluded.score"""
"""As it is: through the ORM a thousand hours take seconds, and what is replaced tells no trigger that it goes."""
MOST = 0.5
"""Of a local speaker's time so much must be a voice's, for it to be that person."""


def write_recognised(
    session: Session, recognised: Mapping[int, Recognised], match_key: str | None, voices: Mapping[str, int]
) -> int:
    """Make `recognised`, corrected by what was said, what is known of each of these recordings; how many markers that
    is. Their turns are written already.

    `match_key` and `voices` as in `voicemark.store.markers.write_markers`.
    """
    recognised, voices = dict(recognised), dict(voices)
    corrected = session.execute(
        select(RecordingRow.id, SaidRow)
        .join(SaidRow, SaidRow.content == RecordingRow.content)
        .where(RecordingRow.id.in_(list(recognised)))
    ).all()
    for recording_id, row in corrected:
        said = said_of(session, row.content)
        row.answers, row.agreeing = agreeing(recognised[recording_id], said)
        recognised[recording_id] = as_said(recognised[recording_id], turns_of(session, recording_id), said)
        voices |= known_voice_ids(session, {one.voice for one in said if one.voice is not None})
    marked = replace_markers(session, {number: one.markers for number, one in recognised.items()}, match_key, voices)
    replace_names(session, {number: one.named for number, one in recognised.items()}, voices)
    if corrected:
        set_match_key(session, [recording_id for recording_id, _ in corrected], match_key)
    _place_heard(session, list(recognised))
    return marked


def _place_heard(session: Session, recordings: Sequence[int]) -> None:
    """Local speakers who are named for most of their time are these persons, unless a person said something else."""
    mine = MembershipRow.recording_id.in_(recordings)
    seconds = func.sum(TurnRow.end_s - TurnRow.start_s)
    rows = session.execute(
        select(TurnRow.recording_id, TurnRow.local_speaker, PersonRow.id, func.max(TurnVoiceRow.score))
        .join(TurnVoiceRow, (TurnVoiceRow.recording_id == TurnRow.recording_id) & (TurnVoiceRow.turn == TurnRow.number))
        .join(PersonRow, PersonRow.voice_id == TurnVoiceRow.voice_id)
        .join(
            LocalSpeakerRow,
            (LocalSpeakerRow.recording_id == TurnRow.recording_id) & (LocalSpeakerRow.number == TurnRow.local_speaker),
        )
        .where(TurnVoiceRow.recording_id.in_(recordings))
        .group_by(TurnRow.recording_id, TurnRow.local_speaker, PersonRow.id)
        .having(seconds > MOST * func.max(LocalSpeakerRow.seconds))
        .order_by(seconds)
    ).all()
    columns = (MembershipRow.recording_id, MembershipRow.number, MembershipRow.person_id, MembershipRow.score)
    placed = session.execute(select(MembershipRow.placed_by, *columns).where(mine)).all()
    fixed = {(recording_id, number) for by, recording_id, number, *_ in placed if by == BY_PERSON}
    before = {
        (recording_id, number): (person, score) for by, recording_id, number, person, score in placed if by == BY_MATCH
    }
    links = select(CannotLinkRow.recording_id, CannotLinkRow.number, CannotLinkRow.person_id)
    cannot = {tuple(row) for row in session.execute(links.where(CannotLinkRow.recording_id.in_(recordings)))}
    found = {
        (recording_id, number): (person, score)
        for recording_id, number, person, score in rows
        if (recording_id, number) not in fixed and (recording_id, number, person) not in cannot
    }
    connection = session.connection()
    # Most stay as they were: a row that is written again costs its sums as well.
    if gone := [key for key in before if key not in found]:
        connection.exec_driver_sql("DELETE FROM memberships WHERE recording_id = ? AND number = ?", gone)
    if new := [
        (*key, person, BY_MATCH, score) for key, (person, score) in found.items() if before.get(key) != (person, score)
    ]:
        connection.exec_driver_sql(PLACE, new)
