"""Training audio: clips named by manifests, decoded once into one memory-mapped file of 16-bit samples."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark import files
from voicemark.audio.pcm import from_pcm
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.manifest import Clip

MIN_SECONDS = 1.0
MAX_SECONDS = 30.0  # of one clip that are kept
DECODERS = 2  # at once

Decode = Callable[[Path], NDArray[np.float32]]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is."""


@dataclass(frozen=True)
class BankEntry:
    """Where one clip's samples lie in the bank, and whose they are."""

    path: str
    speaker: str | None
    source: str
    kind: str
    start: int
    samples: int


class AudioBank:
    """Clips as 16-bit samples at 16 kHz in one memory-mapped file: random access without decoding."""

    def __init__(self, pcm: NDArray[np.int16], entries: Sequence[BankEntry]) -> None:
        self._pcm = [pcm] * len(entries)  # one array each: banks can be joined without copying
        self.entries = list(entries)

    @classmethod
    def join(cls, banks: Sequence["AudioBank"]) -> "AudioBank":
        """All clips of several banks, in order."""
        joined = cls(np.zeros(0, np.int16), [])
        for bank in banks:
            joined._pcm += bank._pcm
            joined.entries += bank.entries
        return joined

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def seconds(self) -> float:
        return sum(entry.samples for entry in self.entries) / SAMPLE_RATE

    def audio(self, index: int, start: int = 0, samples: int | None = None) -> NDArray[np.float32]:
        """Samples [start, start + samples) of clip `index`, as float32 in [-1, 1]."""
        entry = self.entries[index]
        end = entry.samples if samples is None else min(entry.samples, start + samples)
        return from_pcm(self.pcm(index)[start:end])

    def pcm(self, index: int) -> NDArray[np.int16]:
        """Clip `index` as it is stored: (samples,)."""
        entry = self.entries[index]
        return self._pcm[index][entry.start : entry.start + entry.samples]

    @classmethod
    def of(cls, audio: Iterable[tuple[str, str | None, NDArray[np.float32]]], source: str = "") -> "AudioBank":
        """A bank in memory from (name, speaker, samples)."""
        entries: list[BankEntry] = []
        parts: list[NDArray[np.int16]] = []
        start = 0
        for name, speaker, samples in audio:
            parts.append(to_pcm(samples))
            entries.append(BankEntry(name, speaker, source, "", start, len(samples)))
            start += len(samples)
        return cls(np.concatenate(parts) if parts else np.zeros(0, np.int16), entries)

    @classmethod
    def build(
        cls,
        clips: Sequence[Clip],
        folder: Path,
        decode: Decode,
        *,
        progress: Progress | None = None,
        max_seconds: float = MAX_SECONDS,
    ) -> "AudioBank":
        """Decode `clips` into `folder`, or open what an earlier call left there for the same clips.

        Clips shorter than a second are left out, and of long ones the first `max_seconds` are kept. A clip that
        cannot be decoded raises what `decode` raises.
        """
        key = hashlib.sha256("\n".join(f"{c.path}\t{c.speaker}" for c in clips).encode()).hexdigest()
        pcm_file, index_file = folder / "audio.s16", folder / "audio.json"
        if index_file.is_file() and pcm_file.is_file():
            index = json.loads(index_file.read_text())
            if index["key"] == key:
                return cls._open(pcm_file, [BankEntry(**entry) for entry in index["entries"]])
        folder.mkdir(parents=True, exist_ok=True)
        entries: list[BankEntry] = []
        start = 0
        with pcm_file.open("wb") as out, ThreadPoolExecutor(DECODERS) as pool:
            for done, (clip, audio) in enumerate(zip(clips, pool.map(decode, [c.path for c in clips]), strict=True)):
                if progress:
                    progress("decoding", done, len(clips))
                audio = audio[: int(max_seconds * SAMPLE_RATE)]
                if len(audio) < MIN_SECONDS * SAMPLE_RATE:
                    continue
                out.write(to_pcm(audio).tobytes())
                entries.append(BankEntry(str(clip.path), clip.speaker, clip.source, clip.kind, start, len(audio)))
                start += len(audio)
        index = {"key": key, "entries": [asdict(entry) for entry in entries]}
        files.write_bytes(index_file, json.dumps(index).encode())
        return cls._open(pcm_file, entries)

    @classmethod
    def _open(cls, pcm_file: Path, entries: list[BankEntry]) -> "AudioBank":
        if not entries:
            raise VoicemarkError("no clip of the corpus is a second long", path=pcm_file)
        return cls(np.memmap(pcm_file, dtype=np.int16, mode="r"), entries)


def to_pcm(audio: NDArray[np.float32]) -> NDArray[np.int16]:
    """float32 in [-1, 1] → 16-bit."""
    return np.clip(np.round(audio * 32768.0), -32768, 32767).astype(np.int16)
