"""What linking people costs in archives of any size, made up: seconds of one core, and memory.

Each size is measured in a process of its own, as what a process needed at most is never less afterwards.
"""

import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from voicemark.voice.linking import NOBODY, Linked, Speakers, link_all, link_new
from voicemark.voice.quantisation import quantise

PER_HOUR = 20  # local speakers in a made-up archive
PER_PERSON = 25  # recordings in which somebody there is heard
DIM = 128
AT_ONCE = 20_000


@dataclass(frozen=True)
class ScaleRow:
    """What linking so many local speakers takes."""

    local_speakers: int
    from_scratch_s: float
    """CPU seconds, for all anew."""
    new_recording_s: float
    """CPU seconds, for one more recording."""
    megabytes: float
    """What the process needed at most beyond what it had before anything was linked."""


def measure_scale(local_speakers: int, seed: int = 0) -> ScaleRow:
    """A made-up archive of so many: PER_HOUR in a recording, people in PER_PERSON recordings, and as many strangers."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, local_speakers, seed).result()


def _measured(local_speakers: int, seed: int) -> ScaleRow:
    torch.set_num_threads(1)
    made = made_up(local_speakers, seed)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    linked = link_all(made, {})
    from_scratch_s = time.process_time() - began
    last = made.recordings == made.recordings.max()
    known = replace(made, persons=np.where(last, NOBODY, _numbered(linked)))
    kinds = {-person: kind for person, kind in linked.kinds.items()}
    began = time.process_time()
    link_new(known, kinds, last)
    new_recording_s = time.process_time() - began
    needed_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    return ScaleRow(local_speakers, from_scratch_s, new_recording_s, needed_kb / 1024)


def made_up(local_speakers: int, seed: int) -> Speakers:
    """Local speakers half of whom are people who come back, with cosines of about 0.8 as in composed recordings."""
    rng = np.random.default_rng(seed)
    people = max(1, local_speakers // (2 * PER_PERSON))
    whose = np.where(
        rng.random(local_speakers) < 0.5,
        rng.integers(0, people, local_speakers),
        np.arange(people, people + local_speakers),
    )
    rows = np.empty((local_speakers, DIM), np.int8)
    for start in range(0, local_speakers, AT_ONCE):
        some = whose[start : start + AT_ONCE]
        own = np.stack([np.random.default_rng([seed, who]).standard_normal(DIM) for who in some.tolist()])
        rows[start : start + AT_ONCE] = quantise((own + 0.5 * rng.standard_normal(own.shape)).astype(np.float32))
    recordings = np.arange(local_speakers) // PER_HOUR
    nothing = np.zeros(local_speakers, np.bool_)
    seconds = rng.uniform(5.0, 300.0, local_speakers)
    begins_s = rng.uniform(0.0, 3600.0, local_speakers)
    return Speakers(rows, seconds, begins_s, recordings, np.full(local_speakers, NOBODY), nothing, nothing)


def _numbered(linked: Linked) -> NDArray[np.int64]:
    """New persons under numbers of their own."""
    return np.where(linked.persons < NOBODY, -linked.persons, linked.persons)


def scale_table(rows: Sequence[ScaleRow]) -> list[list[str]]:
    """Header and a line for each row."""
    lines = [
        [f"{row.local_speakers:,}", f"{row.from_scratch_s:.1f}", f"{row.new_recording_s:.2f}", f"{row.megabytes:.0f}"]
        for row in rows
    ]
    return [["local speakers", "from scratch, CPU s", "a new recording, CPU s", "MB"], *lines]
