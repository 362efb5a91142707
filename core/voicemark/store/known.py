"""What the database knows of a recording without hearing it: results of the same content, and metadata of before."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.recording import Programme, ProgrammeSpan, Recording
from voicemark.result import LocalSpeaker, Marker, NamedTurn, Recognised, Result, SpeakerTurn, Speech, Windows
from voicemark.store.markers import link_markers
from voicemark.store.paths import path_to_text
from voicemark.store.programmes import lay_programmes
from voicemark.store.schema import (
    EmbeddingRow,
    LocalSpeakerRow,
    MarkerRow,
    ProgrammeRow,
    RecordingProgrammeRow,
    RecordingRow,
    TurnRow,
    TurnVoiceRow,
    VoiceRow,
)


def same_content(session: Session, recording: Recording, content: str, model_id: str) -> Result | None:
    """What was heard of the same content at another place, for `recording`; its programmes are to be laid yet.

    Speakers, turns and markers are as they were matched there; None where nothing was heard with that model.
    """
    here = path_to_text(recording.path)
    found = session.execute(
        select(RecordingRow, EmbeddingRow)
        .join(EmbeddingRow, EmbeddingRow.recording_id == RecordingRow.id)
        .where(RecordingRow.content == content, EmbeddingRow.content == content, RecordingRow.path != here)
        .where(RecordingRow.model_id == model_id, EmbeddingRow.model_id == model_id)
        .where(RecordingRow.scanned_at.is_not(None), RecordingRow.duration_s.is_not(None))
        .order_by(RecordingRow.scanned_at.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    row, kept = found
    if kept.turns is None or not kept.dim or len(kept.data) % kept.dim:
        return None
    speakers = session.scalars(select(LocalSpeakerRow).where(LocalSpeakerRow.recording_id == row.id))
    turns = session.scalars(select(TurnRow).where(TurnRow.recording_id == row.id).order_by(TurnRow.number))
    markers = session.execute(
        select(MarkerRow, VoiceRow.name)
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .where(MarkerRow.recording_id == row.id)
        .order_by(MarkerRow.start_s)
    )
    named = session.execute(
        select(TurnVoiceRow, VoiceRow.name)
        .join(VoiceRow, VoiceRow.id == TurnVoiceRow.voice_id)
        .where(TurnVoiceRow.recording_id == row.id)
    )
    recognised = Recognised(
        tuple(Marker(voice, one.start_s, one.end_s, one.score) for one, voice in markers),
        tuple(NamedTurn(one.turn, voice, one.score) for one, voice in named),
    )
    return Result(
        recording=recording,
        content=content,
        duration_s=row.duration_s or 0.0,
        audio_stream=row.audio_stream or "",
        windows=Windows(
            model_id,
            np.frombuffer(kept.data, np.int8).reshape(-1, kept.dim),
            kept.hop_s,
            kept.window_s,
            row.numerics,
        ),
        turns=kept.turns,
        speech=Speech(
            tuple(LocalSpeaker(one.number, one.seconds, np.frombuffer(one.embedding, np.int8)) for one in speakers),
            tuple(SpeakerTurn(one.start_s, one.end_s, one.local_speaker) for one in turns),
        ),
        recognised=recognised,
        voices=tuple(dict.fromkeys((*(m.voice for m in recognised.markers), *(n.voice for n in recognised.named)))),
        match_key=(row.match_key or "").partition("+")[0],
        programmes=(),
        started_at=recording.started_at,
        notes=tuple((row.notes or "").splitlines()),
    )


def told_otherwise(session: Session, recording: Recording) -> float | None:
    """The length (seconds) of a recording that was heard and of which its metadata now say something else than is
    stored; None where they say the same, or it was never heard."""
    row = session.scalars(select(RecordingRow).where(RecordingRow.path == path_to_text(recording.path))).first()
    main = recording.programme
    if row is None or row.scanned_at is None or main is None:
        return None
    if (row.title, row.subtitle, row.channel) != (main.title, main.subtitle, main.channel):
        return row.duration_s
    laid = session.scalars(
        select(ProgrammeRow)
        .join(RecordingProgrammeRow, RecordingProgrammeRow.programme_id == ProgrammeRow.id)
        .where(RecordingProgrammeRow.recording_id == row.id, ProgrammeRow.source == main.source)
    ).all()
    return row.duration_s if laid and not any(_says_the_same(one, main) for one in laid) else None


def write_metadata(
    session: Session, recording: Recording, spans: Sequence[ProgrammeSpan], started_at: datetime | None
) -> None:
    """What is told of a recording that was heard, anew; its markers stay and belong to what was on air."""
    row = session.scalars(select(RecordingRow).where(RecordingRow.path == path_to_text(recording.path))).one()
    main = recording.programme
    row.title = recording.title
    row.subtitle = main.subtitle if main else None
    row.channel = main.channel if main else None
    row.started_at = started_at
    lay_programmes(session, row, spans)
    link_markers(session, row.id)


def _says_the_same(row: ProgrammeRow, main: Programme) -> bool:
    """Whether all that `main` says is stored so; what it does not say came from others."""
    fields = ("title", "subtitle", "description", "channel", "season", "episode")
    told = {name: getattr(main, name) for name in fields}
    return all(value is None or getattr(row, name) == value for name, value in told.items())
