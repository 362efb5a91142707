"""What a folder of speech or noise holds: its `manifest.csv`, read in one place.

Columns: `path` (relative to the folder); `speaker`, blank where nobody knows it; `source`, the folder's name where it
is missing; `split` (`train`, `dev`, …), without which every clip is of any split; `kind` of noise (`music…`, `env:…`).
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from voicemark.errors import VoicemarkError

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Clip:
    """One file of one voice, or of noise. `speaker` is None where it is not known, `kind` blank where none is told."""

    path: Path
    speaker: str | None
    source: str
    kind: str = ""
    name: str = field(default="", compare=False)
    """The path as the manifest has it."""

    @property
    def is_music(self) -> bool:
        """Music (title music, beds), as against environment (applause, rain, traffic)."""
        return self.kind.startswith("music")


def read_manifest(folder: Path, split: str | None = None) -> list[Clip]:
    """The clips of `folder/manifest.csv`, of one split or of all, in its order.

    Raises VoicemarkError when the manifest or a file it names is missing, when it has no column `path`, and when
    nothing is left.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise VoicemarkError(
            f"no {MANIFEST} in this folder", path=folder, hint="a CSV with the columns path, speaker, split"
        )
    try:
        with manifest.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            columns = reader.fieldnames or []
            rows = list(reader)
    except OSError as error:
        raise VoicemarkError(f"cannot be read: {error.strerror}", path=manifest) from error
    if "path" not in columns:
        raise VoicemarkError("the manifest has no column 'path'", path=manifest, hint=f"it has {columns}")
    if split is not None and "split" in columns:
        rows = [row for row in rows if row["split"] == split]
    clips = [
        Clip(
            folder / row["path"],
            row.get("speaker") or None,
            row.get("source") or folder.name,
            row.get("kind") or "",
            row["path"],
        )
        for row in rows
    ]
    missing = [clip.path for clip in clips if not clip.path.is_file()]
    if missing:
        raise VoicemarkError(f"{len(missing)} files of the manifest are missing", path=missing[0])
    if not clips:
        raise VoicemarkError(f"no clips of split {split!r}" if split else "no clips", path=manifest)
    return clips
