"""What a media file holds, as ffprobe sees it: plain data, so that choosing a stream needs no ffmpeg."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AudioStream:
    """One audio stream. Fields that the headers do not tell are None; nothing is guessed here."""

    index: int
    """ffmpeg's absolute stream index: what `-map 0:INDEX` takes."""
    codec: str | None
    """ffmpeg's codec name (`mp2`, `ac3`, `eac3`, `aac_latm`, …)."""
    channels: int
    """0 when no audio frame could be read: the stream has headers only, or is scrambled."""
    layout: str | None
    """ffmpeg's channel layout (`stereo`, `5.1(side)`, …)."""
    sample_rate: int
    """Hz; 0 when no audio frame could be read."""
    language: str | None = None
    """As tagged, any spelling; several are joined by commas."""
    title: str | None = None
    """The stream's own title or description."""
    dispositions: frozenset[str] = frozenset()
    """The names of ffprobe's dispositions that are set (`visual_impaired`, `clean_effects`, …)."""
    start_s: float | None = None
    """Stream clock of its first packet, seconds."""

    @property
    def decodable(self) -> bool:
        """Whether at least one frame's header could be read, so that there is something to decode."""
        return self.codec not in (None, "unknown", "none") and self.channels > 0 and self.sample_rate > 0


@dataclass(frozen=True)
class Media:
    """A file's container and its audio streams, in the file's order."""

    format: str
    """ffmpeg's name of the container (`mpegts`, `matroska,webm`, …)."""
    start_s: float | None
    """Stream clock of the container's first packet: a player's time 0."""
    duration_s: float | None
    streams: tuple[AudioStream, ...]
