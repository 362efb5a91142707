"""Which noise is kept for measuring: a rule on the path alone, so that training and evaluation never share a file.

A list would go stale when files are added; a hash of the manifest's path needs nobody to keep it.
"""

import csv
import zlib
from dataclasses import dataclass
from pathlib import Path

from voicemark.errors import VoicemarkError

EVERY_NTH = 5  # one file in five is kept for evaluation


@dataclass(frozen=True)
class NoiseFile:
    """One row of a noise folder's manifest.csv: `kind` is `music…` or `env:…`."""

    path: Path
    kind: str

    @property
    def is_music(self) -> bool:
        """Music (title music, beds), as against environment (applause, rain, traffic)."""
        return self.kind.startswith("music")


def held_for_evaluation(manifest_path: str) -> bool:
    """True when the file of this manifest path (relative, as written there) is measured with, never trained on."""
    return zlib.crc32(manifest_path.encode()) % EVERY_NTH == 0


def read_noise(folder: Path, *, evaluation: bool) -> list[NoiseFile]:
    """The noise files of one side of the split, in the manifest's order.

    A folder without manifest.csv, or one side of which is empty, raises VoicemarkError.
    """
    manifest = folder / "manifest.csv"
    try:
        with manifest.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise VoicemarkError(f"cannot be read: {error.strerror}", path=manifest, hint="columns path, kind") from error
    files = [
        NoiseFile(folder / row["path"], row.get("kind") or "env")
        for row in rows
        if held_for_evaluation(row["path"]) == evaluation
    ]
    if not files:
        raise VoicemarkError("no noise file falls on this side of the split", path=manifest)
    return files
