"""Transport streams with tones in them, put together from pieces: what regional windows, restarts and receivers leave.

A tone's pitch says which stream was heard, its place when.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000


@dataclass(frozen=True)
class Tone:
    """One audio stream: a pitch (Hz) per channel, its PID, language and codec; silent but for `start_s` … `end_s`."""

    hertz: tuple[float, ...] = (300.0,)
    pid: int = 0x101
    language: str = "deu"
    codec: Sequence[str] = ("mp2", "-b:a", "96k")


def piece(
    path: Path, seconds: float, *tones: Tone, start_s: float = 10.0, version: int = 0, picture: bool = False
) -> Path:
    """`seconds` of transport stream whose clock begins at `start_s`, with these streams and this version of its map."""
    inputs: list[str] = []
    maps: list[str] = []
    outputs: list[str] = []
    if picture:
        inputs += ["-f", "lavfi", "-i", f"testsrc2=s=64x48:r=5:d={seconds}"]
        maps += ["-map", "0:v", "-c:v", "mpeg2video", "-streamid", f"0:{0x100}"]
    for number, tone in enumerate(tones):
        waves = "|".join(f"0.4*sin(2*PI*{hertz}*t)" for hertz in tone.hertz)
        inputs += ["-f", "lavfi", "-i", f"aevalsrc='{waves}':s=48000:d={seconds}"]
        stream = number + picture
        maps += [
            "-map",
            f"{stream}:a",
            "-streamid",
            f"{stream}:{tone.pid}",
            f"-metadata:s:a:{number}",
            f"language={tone.language}",
        ]
        outputs += [f"-c:a:{number}", tone.codec[0], *tone.codec[1:]]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *inputs, *maps, *outputs, "-output_ts_offset", str(start_s),
         "-muxdelay", "0", "-muxpreload", "0", "-mpegts_flags", "+pat_pmt_at_frames", "-tables_version", str(version),
         "-f", "mpegts", str(path)],
        check=True,
    )  # fmt: skip
    return path


def loudest(samples: NDArray[np.float32], start_s: float, end_s: float) -> float:
    """The pitch (Hz) that is heard between two moments; 0 where there is silence."""
    part = samples[round(start_s * RATE) : round(end_s * RATE)]
    if not len(part) or np.abs(part).max() < 0.01:
        return 0.0
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(spectrum.argmax() * RATE / len(part))
