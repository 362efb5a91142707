"""Real people's voices that every Debian mirror has: telephone prompts, read by professionals, and music on hold.

The packages are fetched with `apt-get download` and unpacked into a folder of ours; nothing is installed.
Licences: CC BY-SA 3.0 (Allison Smith, June Wallack, Carlo Flora), CC BY 3.0 (ivrvoice.ru), GPL (Paola Menardi,
Armelle Desjardins), CC BY-SA 2.5 (the music).
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark.audio.timeline import SAMPLE_RATE, Samples
from voicemark.errors import ToolError

PACKAGES = (
    "asterisk-core-sounds-en-g722",
    "asterisk-core-sounds-fr-g722",
    "asterisk-core-sounds-it-g722",
    "asterisk-core-sounds-ru-g722",
    "asterisk-prompt-it-menardi-wav",
    "asterisk-prompt-fr-armelle",
    "asterisk-moh-opsound-g722",
)
SHORTEST_S = 1.5
BYTES_PER_SECOND = {".g722": 8_000, ".wav": 16_000, ".gsm": 1_650}
ROOT = Path("usr/share/asterisk")


@dataclass(frozen=True)
class Person:
    """Somebody whose prompts are there."""

    name: str
    folder: str
    suffix: str
    wanted: bool


PEOPLE = (
    Person("Allison", "sounds/en_US_f_Allison", ".g722", wanted=True),
    Person("June", "sounds/fr_CA_f_June", ".g722", wanted=True),
    Person("Carlo", "sounds/it_IT_m_Carlo", ".g722", wanted=True),
    Person("a Russian announcer", "sounds/ru_RU_f_IvrvoiceRU", ".g722", wanted=False),
    Person("Paola", "sounds/it_IT_f_Menardi", ".wav", wanted=False),
    Person("Armelle", "sounds/fr", ".gsm", wanted=False),
)


def fetch(folder: Path) -> Path:
    """Packages downloaded and unpacked below `folder`, once; returns the root of what was unpacked.

    Raises `ToolError` where there is no apt, or no mirror.
    """
    root, done = folder / "root", folder / "complete"
    if done.exists():
        return root / ROOT
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ToolError("the demo's voices come as Debian packages", hint="run it on Debian or Ubuntu")
    folder.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, capture_output=True, text=True)
    if got.returncode != 0:
        raise ToolError(
            f"apt-get could not download the demo's voices: {got.stderr.strip()[-200:]}",
            hint="run `apt-get update` as root first, and check the network",
        )
    for package in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        package.unlink()
    done.touch()
    return root / ROOT


def clips(root: Path, person: Person) -> list[Path]:
    """A person's clips that are long enough to be told by, in a fixed order."""
    least = SHORTEST_S * BYTES_PER_SECOND[person.suffix]
    found = (path for path in (root / person.folder).rglob(f"*{person.suffix}") if "silence" not in path.parts)
    return sorted(path for path in found if path.stat().st_size >= least)


def music(root: Path) -> list[Path]:
    """Pieces of music."""
    return sorted((root / "moh").glob("*.g722"))


def read(path: Path) -> Samples:
    """The clip at 16 kHz, mono, its silent ends cut off, at one loudness."""
    form = ["-f", "g722"] if path.suffix == ".g722" else []
    command = ["ffmpeg", "-v", "error", "-nostdin", *form, "-i", f"file:{path}", "-ac", "1", "-ar", str(SAMPLE_RATE)]
    done = subprocess.run([*command, "-f", "f32le", "pipe:1"], check=True, capture_output=True)
    samples = np.frombuffer(done.stdout, np.float32)
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    if not len(loud):
        return samples[:0]
    samples = samples[loud[0] : loud[-1] + 1]
    rms = float(np.sqrt(np.mean(samples**2)))
    return np.asarray(samples * (0.07 / rms), np.float32)


def excerpt(paths: Iterator[Path], seconds: float) -> Samples:
    """About `seconds` of one person: the next clips, with short pauses."""
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        parts += [read(next(paths)), np.zeros(SAMPLE_RATE // 5, np.float32)]
    return np.concatenate(parts[:-1])
