"""Small recordings as recorders leave them, with a known truth."""

import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from support.sound import RATE, write_wav
from support.speech import ANNA, BERT, CARL, speak, tune

BEGINS = datetime(2024, 3, 1, 20, 15)
ANNA_SPEAKS = (10.0, 22.0)
BERT_SPEAKS = (30.0, 40.0)
SECONDS = 48.0
PTS_OFFSET_S = 38604.1


def programme() -> NDArray[np.float32]:
    """48 s: music, Anna from 10 to 22 s, Carl, Bert from 30 to 40 s, music."""
    parts = [tune(10, 1), speak(ANNA, 12, 8), speak(CARL, 8, 3), speak(BERT, 10, 4), tune(8, 5)]
    return np.concatenate(parts)


def write_ts(path: Path, audio: NDArray[np.float32], *, offset_s: float = PTS_OFFSET_S) -> Path:
    """MP2 stereo beside a small H.264 picture in MPEG-TS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s=96x64:r=25:d={len(audio) / RATE:.3f}",
            "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-g", "25", "-ac", "2", "-ar", "48000",
            "-c:a", "mp2", "-b:a", "192k", "-metadata:s:a:0", "language=deu",
            "-output_ts_offset", str(offset_s), "-f", "mpegts", path,
        ],
        input=audio.astype(np.float32).tobytes(), check=True,
    )  # fmt: skip
    return path


def vdr_info(title: str, subtitle: str | None = None, channel: str = "Das Erste HD", duration: int = 3600) -> str:
    """An `info` file's text for a programme that begins with the recording."""
    start = int(BEGINS.astimezone().timestamp())
    lines = [f"C S19.2E-1-1019-10301 {channel}", f"E 4711 {start} {duration} 4E 1F", f"T {title}"]
    lines += [f"S {subtitle}"] if subtitle else []
    return "\n".join([*lines, "X 2 03 deu stereo", "F 25", "P 50", "L 99"]) + "\n"


def vdr_directory(video: Path, title: str) -> Path:
    """The `.rec` directory of a recording, as VDR names it."""
    return video / title.replace(" ", "_") / f"{BEGINS:%Y-%m-%d.%H.%M}.1-0.rec"


def samples(folder: Path) -> dict[str, Path]:
    """20 s of Anna and of Bert, none of it in the programme."""
    return {
        "Anna": write_wav(folder / "anna.wav", speak(ANNA, 20, 101)),
        "Bert": write_wav(folder / "bert.wav", speak(BERT, 20, 102)),
    }


def config_text(database: Path, voices: dict[str, Path], extra: str = "") -> str:
    """A configuration with these voices."""
    lines = ["[database]", f'url = "sqlite:///{database}"', extra]
    for name, sample in voices.items():
        lines += ["[[speakers]]", f'name = "{name}"', f'samples = ["{sample}"]']
    return "\n".join(lines) + "\n"
