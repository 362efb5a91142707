"""The programs ffmpeg and ffprobe: where they are, whether they work, and what ffprobe says of a file.

A recording is data from the air: ffmpeg may open nothing but what it is given (`-protocol_whitelist`), and may not
take it for a playlist (`-format_whitelist`). What is wrong with a program is told apart from what is wrong with a
recording: before a recording is blamed, the program is asked to read a few samples that are known to be right.
"""

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voicemark.audio import processes
from voicemark.audio.complaints import last_words, read_error, short_of_memory, tool_is_broken
from voicemark.audio.scrambling import is_scrambled
from voicemark.audio.streams import FIRST_LOOK, UNHEARD_CODECS, AudioStream, Look, Media
from voicemark.containers import DEMUXERS
from voicemark.errors import (
    NoAudioError,
    RecordingError,
    RecordingUnreadableError,
    ToolError,
    unreadable,
)

LOOKS = (FIRST_LOOK, Look(100, 90), Look(400, 600))
"""Audio of a broadcast begins seconds after its video, at times minutes; further looks only where nothing was found."""
TIMEOUT_S = 60.0
CPU_S = 60.0
_WORKS = struct.pack(
    "<4sI8sIHHIIHH4sI", b"RIFF", 36 + 1600, b"WAVEfmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", 1600
) + bytes(1600)
"""A tenth of a second of silence, as a WAV file."""


def find_program(name: str) -> str:
    """The path of `ffmpeg` or `ffprobe`. Raises `ToolError` when it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"{name} is not installed", hint="install it, on Debian: apt install ffmpeg")
    return found


def version() -> str:
    """ffmpeg's version, such as `5.1.9-0+deb12u1`. Raises `ToolError`."""
    words = _output([find_program("ffmpeg"), "-version"]).split()
    return words[2] if len(words) > 2 else "unknown"


def decoders() -> frozenset[str]:
    """Names of all audio decoders that this ffmpeg has. Raises `ToolError`."""
    listing = _output([find_program("ffmpeg"), "-hide_banner", "-decoders"])
    return frozenset(re.findall(r"^ A[A-Z.]{5} (\S+)", listing, re.MULTILINE))


def _output(command: list[str], data: bytes | None = None) -> str:
    name = Path(command[0]).name
    try:
        done = processes.run(command, timeout_s=TIMEOUT_S, cpu_s=CPU_S, data=data)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{name} does not run: {error}") from error
    if done.returncode != 0:
        raise ToolError(f"{name} failed: {last_words(done.stderr)}", hint="is its installation whole?")
    return done.stdout.decode("utf-8", "replace")


def blame_tool(name: str) -> None:
    """Raise `ToolError` if `name` (`ffmpeg` or `ffprobe`) cannot even read a few samples that are right; for when
    it made nothing of a recording."""
    common = [find_program(name), "-v", "error", "-f", "wav", "-i", "pipe:0"]
    if name == "ffmpeg":
        told = _output([*common, "-f", "s16le", "pipe:1"], _WORKS)
    else:
        told = _output([*common, "-show_streams", "-of", "json"], _WORKS)
    if not told:
        raise ToolError(f"{name} runs, but delivers nothing", hint="is its installation whole?")


def check_readable(file: Path) -> None:
    """Raise the `RecordingError` that says why `file` cannot be read, if it cannot."""
    try:
        with file.open("rb") as opened:
            if not opened.read(1):
                raise NoAudioError("the file is empty", path=file, hint="the recorder wrote nothing; delete it")
    except OSError as error:
        raise unreadable(error, file) from error


def probe(file: Path, seen: Media | None = None, beat: Callable[[], None] = lambda: None) -> Media:
    """What streams `file` holds, and when it starts. Looks on in growing steps while nothing can be decoded, after
    what a first `look` has `seen`; `beat` is called before each, which may take up to `TIMEOUT_S`.

    Raises `NoAudioError` for a file without any audio stream, `RecordingError` for one that is no recording,
    `ToolError` when it is ffprobe that does not work.
    """
    check_readable(file)
    beat()
    media = look(file, LOOKS[0]) if seen is None else seen
    dark = not _any_decodable(media) and is_scrambled(file)
    for further in LOOKS[1:] if not dark else ():
        if _any_decodable(media):
            break
        beat()
        media = look(file, further)
    if dark:
        raise scrambled(file)
    if not media.streams:
        raise NoAudioError("has no audio stream", path=file, hint="only recordings with sound can be searched")
    return media


def _any_decodable(media: Media) -> bool:
    return any(stream.decodable for stream in media.streams)


def look(file: Path, much: Look, *, start: int = 0, end: int | None = None) -> Media:
    """One look at `file`, or at its bytes from `start` to `end`; the streams may be none, or none decodable.

    Raises `RecordingError` when it is no recording, `ToolError` when ffprobe does not work.
    """
    source = f"file:{file}" if not start and end is None else f"subfile,,start,{start},end,{end or 0},,:file:{file}"
    command = [
        find_program("ffprobe"), "-v", "error",
        "-protocol_whitelist", "file,subfile", "-format_whitelist", DEMUXERS,
        "-probesize", f"{much.megabytes}M", "-analyzeduration", f"{much.seconds}000000",
        "-show_format", "-show_streams", "-of", "json", source,
    ]  # fmt: skip
    try:
        done = processes.run(command, timeout_s=TIMEOUT_S, cpu_s=CPU_S)
    except subprocess.TimeoutExpired:
        raise RecordingError(f"ffprobe found no end of it in {TIMEOUT_S:.0f} s", path=file) from None
    except OSError as error:
        raise ToolError(f"ffprobe does not run: {error}") from error
    said = done.stderr.decode("utf-8", "replace").splitlines()
    told = _told(done.stdout)
    if done.returncode == 0 and told is not None:
        return _media(told, much)
    check_readable(file)
    if tool_is_broken(done.returncode, said):
        raise ToolError(f"ffprobe failed: {last_words(done.stderr)}", hint="is its installation whole?")
    if (reason := read_error(said)) is not None:
        raise RecordingUnreadableError(f"cannot be read: {reason}", path=file, hint="look at the disk, or the mount")
    if short_of_memory(said):
        raise RecordingError(f"ffprobe wants more than {processes.MEMORY >> 20} MB of memory for it", path=file)
    blame_tool("ffprobe")
    if is_scrambled(file):
        raise scrambled(file)
    raise RecordingError(
        f"is no recording that ffmpeg can read: {last_words(done.stderr, file)}",
        path=file,
        hint="is it a media file, and whole?",
    )


def _told(output: bytes) -> dict[str, Any] | None:
    """ffprobe's answer; None when it is none."""
    try:
        told = json.loads(output.decode("utf-8", "replace"))
    except ValueError:
        return None
    return told if isinstance(told, dict) and "format" in told else None


def scrambled(file: Path) -> NoAudioError:
    """The error for a recording that cannot be decoded because it was recorded without a key."""
    return NoAudioError("is scrambled", path=file, hint="it was recorded without its card; nothing can be heard in it")


def _media(told: dict[str, Any], much: Look) -> Media:
    streams = tuple(
        AudioStream(
            index=int(stream["index"]),
            codec=_codec(stream),
            channels=int(stream.get("channels", 0)),
            layout=stream.get("channel_layout"),
            sample_rate=int(stream.get("sample_rate", 0)),
            language=stream.get("tags", {}).get("language"),
            title=stream.get("tags", {}).get("title"),
            dispositions=frozenset(name for name, on in stream.get("disposition", {}).items() if on),
            start_s=_number(stream.get("start_time")),
            pid=_pid(stream.get("id")) if told["format"].get("format_name") == "mpegts" else None,
        )
        for stream in told.get("streams", [])
        if stream.get("codec_type") == "audio" or _tag(stream) in UNHEARD_CODECS
    )
    return Media(
        format=str(told["format"].get("format_name", "")),
        start_s=_number(told["format"].get("start_time")),
        duration_s=_number(told["format"].get("duration")),
        streams=streams,
        look=much,
    )


def _codec(stream: dict[str, Any]) -> str | None:
    """Its name, else the container's for it."""
    return _tag(stream) if _tag(stream) in UNHEARD_CODECS else stream.get("codec_name")


def _tag(stream: dict[str, Any]) -> str:
    return str(stream.get("codec_tag_string", "")).lower()


def _pid(text: str | None) -> int | None:
    try:
        return None if text is None else int(text, 16)
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
