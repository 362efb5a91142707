"""From the database to a recording that can be exported: its markers, and what of its files a format needs to know."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from voicemark.audio import ffmpeg
from voicemark.audio.demux import FILE_JOINT
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import WatchSection
from voicemark.errors import RecordingError, VoicemarkError
from voicemark.export.base import DEFAULT_FRAME_RATE, MarkedRecording, Marker, MediaFile, Turn
from voicemark.export.vdr_index import VdrIndex
from voicemark.named import named
from voicemark.recorders.registry import recorder_for
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import MarkerRow, RecordingRow, TurnRow, TurnVoiceRow, VoiceRow

PTS_PERIOD_S = (1 << 33) / 90_000
MAX_LOST_S = FILE_JOINT / SAMPLE_RATE
"""More than this between the end of a file and the start of the next is a recorder that began anew, no lost signal."""


def load_recording(session: Session, path: Path) -> MarkedRecording:
    """The recording at `path` (or that has a file there) with its markers. Does not write to the database.

    Raises `RecordingError` when the database does not know it, or it was never heard.
    """
    row = _find(session, path)
    if row is None:
        raise RecordingError("is not in the database", path=path, hint="`voicemark scan` adds it")
    if row.scanned_at is None:
        raise RecordingError("has not been heard yet", path=path, hint="the service will, or `voicemark scan` does")
    files = tuple(MediaFile(text_to_path(file.path)) for file in row.files)
    same_content = RecordingRow.content == row.content, RecordingRow.id != row.id
    return MarkedRecording(
        path=text_to_path(row.path),
        recorder=row.recorder,
        content=row.content,
        files=files or (MediaFile(text_to_path(row.path)),),
        markers=tuple(
            Marker(
                speaker=marker.voice.name,
                start_s=marker.start_s,
                end_s=marker.end_s,
                score=marker.score,
                programme=marker.programme.title if marker.programme else None,
            )
            for marker in sorted(row.markers, key=lambda marker: (marker.start_s, marker.voice.name))
        ),
        turns=_turns(session, row.id),
        title=row.title,
        subtitle=row.subtitle,
        channel=row.channel,
        started_at=row.started_at,
        duration_s=row.duration_s,
        copies=tuple(map(text_to_path, session.scalars(select(RecordingRow.path).where(*same_content)))),
    )


def recording_number(session: Session, path: Path) -> int:
    """The number of the recording at `path` (or that has a file there). Raises `RecordingError`."""
    row = _find(session, path)
    if row is None:
        raise RecordingError("is not in the database", path=path, hint="`voicemark scan` adds it")
    return row.id


def _turns(session: Session, recording_id: int) -> tuple[Turn, ...]:
    """Everybody's turns, by start; one in which two voices are heard is there for each of them."""
    named = (TurnVoiceRow.recording_id == TurnRow.recording_id) & (TurnVoiceRow.turn == TurnRow.number)
    query = (
        select(TurnRow.local_speaker, VoiceRow.name, TurnRow.start_s, TurnRow.end_s, TurnVoiceRow.score)
        .outerjoin(TurnVoiceRow, named)
        .outerjoin(VoiceRow, VoiceRow.id == TurnVoiceRow.voice_id)
        .where(TurnRow.recording_id == recording_id)
        .order_by(TurnRow.number, VoiceRow.name)
    )
    return tuple(
        Turn(name or f"speaker-{number}", start_s, end_s, score)
        for number, name, start_s, end_s, score in session.execute(query)
    )


def _find(session: Session, path: Path) -> RecordingRow | None:
    loaded = (
        selectinload(RecordingRow.files),
        selectinload(RecordingRow.markers).selectinload(MarkerRow.voice),
        selectinload(RecordingRow.markers).selectinload(MarkerRow.programme),
    )
    query = select(RecordingRow).options(*loaded)
    for text in dict.fromkeys((path_to_text(path), path_to_text(named(path)), path_to_text(path.resolve()))):
        row = session.scalars(query.where(RecordingRow.path == text)).first()
        row = row or session.scalars(query.where(RecordingRow.files.any(path=text))).first()
        if row is not None:
            return row
    return None


def with_frames(recording: MarkedRecording) -> MarkedRecording:
    """The same with what VDR's marks need: frame rate, number of frames, and where signal was lost.

    Looks into the recording's directory. What cannot be found out is left out: frames are then counted by the clock
    alone, which is right for a recording without losses.
    """
    try:
        section = WatchSection.model_validate({"path": recording.path, "recorder": recording.recorder})
        rate = recorder_for(section).read(recording.path).frame_rate
    except (VoicemarkError, ValueError):
        rate = None
    recording = replace(recording, frame_rate=rate)
    try:
        index = VdrIndex(recording.path, rate or DEFAULT_FRAME_RATE)
        recording = replace(recording, frames=index.frames)
        start_s = ffmpeg.probe(recording.files[0].path).start_s
        return recording if start_s is None else replace(recording, holes=index.holes(start_s))
    except (VoicemarkError, ValueError):
        return recording


def with_file_times(recording: MarkedRecording) -> MarkedRecording:
    """The same with each file's place on the recording's timeline, for players that play one file at a time.

    The pause of a recorder that was interrupted is no time in the recording. Raises `RecordingError` when a file
    cannot be read.
    """
    if len(recording.files) == 1:
        return recording
    placed: list[MediaFile] = []
    before_start_s: float | None = None
    for file in recording.files:
        media = ffmpeg.probe(file.path)
        start_s = 0.0
        if placed:
            start_s = placed[-1].end_s
            if media.start_s is not None and before_start_s is not None:
                # By the stream's clock the next file may begin later than the last one ends: signal was lost between.
                apart_s = (media.start_s - before_start_s) % PTS_PERIOD_S
                late_s = apart_s - (placed[-1].duration_s or 0.0)
                if 0 < late_s <= MAX_LOST_S:
                    start_s += late_s
                    placed[-1] = replace(placed[-1], duration_s=apart_s)
        if media.duration_s is None:
            raise RecordingError("its length is not known, so markers cannot be laid on its files", path=file.path)
        placed.append(MediaFile(file.path, start_s, media.duration_s))
        before_start_s = media.start_s
    placed[-1] = replace(placed[-1], duration_s=None)
    return replace(recording, files=tuple(placed))
