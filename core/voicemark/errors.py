"""One family of errors that say what happened, to which file, and what to do about it.

Code deep inside translates a foreign exception (ffmpeg, SQLite, pydantic) once, at its own boundary, into one
of these. The command line prints them as a single line; the service logs them with the same three parts.
"""

from pathlib import Path


class VoicemarkError(Exception):
    """What happened (`what`), to which file (`path`), and what the owner can do (`hint`)."""

    def __init__(self, what: str, *, path: Path | str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.path = None if path is None else str(path).encode("utf-8", "backslashreplace").decode()
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.path}: {self.what}" if self.path else self.what
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(VoicemarkError):
    """The configuration is wrong: names the key, the line where known, and what is allowed."""


class RecordingError(VoicemarkError):
    """One recording cannot be processed; the others go on."""


class RecordingVanishedError(RecordingError):
    """The recording was deleted or moved while it was being read."""


class NoAudioError(RecordingError):
    """The recording has no audio that can be decoded (no stream, scrambled, headers only)."""


class ToolError(VoicemarkError):
    """A program that voicemark needs (ffmpeg, ffprobe) is missing or failed."""


class EnrolmentError(VoicemarkError):
    """A voice's samples cannot make a memory."""


class ModelError(VoicemarkError):
    """Weights cannot be used: corrupt, of another format version, or of another model."""


class DatabaseError(VoicemarkError):
    """The database cannot be used: locked, read-only, damaged, or newer than this program."""


class ExportError(VoicemarkError):
    """A marker file cannot be written, or would overwrite what someone else wrote."""


class GuideError(VoicemarkError):
    """An EPG source (XMLTV, epg.data, EIT) cannot be read."""
