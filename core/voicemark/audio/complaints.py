"""What ffmpeg's words mean: damage of the audio, a source that cannot be read, or nothing that matters here.

A line on stderr may come from the audio's decoder, from a video that nobody asked for, from our own muxer, or from a
library that was linked in and has worries of its own. It is damage only where the table here says so.
"""

import errno
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PREFIX = re.compile(r"^\[([^\]@]{1,60}?) @ 0x[0-9a-f]{1,16}\] ")

_AUDIO_DECODERS = re.compile(
    r"(mp[123](float|adu|adufloat)?|e?ac3(_fixed)?|aac(_latm|_fixed)?|dca|truehd|mlp|flac|alac|opus|vorbis|wma\w*|amr\w*|"
    r"pcm_\w+|adpcm_\w+|tta|wavpack|cook|ra_\w+)"
)
"""Names of ffmpeg's audio decoders, as they stand in front of a line."""

_OF_DECODERS = re.compile(
    r"Header missing|(invalid|incorrect|unsupported|reserved|illegal) |incomplete frame|frame sync error|overread|"
    r"frame CRC|CRC mismatch|crc error|error decoding|exponent|coupling|delta bit|bit ?allocation|bap |snr offset|"
    r"spectral extension|channel element|channel coupling|number of (bands|scalefactor)|scalefactor|reserved bit|"
    r"prediction is not allowed|predictor|input buffer exhausted|band type|pulse |tns |ms_present|sample rate|"
    r"program config|more than one aac|multiple frames|skip_data|frame (size|is too|header)|sync ?code|part_length|"
    r"clipped|invalid data|out of range|truncated|residual|subframe|too (small|short|large)|get_buffer|decode_",
    re.IGNORECASE,
)
"""What audio decoders say of broken frames (libavcodec: mpegaudiodec, ac3dec, eac3dec, aacdec, dca, flacdec, …)."""

_OF_ALL = re.compile(
    r"Error while decoding stream #|Error submitting (a )?packet to (the )?decoder|corrupt input packet in stream|"
    r"corrupt decoded frame|Packet corrupt|PES packet size mismatch|Decoding error:"
)
"""What the program and the demuxer of transport streams say. Of a recording that is fed to it filtered, that can only
be about the audio."""

READ_ERRORS = tuple(
    os.strerror(number)
    for number in (
        errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO,
        errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM,
    )
)  # fmt: skip
"""What the system says when a source cannot be read on; ffmpeg takes that for the end of the file and ends with 0."""

_MEMORY = re.compile(r"Cannot allocate memory|Error allocating|malloc of size")
_BROKEN_TOOL = re.compile(r"error while loading shared libraries|symbol lookup error|cannot execute binary|GLIBC_")

MOST_KINDS = 64
LONGEST_LINE = 400


def is_damage(line: str) -> bool:
    """Whether a line says that the audio is damaged."""
    text = _PREFIX.sub("", line)
    said_by = _PREFIX.match(line)
    if said_by is not None and _AUDIO_DECODERS.fullmatch(said_by[1]):
        return _OF_DECODERS.search(text) is not None
    return (said_by is None or said_by[1] == "mpegts") and _OF_ALL.search(text) is not None


def read_error(lines: Iterable[str]) -> str | None:
    """What kept ffmpeg from reading on, if one of its lines says that something did."""
    ends = {line.rsplit(": ", 1)[-1].strip() for line in lines}
    return next((said for said in READ_ERRORS if said in ends), None)


def short_of_memory(lines: Iterable[str]) -> bool:
    """Whether one of the lines says that memory was refused."""
    return any(_MEMORY.search(line) for line in lines)


def tool_is_broken(code: int, lines: Iterable[str]) -> bool:
    """Whether a program ended like one that could not even begin (a library that is missing, half an upgrade)."""
    return code in (126, 127) or any(_BROKEN_TOOL.search(line) for line in lines)


def last_words(stderr: bytes | Sequence[str], file: Path | None = None) -> str:
    """ffmpeg's last complaints on one short line, each once with its count, without addresses and file names."""
    lines = stderr.decode("utf-8", "replace").splitlines() if isinstance(stderr, bytes) else stderr
    kept: Counter[str] = Counter()
    for line in lines[-200:]:
        text = plain(line, file)
        if text:
            kept[text] += 1
    return _told(kept) or "it gave no reason"


def plain(line: str, file: Path | None = None) -> str:
    """A line without addresses, and without the name of `file`."""
    text = _PREFIX.sub("", line.strip()[:LONGEST_LINE])
    return text if file is None else text.removeprefix(f"file:{file}: ")


def _told(counted: Counter[str]) -> str:
    words = [f"{_short(text)} (×{count})" if count > 1 else _short(text) for text, count in counted.items()]
    return "; ".join(words[-3:])


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


@dataclass
class Complaints:
    """All that ffmpeg said during a recording, sorted by what it means; bounded, however much it says."""

    damage: Counter[str] = field(default_factory=Counter)
    """Complaints about the audio, each with how often it came."""
    remarks: Counter[str] = field(default_factory=Counter)
    """Everything else."""

    def add(self, line: str) -> None:
        """Take one line."""
        kind = self.damage if is_damage(line) else self.remarks
        text = plain(line)
        if text and (text in kind or len(kind) < MOST_KINDS):
            kind[text] += 1

    @property
    def damage_lines(self) -> int:
        """How many lines told of damage."""
        return sum(self.damage.values())

    @property
    def told(self) -> str | None:
        """The damage in a few words; None for clean audio."""
        return _told(self.damage) or None

    @property
    def remarked(self) -> str | None:
        """The rest in a few words; None where there is none."""
        return _told(self.remarks) or None
