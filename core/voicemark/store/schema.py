"""The tables: one row a fact, seconds for moments in a recording, UTC for moments in the world.

`docs/database.md` describes what is public (the views and these columns). Alembic migrations in
`store/migrations` create and change the real database; a test holds the two together. What belongs together and can be
told by itself stands apart: `schema_people.py` (who somebody is), `schema_acts.py` (what a person said of it),
`schema_files.py` (files that were written, and are to be erased), `schema_sums.py` (what the others make together).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from voicemark.store import schema_acts, schema_files, schema_people, schema_sums
from voicemark.store.schema_base import WITHOUT_ROWID
from voicemark.store.schema_base import Base as Base

PARTS = (schema_acts, schema_files, schema_people, schema_sums)
"""Whoever imports this module has all tables."""


TEXT_INDEXES = ("recording_texts", "programme_texts")
"""Full-text indexes (FTS5) over recordings and programmes, which triggers of the database itself keep up to date. A
migration that makes one of these two tables anew makes its triggers anew. See `voicemark.store.search`."""


class RecordingRow(Base):
    """A recording that was found, whether it has been scanned or not."""

    __tablename__ = "recordings"
    __table_args__ = (Index("ix_recordings_started_path", "started_at", "path"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    """File-system path; bytes that are not UTF-8 are kept as surrogate escapes written `\\udcXX`."""
    recorder: Mapped[str]
    content: Mapped[str] = mapped_column(index=True)
    """Fingerprint of the files: survives renames, changes when the recording grows or is edited."""
    title: Mapped[str]
    subtitle: Mapped[str | None]
    channel: Mapped[str | None]
    started_at: Mapped[datetime | None]
    duration_s: Mapped[float | None]
    """Player's time, as decoded; null before the first scan."""
    audio_stream: Mapped[str | None]
    """Which audio was heard, in words."""
    notes: Mapped[str | None]
    """Faults that did not stop the scan (holes, damage, metadata), one a line."""
    model_id: Mapped[str | None]
    """The encoder that the present results are from; null before the first scan."""
    match_key: Mapped[str | None]
    """Digest of voices, thresholds and match settings that the present markers were made with."""
    found_at: Mapped[datetime]
    scanned_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    """When the recording was found to be gone; its markers may stay."""
    mount: Mapped[str | None]
    """Where the file system is mounted that it was last seen on: while that is away, nothing is known to be gone."""
    numerics: Mapped[str | None]
    """In which numbers its windows were computed (`voicemark.voice.numerics`); null: not known, or an ONNX model. Not
    beside the windows: to read it there is to walk over them."""

    files: Mapped[list["FileRow"]] = relationship(
        back_populates="recording", cascade="all, delete-orphan", order_by="FileRow.position"
    )
    programmes: Mapped[list["RecordingProgrammeRow"]] = relationship(
        cascade="all, delete-orphan", order_by="RecordingProgrammeRow.start_s"
    )
    markers: Mapped[list["MarkerRow"]] = relationship(cascade="all, delete-orphan", order_by="MarkerRow.start_s")


class FileRow(Base):
    """One file of a recording, in playing order."""

    __tablename__ = "recording_files"
    __table_args__ = (UniqueConstraint("recording_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    position: Mapped[int]
    path: Mapped[str]
    size: Mapped[int]
    mtime_ns: Mapped[int]
    recording: Mapped[RecordingRow] = relationship(back_populates="files")


class ProgrammeRow(Base):
    """An EPG event, once, whatever number of recordings show it."""

    __tablename__ = "programmes"
    __table_args__ = (
        UniqueConstraint("identity", name="uq_programmes_identity"),
        Index("ix_programmes_series_part", "series", "part"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    identity: Mapped[str]
    """Source, channel, start and title, joined: what makes an event the same event."""
    source: Mapped[str]
    title: Mapped[str] = mapped_column(index=True)
    subtitle: Mapped[str | None]
    description: Mapped[str | None]
    channel: Mapped[str | None]
    start_at: Mapped[datetime | None]
    duration_s: Mapped[float | None]
    genre: Mapped[str | None]
    """In words, as broadcast; several joined by `, `."""
    language: Mapped[str | None]
    season: Mapped[int | None]
    episode: Mapped[int | None]
    age_rating: Mapped[int | None]
    series: Mapped[str | None]
    """What showings and episodes of one series have in common, derived from the texts."""
    part: Mapped[str | None]
    """Which part of its series this is, derived from the texts; empty where they name none."""
    type_guess: Mapped[str | None]
    """The programme's type as guessed from its texts; null where the guess was unsure."""
    type_probability: Mapped[float | None]
    title_vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Little-endian float32."""
    title_model: Mapped[str | None]
    """The title model that vector and guess are from."""


class RecordingProgrammeRow(Base):
    """A programme's place on a recording's timeline."""

    __tablename__ = "recording_programmes"
    __table_args__ = (Index("ix_recording_programmes_programme", "programme_id", "recording_id"),)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id", ondelete="CASCADE"), primary_key=True)
    start_s: Mapped[float] = mapped_column(primary_key=True)
    end_s: Mapped[float]
    programme: Mapped[ProgrammeRow] = relationship()


class VoiceRow(Base):
    """A person whose voice is enrolled."""

    __tablename__ = "voices"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    enrolled_at: Mapped[datetime]


class MemoryRow(Base):
    """A voice's memory under one model: embeddings of its samples, and of what a person said of recordings."""

    __tablename__ = "voice_memories"
    __table_args__ = (UniqueConstraint("voice_id", "model_id", "origin", name="uq_voice_memories_voice_model"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    voice_id: Mapped[int] = mapped_column(ForeignKey("voices.id", ondelete="CASCADE"))
    model_id: Mapped[str]
    samples: Mapped[str]
    """Digest of the samples (paths, sizes, times, stretches): another digest means the memory is made anew."""
    windows: Mapped[int]
    dim: Mapped[int]
    embeddings: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian float32, `windows` rows of `dim`."""
    made_at: Mapped[datetime]
    sources: Mapped[str | None]
    """The samples that it was made of, as a JSON list; null: not known."""
    origin: Mapped[str] = mapped_column(default="samples", server_default="samples")
    """`samples` of the configuration; `confirmed`: windows of recordings in which a person said that it is the voice;
    `denied`: of which a person said that it is not, each row one answer."""


class MarkerRow(Base):
    """A stretch of a recording in which a voice is heard."""

    __tablename__ = "markers"
    __table_args__ = (
        Index("ix_markers_recording_start", "recording_id", "start_s"),
        Index("ix_markers_voice_recording_start", "voice_id", "recording_id", "start_s"),
        Index("ix_markers_programme_voice_recording", "programme_id", "voice_id", "recording_id"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    """Never used again: a correction of a marker that is gone hits no other."""
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    voice_id: Mapped[int] = mapped_column(ForeignKey("voices.id", ondelete="CASCADE"))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id", ondelete="SET NULL"))
    """The programme on air where the marker starts."""
    start_s: Mapped[float]
    end_s: Mapped[float]
    score: Mapped[float]
    """Mean normalised score of its windows."""
    voice: Mapped[VoiceRow] = relationship()
    programme: Mapped[ProgrammeRow | None] = relationship()


class LocalSpeakerRow(Base):
    """Somebody who speaks in a recording, named or not."""

    __tablename__ = "local_speakers"
    __table_args__ = (Index("ix_local_speakers_seconds", "seconds"), WITHOUT_ROWID)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts within the recording, from 1."""
    seconds: Mapped[float]
    """How long this one speaks in all."""
    embedding: Mapped[bytes] = mapped_column(LargeBinary)
    """int8: the centroid's direction, under the model of the recording's windows."""


class TurnRow(Base):
    """A local speaker speaks from `start_s` to `end_s`."""

    __tablename__ = "turns"
    __table_args__ = (WITHOUT_ROWID,)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts within the recording, by start, from 0."""
    start_s: Mapped[float]
    end_s: Mapped[float]
    local_speaker: Mapped[int]


class TurnVoiceRow(Base):
    """An enrolled voice is heard in a turn: only turns with a name have rows."""

    __tablename__ = "turn_voices"
    __table_args__ = (Index("ix_turn_voices_voice", "voice_id"), WITHOUT_ROWID)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The number of the turn."""
    voice_id: Mapped[int] = mapped_column(ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[float]


class EmbeddingRow(Base):
    """All window embeddings of a recording under one model: int8, see `voicemark.voice.quantisation`."""

    __tablename__ = "window_embeddings"
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str]
    """Fingerprint of what was embedded; differs from the recording's when it has changed since."""
    windows: Mapped[int]
    dim: Mapped[int]
    hop_s: Mapped[float]
    window_s: Mapped[float]
    turns: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Where the recording is cut and what each turn sounds like, see `voicemark.voice.diarization`; null: not cut yet.
    Before `data`, so that SQLite reads it without walking over them."""
    data: Mapped[bytes] = mapped_column(LargeBinary)
    """int8, `windows` rows of `dim`; a row divided by its length is the embedding, a zero row is silence."""


class NormalisationRow(Base):
    """What score normalisation takes from a recording's people and turns, kept because it costs more than the rest of a
    match. In a table of its own: a value beside the windows cannot be written without writing them too."""

    __tablename__ = "normalisations"
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True)
    cohort: Mapped[str]
    """Digest of the strangers that it was computed with."""
    turns: Mapped[int]
    """CRC-32 of the packed turns that it belongs to: with others it is worth nothing."""
    taken: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian float32: of each local speaker, then of each turn, silent ones included."""


class MatchingRow(Base):
    """What a `match_key` of recordings stands for, so that a further voice leaves alone what it does not change."""

    __tablename__ = "matchings"
    key: Mapped[str] = mapped_column(primary_key=True)
    parts: Mapped[str]
    """Digests, with a blank between: of what holds for all voices, then of each voice."""


class JobRow(Base):
    """Work on one recording's content under one model; unique, so that nothing is done twice."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("recording_id", "content", "model_id", name="uq_jobs_recording_content_model"),
        Index("ix_jobs_state_priority", "state", "priority"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"))
    content: Mapped[str]
    model_id: Mapped[str]
    state: Mapped[str]
    """waiting (not settled), ready, running, done, failed (set aside), gone (recording deleted or replaced)."""
    priority: Mapped[int]
    """Higher runs first."""
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    """A retry waits until then."""
    worker: Mapped[str | None]
    """Who runs it: host, process id and the process's start, so that a dead worker's claim can be taken over."""
    machine: Mapped[str | None]
    """Where it is heard, if not by `worker` itself: a worker of a cluster."""
    heard_s: Mapped[float | None]
    """So many seconds of the recording had been heard at the last sign of life."""
    heartbeat_at: Mapped[datetime | None]
    error: Mapped[str | None]
    took_s: Mapped[float | None]
    """How long the work took that led to `done`."""
    beat_boot: Mapped[str | None]
    """The boot of the machine that the owner runs on …"""
    beat_s: Mapped[float | None]
    """… and when it last gave a sign of life, in seconds of that boot's monotonic clock."""
    waits: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often in a row it was given back because of the place (disk, mount, rights) and not of the recording."""
    waits_for: Mapped[str | None]
    """What it waits for, in words."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ClusterWorkerRow(Base):
    """A worker of a cluster, as the run that gives it recordings sees it; gone when that run has ended."""

    __tablename__ = "cluster_workers"
    name: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[str]
    """The process that gives it recordings, as `worker` of a job."""
    host: Mapped[str]
    program: Mapped[str]
    model_id: Mapped[str]
    recording: Mapped[str | None]
    """The path of what it hears now."""
    since: Mapped[datetime | None]
    """When it was given that."""
    heard_s: Mapped[float]
    """Seconds of recordings that it has heard for this run …"""
    took_s: Mapped[float]
    """… and what that took."""
    seen_at: Mapped[datetime]
    """When it last gave a sign of life."""
    failed_in_a_row: Mapped[int]
    trouble: Mapped[str | None]
    """Why it is given nothing at present."""


class AboutRow(Base):
    """A fact about the database itself."""

    __tablename__ = "about"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class WaitingRow(Base):
    """Something that is to be done and cannot be done at present, other than a job."""

    __tablename__ = "waiting"
    subject: Mapped[str] = mapped_column(primary_key=True)
    """What: `queue`, `configuration`, `voice NAME`, `watching PATH`, `erasure`."""
    reason: Mapped[str]
    """What it waits for, in words."""
    since: Mapped[datetime]
