"""The windows that are measured: two seconds each, cut at seeded places from one split of a corpus.

Every embedder hears exactly these samples; a digest of them names cached results.
"""

import hashlib
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.demux import AudioReader
from voicemark.audio.plain_wav import read_plain
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import AudioSection
from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.manifest import read_manifest
from voicemark.lab.corpus.mixing import Audio

WINDOW_S = 2.0
LONGEST_S = 24 * 3600.0
WINDOW_SAMPLES = int(WINDOW_S * SAMPLE_RATE)  # 32,000


@dataclass(frozen=True)
class Utterance:
    """One clip of one speaker, as the corpus's manifest lists it."""

    path: Path
    source: str
    speaker: str


@dataclass(frozen=True)
class Clips:
    """n windows and where each comes from; equal numbers mean the same utterance, speaker or source."""

    samples: Audio  # (n, WINDOW_SAMPLES)
    utterance: NDArray[np.int64]  # (n,)
    speaker: NDArray[np.int64]  # (n,)
    source: NDArray[np.int64]  # (n,)
    sources: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Names these samples; another corpus, seed or condition has another."""
        return digest_of(self.samples)


def read_mono(path: Path, most_s: float | None = None) -> Audio:
    """A whole clip or recording, or its first `most_s` seconds, mono at 16 kHz: (samples,). RecordingError where it
    cannot be heard."""
    plain = read_plain(path, 0.0, most_s, longest_s=LONGEST_S)
    if plain is not None:
        return plain
    reader = AudioReader([path], AudioSection())
    return np.concatenate(list(reader.blocks())) if most_s is None else reader.excerpt(0.0, most_s)


def digest_of(samples: Audio) -> str:
    """Sixteen hexadecimal digits that name the samples."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()[:16]


def seeded(seed: int, *words: str | int) -> np.random.Generator:
    """A random generator that depends on the seed and the words alone, not on what was drawn before."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in words)])


def read_utterances(
    corpus: Path, split: str, *, per_speaker: int = 8, left_out: Collection[str] = (), seed: int = 0
) -> list[Utterance]:
    """At most `per_speaker` utterances of every speaker of one split, chosen by the seed; none of sources `left_out`.

    A missing manifest or an unknown split raises VoicemarkError.
    """
    clips = [clip for clip in read_manifest(corpus, split) if clip.source not in left_out]
    if not clips:
        raise VoicemarkError(f"no clips of split {split!r} besides those of {', '.join(sorted(left_out))}", path=corpus)
    by_speaker: dict[str, list[Utterance]] = {}
    for clip in clips:
        speaker = clip.speaker or ""
        by_speaker.setdefault(speaker, []).append(Utterance(clip.path, clip.source, speaker))
    chosen: list[Utterance] = []
    for name in sorted(by_speaker):
        utterances = sorted(by_speaker[name], key=lambda utterance: utterance.path)
        order = seeded(seed, "utterances", name).permutation(len(utterances))[:per_speaker]
        chosen += [utterances[k] for k in sorted(order)]
    return chosen


def window_starts(length: int, most: int, rng: np.random.Generator) -> list[int]:
    """First samples of at most `most` windows that do not overlap, spread at random over `length` samples."""
    count = min(most, length // WINDOW_SAMPLES)
    if count == 0:
        return []
    spare = length - count * WINDOW_SAMPLES
    gaps = np.sort(rng.integers(0, spare + 1, count))
    return [int(gap) + k * WINDOW_SAMPLES for k, gap in enumerate(gaps)]


def cut_windows(
    utterances: list[Utterance],
    *,
    per_utterance: int = 6,
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Clips:
    """Decodes every utterance and cuts its windows; those shorter than a window give none.

    `progress` is told the share that is done.
    """
    sources = tuple(sorted({utterance.source for utterance in utterances}))
    speakers = sorted({utterance.speaker for utterance in utterances})
    samples: list[Audio] = []
    origin: list[tuple[int, int, int]] = []
    for number, utterance in enumerate(utterances):
        audio = read_mono(utterance.path)
        rng = seeded(seed, "windows", utterance.speaker, utterance.path.name)
        for start in window_starts(len(audio), per_utterance, rng):
            samples.append(audio[start : start + WINDOW_SAMPLES])
            origin.append((number, speakers.index(utterance.speaker), sources.index(utterance.source)))
        progress((number + 1) / len(utterances))
    if not samples:
        raise VoicemarkError("no utterance is as long as a window")
    columns = np.array(origin, np.int64)  # (n, 3)
    return Clips(np.stack(samples), columns[:, 0], columns[:, 1], columns[:, 2], sources)
