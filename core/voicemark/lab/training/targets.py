"""A strong teacher's embeddings of clean clips, computed once and kept: what a small student learns to reach.

The teacher hears up to six seconds at a time of undamaged audio; the student later hears two seconds of it with
music, rooms and codecs on top, and is to say the same. Unlabelled recordings serve as well as labelled ones, the
owner's own television among them. Each speed is heard by the teacher itself: to it, too, it is another voice.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark import files
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.lab.batches.augment import change_speed
from voicemark.lab.corpus.bank import AudioBank, Progress
from voicemark.lab.corpus.mixing import Audio, rms
from voicemark.lab.teachers.teacher import QUIETEST, Teacher

SEGMENT = 6 * SAMPLE_RATE
SAVE_EVERY = 500  # clips


def segments(audio: Audio) -> list[Audio]:
    """What of a clip the teacher hears: all of up to six seconds, the middle six of up to nine, else two sixes."""
    samples = len(audio)
    if samples <= SEGMENT:
        return [audio]
    if samples < SEGMENT * 3 // 2:
        start = (samples - SEGMENT) // 2
        return [audio[start : start + SEGMENT]]
    first = max(0, samples // 4 - SEGMENT // 2)
    return [audio[first : first + SEGMENT], audio[-first - SEGMENT : samples - first]]


def embed_clip(teacher: Teacher, audio: Audio) -> NDArray[np.float32]:
    """The teacher's embedding of a clip, the mean over its segments, of unit length; zeros for near silence."""
    if rms(audio) < QUIETEST:
        return np.zeros(teacher.dim, np.float32)
    mean: NDArray[np.float32] = np.mean([teacher.embed_whole(part) for part in segments(audio)], axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def teach(
    bank: AudioBank,
    teacher: Teacher,
    speeds: Sequence[float],
    folder: Path | None = None,
    progress: Progress | None = None,
    per_source: int | None = None,
) -> Tensor:
    """Targets (clips, speeds, teacher's dim); what was computed before stands in `folder` and is not again.

    With `per_source` only so many clips of each source are heard, evenly over it, and the others' targets are zeros:
    enough to fit a projection on. The stored targets are found by the teacher's id, the bank's content and that
    number, so none can be mixed up.
    """
    targets = np.zeros((len(bank), len(speeds), teacher.dim), np.float32)
    heard = _sample(bank, per_source)
    for column, speed in enumerate(speeds):
        file = None if folder is None else folder / f"targets-{_key(bank, teacher, per_source)}-{speed:g}.npy"
        done = 0
        if file is not None and file.is_file():
            stored = np.load(file)
            done = len(stored)
            targets[:done, column] = stored
        for clip in range(done, len(bank)):
            if progress:
                progress(f"teacher at speed {speed:g}", clip, len(bank))
            if clip in heard:
                targets[clip, column] = embed_clip(teacher, change_speed(bank.audio(clip), speed))
            if file is not None and (clip % SAVE_EVERY == SAVE_EVERY - 1 or clip == len(bank) - 1):
                _save(file, targets[: clip + 1, column])
    return torch.from_numpy(targets)


def clips_of(blocks: Iterator[Audio], seconds: float = 10.0) -> Iterator[Audio]:
    """Cut a recording's audio into clips of `seconds` for the student to learn from; the rest at the end is dropped."""
    length = int(seconds * SAMPLE_RATE)
    held = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate((held, block))
        while len(held) >= length:
            yield held[:length]
            held = held[length:]


def _sample(bank: AudioBank, per_source: int | None) -> Set[int]:
    """The clips that are heard: all, or up to `per_source` of each source, evenly over its clips."""
    if per_source is None:
        return set(range(len(bank)))
    clips: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(bank.entries):
        clips[entry.source].append(index)
    chosen: set[int] = set()
    for members in clips.values():
        count = min(per_source, len(members))
        chosen.update(members[len(members) * k // count] for k in range(count))
    return chosen


def _key(bank: AudioBank, teacher: Teacher, per_source: int | None) -> str:
    names = "\n".join(f"{entry.path}\t{entry.samples}" for entry in bank.entries)
    return hashlib.sha256(f"{teacher.model_id}\n{per_source}\n{names}".encode()).hexdigest()[:12]


def _save(file: Path, targets: NDArray[np.float32]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(file) as part, part.open("wb") as out:
        np.save(out, targets)
