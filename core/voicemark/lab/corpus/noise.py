"""Which noise is kept for measuring: a rule on the path alone, so that training and evaluation never share a file.

A list would go stale when files are added; a hash of the manifest's path needs nobody to keep it.
"""

import zlib
from pathlib import Path

from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.manifest import MANIFEST, Clip, read_manifest

EVERY_NTH = 5  # one file in five is kept for evaluation


def held_for_evaluation(manifest_path: str) -> bool:
    """True when the file of this manifest path (relative, as written there) is measured with, never trained on."""
    return zlib.crc32(manifest_path.encode()) % EVERY_NTH == 0


def read_noise(folder: Path, *, evaluation: bool) -> list[Clip]:
    """The noise files of one side of the split, in the manifest's order.

    A folder without a manifest, or one side of which is empty, raises VoicemarkError.
    """
    files = [clip for clip in read_manifest(folder) if held_for_evaluation(clip.name) == evaluation]
    if not files:
        raise VoicemarkError("no noise file falls on this side of the split", path=folder / MANIFEST)
    return files
