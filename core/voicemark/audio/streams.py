"""What a media file holds, as ffprobe sees it: plain data, so that choosing a stream needs no ffmpeg."""

from dataclasses import dataclass

RATES = range(4_000, 384_001)
"""Hz that a recording's sound may have. A header may claim anything, and what is decoded from one sample a second
fills the memory with nothing."""
MOST_CHANNELS = 64
NOTHING_DECODED = "nothing in it can be decoded"
UNHEARD_CODECS = {
    "ac4": "AC-4", "ac-4": "AC-4", "mpegh_3d_audio": "MPEG-H 3D Audio", "mha1": "MPEG-H 3D Audio",
    "mha2": "MPEG-H 3D Audio", "mhm1": "MPEG-H 3D Audio", "mhm2": "MPEG-H 3D Audio",
}  # fmt: skip
"""Sound that broadcasts have and ffmpeg has no decoder for, by its names and by the tags of MP4."""


@dataclass(frozen=True)
class Look:
    """How much of a file is read to find out what is in it."""

    megabytes: int
    seconds: int


FIRST_LOOK = Look(20, 15)


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
    pid: int | None = None
    """Its packets' PID, in a transport stream."""
    dual: bool = False
    """Whether its frames say that left and right are two programmes (MPEG audio, mode 2)."""

    @property
    def fault(self) -> str | None:
        """Why nothing can be heard in it, in words; None where something can."""
        unheard = UNHEARD_CODECS.get(self.codec or "")
        if unheard is not None:
            return f"{unheard}, which this ffmpeg cannot decode"
        if self.codec in (None, "unknown", "none") or not self.channels or not self.sample_rate:
            return NOTHING_DECODED
        if self.sample_rate not in RATES:
            return f"said to have {self.sample_rate} samples per second, at which nobody records"
        if self.channels > MOST_CHANNELS:
            return f"said to have {self.channels} channels, as nobody records"
        return None

    @property
    def decodable(self) -> bool:
        """Whether at least one frame's header could be read, and says something that can be decoded."""
        return self.fault is None


@dataclass(frozen=True)
class Media:
    """A file's container and its audio streams, in the file's order."""

    format: str
    """ffmpeg's name of the container (`mpegts`, `matroska,webm`, …)."""
    start_s: float | None
    """Stream clock of the container's first packet: a player's time 0."""
    duration_s: float | None
    streams: tuple[AudioStream, ...]
    look: Look = FIRST_LOOK
    """How far one had to look to see this."""
