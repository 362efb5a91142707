"""A recording's results, written in one transaction: all of them are there, or none is."""

from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.errors import RecordingVanishedError
from voicemark.result import Result
from voicemark.store.carry import place_said
from voicemark.store.markers import known_voice_ids
from voicemark.store.matching import keep_taken, remember_matching
from voicemark.store.programmes import lay_programmes
from voicemark.store.recognised import write_recognised
from voicemark.store.schema import EmbeddingRow, RecordingRow
from voicemark.store.speakers import write_speech


def write_result(session: Session, recording_id: int, result: Result) -> None:
    """Replace whatever was known of the recording by `result`; the caller's transaction commits it. A voice that was
    forgotten since the recording was begun is left out.

    Embeddings of another model are dropped with it: they could not be compared with anything any more.
    """
    row = session.get(RecordingRow, recording_id)
    if row is None:
        raise RecordingVanishedError("is no longer in the database", path=result.recording.path)
    recording = result.recording
    programme = result.programme
    kept = session.scalar(select(EmbeddingRow.content).where(EmbeddingRow.recording_id == recording_id))
    row.content = result.content
    row.title = programme.title if programme else recording.title
    row.subtitle = programme.subtitle if programme else None
    row.channel = programme.channel if programme else None
    row.started_at = result.started_at
    row.duration_s = result.duration_s
    row.audio_stream = result.audio_stream
    row.notes = "\n".join(result.notes) or None
    row.model_id = result.windows.model_id
    row.numerics = result.windows.numerics
    row.scanned_at = datetime.now(UTC)
    session.execute(delete(EmbeddingRow).where(EmbeddingRow.recording_id == recording_id))
    session.add(
        EmbeddingRow(
            recording_id=recording_id,
            model_id=result.windows.model_id,
            content=result.content,
            windows=len(result.windows.data),
            dim=result.windows.data.shape[1],
            hop_s=result.windows.hop_s,
            window_s=result.windows.window_s,
            turns=result.turns,
            data=result.windows.data.tobytes(),
        )
    )
    keep_taken(session, recording_id, result.turns, result.taken)
    lay_programmes(session, row, result.programmes)
    write_speech(session, recording_id, result.speech, same_content=kept == result.content)
    place_said(session, recording_id, result.content)
    voices = known_voice_ids(session, result.voices)
    # With a voice that was forgotten since, it was not matched as it should be.
    key = result.match_key if len(voices) == len(result.voices) else None
    if key is not None:
        remember_matching(session, key, result.parts)
    write_recognised(session, {recording_id: result.recognised}, key, voices)
