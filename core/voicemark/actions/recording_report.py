"""All that can be found out about one recording: what `voicemark doctor RECORDING` tells.

Reads only. What is broken does not end the report: each part says what was wrong with it and the others go on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voicemark.audio import ffmpeg
from voicemark.audio.account import Heard
from voicemark.audio.choose import Choice
from voicemark.audio.demux import AudioReader
from voicemark.audio.streams import Media
from voicemark.config import Config, WatchSection
from voicemark.epg.gather import Programmes, programmes_of
from voicemark.errors import VoicemarkError
from voicemark.recorders.base import Recorder
from voicemark.recorders.registry import find_recordings, place_of
from voicemark.recording import Recording, RecordingState

STATE_WORDS = {
    RecordingState.FINISHED: "finished: the recorder says so",
    RecordingState.RECORDING: "still being written, cut or indexed by the recorder",
    RecordingState.UNKNOWN: "the recorder leaves no sign; it counts as finished once it has been quiet for a while",
    RecordingState.DELETED: "deleted; the recorder may still bring it back",
}


@dataclass(frozen=True)
class FileReport:
    """One file of the recording."""

    path: Path
    size: int | None
    modified_at: datetime | None
    media: Media | None
    """None when ffprobe can make nothing of it."""
    problem: str | None = None


@dataclass(frozen=True)
class RecordingReport:
    """Everything found out about one recording."""

    path: Path
    recorder: str
    watched: WatchSection | None
    """The `[[watch]]` table that it lies under; None: the recorder was found out by looking."""
    state: RecordingState | None
    recording: Recording | None
    files: tuple[FileReport, ...]
    choice: Choice | None
    """None when no audio can be heard."""
    heard: Heard | None
    """Length, holes, splices and damage, from decoding the whole recording; None when it could not be."""
    programmes: Programmes | None
    problems: tuple[str, ...]
    """What kept parts of this report from being made."""


def report_on(path: Path, config: Config) -> Iterator[RecordingReport]:
    """A report for each recording at `path`: one for a file or a `.rec` directory, more for a folder.

    Decodes the audio whole, which takes its time. Raises `RecordingError` when there is no recording at `path`.
    """
    for adapter, found in find_recordings(path, config.watch, config.audio.languages):
        place = place_of(found, config.watch)
        yield _report(found, adapter, place.section if place.watched else None, config)


def _report(path: Path, adapter: Recorder, watched: WatchSection | None, config: Config) -> RecordingReport:
    problems: list[str] = []
    state: RecordingState | None = None
    recording: Recording | None = None
    reader: AudioReader | None = None
    heard: Heard | None = None
    try:
        state = adapter.state(path, datetime.now(UTC))
    except VoicemarkError as error:
        problems.append(f"its state cannot be told: {error.what}")
    try:
        recording = adapter.read(path)
    except VoicemarkError as error:
        problems.append(error.what)
    if recording is not None:
        try:
            reader = AudioReader.of(recording, config.audio)
            heard = _hear(reader)
        except VoicemarkError as error:
            problems.append(f"the audio cannot be heard: {error.what}" + (f" ({error.hint})" if error.hint else ""))
    files = tuple(map(_file_report, recording.files)) if recording else ()
    programmes = None
    if recording is not None:
        programmes = programmes_of(recording, _duration(recording, files, heard), config.epg)
    return RecordingReport(
        path=path,
        recorder=adapter.name,
        watched=watched,
        state=state,
        recording=recording,
        files=files,
        choice=reader.choice if reader else None,
        heard=heard,
        programmes=programmes,
        problems=tuple(problems),
    )


def _hear(reader: AudioReader) -> Heard:
    """Decode to the end; the samples are not kept."""
    for _ in reader.sound():
        pass
    return reader.heard


def _file_report(path: Path) -> FileReport:
    try:
        found = path.stat()
        size, modified_at = found.st_size, datetime.fromtimestamp(found.st_mtime, UTC)
    except OSError as error:
        return FileReport(path, None, None, None, f"cannot be read: {error.strerror}")
    try:
        return FileReport(path, size, modified_at, ffmpeg.probe(path))
    except VoicemarkError as error:
        return FileReport(path, size, modified_at, None, error.what)


def _duration(recording: Recording, files: Sequence[FileReport], heard: Heard | None) -> float:
    """As decoded, else by the files' headers, else as the metadata say."""
    if heard is not None:
        return heard.duration_s
    told = [file.media.duration_s for file in files if file.media and file.media.duration_s]
    return sum(told) if told else recording.expected_duration_s or 0.0
