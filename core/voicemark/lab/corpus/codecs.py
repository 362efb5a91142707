"""Through a broadcast's codec and back: what 48 kHz stereo at a broadcast's bit rate leaves of a window.

Evaluation hears voices through it, and training shows some of its windows so.
"""

import subprocess
from dataclasses import dataclass

import numpy as np

from voicemark.audio.ffmpeg import find_program
from voicemark.audio.timeline import SAMPLE_RATE, Samples
from voicemark.errors import ToolError

BROADCAST_RATE = 48_000
GUARD = SAMPLE_RATE // 20  # 50 ms of silence before and after a window: the codec's delay stays inside
AT_ONCE = 256  # windows in one stream: 34 MB


@dataclass(frozen=True)
class Codec:
    """An ffmpeg encoder, a bit rate for stereo, and the raw stream's format for writing and for reading."""

    name: str
    encoder: str
    kilobits: int
    muxer: str
    demuxer: str


MP2 = Codec("MP2 128k", "mp2", 128, "mp2", "mp3")  # ffmpeg reads all layers of MPEG audio by one demuxer
AC3 = Codec("AC-3 192k", "ac3", 192, "ac3", "ac3")
AAC = Codec("AAC 96k", "aac", 96, "adts", "aac")
BROADCAST = (MP2, Codec("MP2 192k", "mp2", 192, "mp2", "mp3"), AC3, AAC)


def round_trip(windows: Samples, codec: Codec) -> Samples:
    """(n, samples), n at least 1, encoded in streams of many, decoded and cut at the same places: (n, samples).

    The decoder's delay (5 to 22 ms) is left in, as in a recording. ToolError where ffmpeg fails.
    """
    return np.concatenate([_stream(windows[k : k + AT_ONCE], codec) for k in range(0, len(windows), AT_ONCE)])


def _stream(windows: Samples, codec: Codec) -> Samples:
    samples = windows.shape[1]
    slots = np.pad(windows, ((0, 0), (GUARD, GUARD)))  # (n, GUARD + samples + GUARD)
    raw = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1"]
    writing = ["-c:a", codec.encoder, "-b:a", f"{codec.kilobits}k", "-f", codec.muxer]
    encoded = _ffmpeg(
        [*raw, "-i", "-", "-ac", "2", "-ar", str(BROADCAST_RATE), *writing, "-"],
        np.clip(slots, -1, 1).astype(np.float32).tobytes(),
    )
    decoded = np.frombuffer(_ffmpeg(["-f", codec.demuxer, "-i", "-", *raw, "-"], encoded), np.float32)
    whole = np.zeros(slots.size, np.float32)
    whole[: min(len(whole), len(decoded))] = decoded[: len(whole)]
    return whole.reshape(slots.shape)[:, GUARD : GUARD + samples].copy()


def _ffmpeg(arguments: list[str], data: bytes) -> bytes:
    try:
        done = subprocess.run(
            [find_program("ffmpeg"), "-v", "error", "-nostdin", *arguments],
            input=data,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise ToolError("ffmpeg cannot be started", hint=str(error)) from error
    if done.returncode:
        raise ToolError(f"ffmpeg failed: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout
