"""What a person said of who is heard when: by the recording's content and time, whatever the recording is called and
however it is cut."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from voicemark.result import SpeakerTurn
from voicemark.store.schema import TurnRow, VoiceRow
from voicemark.store.schema_acts import IS, OF_SPEAKER, SaidRow, StatementRow
from voicemark.store.schema_people import PersonRow

MOST_SPANS = 8
"""A speaker is known again by so many turns, the longest."""
MOST = 0.5
"""Who speaks so much of these is meant, and who speaks in them for so much of all that is theirs."""


@dataclass(frozen=True)
class Said:
    """One answer: about a span, or about whoever speaks in some."""

    person: int
    voice: str | None
    """The person's name."""
    is_so: bool
    speaker: bool
    """It is about whoever speaks in these spans, and so about all that one says; else exactly about the span."""
    spans: tuple[tuple[float, float], ...]
    """In seconds."""


def said_of(session: Session, content: str) -> list[Said]:
    """All that was said of a content; what was said later comes later."""
    rows = session.execute(
        select(StatementRow, VoiceRow.name)
        .join(PersonRow, PersonRow.id == StatementRow.person_id)
        .outerjoin(VoiceRow, VoiceRow.id == PersonRow.voice_id)
        .where(StatementRow.content == content)
        .order_by(StatementRow.id)
    ).all()
    found = []
    for (_, speaker, answer, _, _), group in groupby(rows, lambda row: _one_answer(row.StatementRow)):
        same = list(group)
        first, name = same[0]
        spans = tuple((row.StatementRow.start_s, row.StatementRow.end_s) for row in same)
        found.append(Said(first.person_id, name, answer == IS, bool(speaker), spans))
    return found


def _one_answer(row: StatementRow) -> tuple[int | None, int, str, int, int]:
    """Equal for the spans of one speaker in one act."""
    return row.act_id, row.speaker, row.answer, row.person_id, 0 if row.speaker else row.id


def renew_said(session: Session, contents: Iterable[str]) -> None:
    """Digests of what was said of these contents that decides on markers, as it is now."""
    for content in set(contents):
        rows = session.execute(
            select(
                StatementRow.id, StatementRow.start_s, StatementRow.end_s, StatementRow.answer, StatementRow.speaker,
                PersonRow.voice_id,
            )
            .join(PersonRow, PersonRow.id == StatementRow.person_id)
            .where(StatementRow.content == content, PersonRow.voice_id.is_not(None))
            .order_by(StatementRow.id)
        ).all()  # fmt: skip
        session.execute(delete(SaidRow).where(SaidRow.content == content))
        if rows:
            text = "\n".join(repr(tuple(row)) for row in rows)
            session.add(SaidRow(content=content, digest=hashlib.sha256(text.encode()).hexdigest()[:16]))
    session.flush()


def agreement(session: Session) -> tuple[int, int]:
    """How many corrections of spans were weighed when recordings were last matched, and with how many of them what was
    recognised agreed by itself."""
    row = session.execute(select(func.sum(SaidRow.answers), func.sum(SaidRow.agreeing))).one()
    return int(row[0] or 0), int(row[1] or 0)


def spans_of(session: Session, recording_id: int, number: int) -> list[tuple[float, float]]:
    """By what a local speaker is known again: the longest turns, by time."""
    turns = session.execute(
        select(TurnRow.start_s, TurnRow.end_s)
        .where(TurnRow.recording_id == recording_id, TurnRow.local_speaker == number)
        .order_by((TurnRow.end_s - TurnRow.start_s).desc(), TurnRow.number)
        .limit(MOST_SPANS)
    )
    return sorted((start_s, end_s) for start_s, end_s in turns)


def speakers_in(turns: Sequence[SpeakerTurn], spans: Iterable[tuple[float, float]]) -> list[int]:
    """The local speakers that are meant by spans: who speaks most of them, and those who speak mostly in them."""
    spans = list(spans)
    within: dict[int, float] = {}
    in_all: dict[int, float] = {}
    for turn in turns:
        number = turn.local_speaker
        in_all[number] = in_all.get(number, 0.0) + turn.end_s - turn.start_s
        for start_s, end_s in spans:
            if (shared := min(end_s, turn.end_s) - max(start_s, turn.start_s)) > 0:
                within[number] = within.get(number, 0.0) + shared
    total = sum(end_s - start_s for start_s, end_s in spans)
    return sorted(number for number, shared in within.items() if shared > MOST * min(total, in_all[number]))


def speaker_statements(
    session: Session, act_id: int, recording_id: int, content: str, number: int, person: int, answer: str
) -> list[StatementRow]:
    """What is to be kept of "this local speaker is (not) that person"; the caller adds `said_at` and stores them."""
    return [
        StatementRow(
            act_id=act_id, content=content, start_s=start_s, end_s=end_s, person_id=person, answer=answer,
            about=OF_SPEAKER, speaker=number,
        )
        for start_s, end_s in spans_of(session, recording_id, number)
    ]  # fmt: skip
