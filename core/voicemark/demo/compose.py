"""Composes the demo's recording, as VDR would have left it, and notes who speaks when."""

import random
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path

import numpy as np

from voicemark.audio.timeline import SAMPLE_RATE, Samples
from voicemark.demo import prompts
from voicemark.demo.prompts import PEOPLE, Person

MINUTES = 8.0
ENROL_S = 45.0
BEGINS = datetime(2024, 3, 1, 20, 13)
"""By the recorder's clock: two minutes before the programme, as a margin."""
PTS_OFFSET_S = 38604.1
PACKET = 188
INFO = """\
C S19.2E-1-1019-10301 Das Erste HD
E 4711 {start} {duration} 4E 1F
T Stimmen im Programm
S Ein Abend mit Allison, June und Carlo
D Drei Stimmen, die man vom Telefon kennt, und drei andere.|Mit Musik.
G 23 81
X 5 0B deu 16:9
X 2 03 deu stereo
V {start}
F 25
P 50
L 99
@ <epgsearch><channel>1 - Das Erste HD</channel></epgsearch>
"""


@dataclass(frozen=True)
class Turn:
    """Somebody speaks, in seconds of the recording."""

    person: str
    wanted: bool
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Demo:
    """The composed recording, its enrolment samples, and what is true of it."""

    recording: Path
    samples: dict[str, Path]
    turns: tuple[Turn, ...]


def compose(root: Path, folder: Path, seed: int = 1) -> Demo:
    """Write recording and samples below `folder`; the same seed gives the same programme."""
    rng = random.Random(seed)
    pools: dict[str, Iterator[Path]] = {}
    samples: dict[str, Path] = {}
    for person in PEOPLE:
        paths = prompts.clips(root, person)
        rng.shuffle(paths)
        pools[person.name] = pool = iter(paths)
        if person.wanted:
            target = folder / "voices" / f"{person.name}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_wav(target, prompts.excerpt(pool, ENROL_S))
            samples[person.name] = target
    programme, turns = _programme(rng, pools, cycle(prompts.music(root)))
    start = int(BEGINS.astimezone().timestamp()) + 120
    title = folder / "video" / "Stimmen_im_Programm"
    recording = title / f"{BEGINS:%Y-%m-%d.%H.%M}.1-0.rec"
    recording.mkdir(parents=True, exist_ok=True)
    (recording / "info").write_text(INFO.format(start=start, duration=6 * 60), encoding="utf-8")
    _write_stream(programme, recording)
    return Demo(recording, samples, tuple(turns))


def _programme(
    rng: random.Random, pools: dict[str, Iterator[Path]], tunes: Iterator[Path]
) -> tuple[Samples, list[Turn]]:
    """Speech in turns, music between some of them and under others."""
    parts: list[Samples] = [prompts.read(next(tunes))[: 8 * SAMPLE_RATE]]
    turns: list[Turn] = []
    order: list[Person] = []
    while (at := sum(map(len, parts))) < MINUTES * 60 * SAMPLE_RATE:
        if not order:
            order = rng.sample(PEOPLE, len(PEOPLE))
        if rng.random() < 0.12:
            parts.append(prompts.read(next(tunes))[: round(rng.uniform(4, 10) * SAMPLE_RATE)])
            continue
        person = order.pop()
        speech = prompts.excerpt(pools[person.name], rng.uniform(5, 14))
        turns.append(Turn(person.name, person.wanted, at / SAMPLE_RATE, (at + len(speech)) / SAMPLE_RATE))
        if rng.random() < 0.35:
            bed = np.resize(prompts.read(next(tunes)), len(speech))
            speech = speech + bed * 10 ** (-rng.uniform(8, 18) / 20)
        parts += [speech, np.zeros(round(rng.uniform(0.1, 0.8) * SAMPLE_RATE), np.float32)]
    return np.clip(np.concatenate(parts), -0.99, 0.99).astype(np.float32), turns


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _write_stream(programme: Samples, recording: Path) -> None:
    """MP2 192 kbit/s, 48 kHz stereo, beside a small H.264 picture, in MPEG-TS far from time stamp zero; two files."""
    seconds = len(programme) / SAMPLE_RATE
    encoded = subprocess.run(
        [
            "ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={seconds:.3f}",
            "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0", "-map", "0:v", "-map", "1:a",
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "25", "-ac", "2", "-ar", "48000",
            "-c:a", "mp2", "-b:a", "192k", "-metadata:s:a:0", "language=deu",
            "-output_ts_offset", str(PTS_OFFSET_S), "-f", "mpegts", "pipe:1",
        ],
        input=programme.tobytes(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    # VDR goes on in the next file at a place where the stream can be joined: at a PAT (PID 0, a new section).
    cut = len(encoded) // PACKET // 2 * PACKET
    while encoded[cut : cut + 3] != b"\x47\x40\x00":
        cut += PACKET
    (recording / "00001.ts").write_bytes(encoded[:cut])
    (recording / "00002.ts").write_bytes(encoded[cut:])
