"""A voice's memory: those windows of its samples that are worth remembering.

Samples are chosen by a person, but not every two seconds of them show the voice: pauses, clipped shouts, someone
else's question. Such windows are dropped with a reason. What is left is spread evenly over the samples and over
each sample's length, so that a memory of `memory_windows` rows holds as much of the voice's variety as there is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.config import AudioSection
from voicemark.enrolment.samples import Sample
from voicemark.enrolment.sound import SampleSound
from voicemark.errors import EnrolmentError, VoicemarkError
from voicemark.voice.base import SpeakerEncoder

RULES = 3  # counted up when other windows would be chosen, so that memories are made anew
FRAME_S = 0.1  # seconds over which a level is taken
QUIET_DBFS = -50.0  # RMS of a window below which an encoder hears more noise than voice
CLIP = 0.985  # of full scale
CLIPPED_SHARE = 0.01  # of a window's samples: clipping that is heard
PAUSE_DB = 30.0  # so far below a sample's loud frames nobody speaks
SPOKEN_SHARE = 0.4  # of a window's frames in which somebody must speak
OUTLIER_DEVIATIONS = 3.5  # robust standard deviations below the voice's middle
SMALLEST_DEVIATION = 0.05  # cosine: a voice whose windows are all alike loses none for small differences
GOLDEN = 0.618  # of a step: so far apart, any number of beginnings in a row are spread evenly over it
FEWEST_FOR_OUTLIERS = 8  # windows: below this there is no telling what is the rule

Floats = NDArray[np.float32]


@dataclass
class SampleWindows:
    """One sample's windows and what became of each."""

    sample: Sample
    embeddings: Tensor
    """(windows, d)"""
    dropped: dict[int, str] = field(default_factory=dict)
    """Window → why it is not remembered."""
    kept: list[int] = field(default_factory=list)
    """The windows that went into the memory."""

    @property
    def good(self) -> list[int]:
        """The windows that could be remembered."""
        return [window for window in range(len(self.embeddings)) if window not in self.dropped]

    @property
    def reasons(self) -> Counter[str]:
        """How many windows were dropped for which reason."""
        return Counter(self.dropped.values())


def hear(
    sample: Sample, encoder: SpeakerEncoder, settings: AudioSection, sound: SampleSound | None = None
) -> SampleWindows:
    """Embed a sample and drop the windows in which the voice is not heard well.

    `sound`: of all samples of the voice, where this is one of several.
    Raises EnrolmentError, which names the file, when the sample is unreadable, shorter than a window, or silent.
    """
    meter = LevelMeter(encoder.sample_rate)
    try:
        blocks = (sound or SampleSound((sample,), settings)).blocks(sample)
        batches = [batch.embeddings for batch in encoder.embed_blocks(meter.through(blocks))]
    except VoicemarkError as error:
        raise EnrolmentError(
            f"the sample cannot be heard: {error.what}", path=error.path or sample.recording.path, hint=error.hint
        ) from error
    if not batches:
        raise EnrolmentError(
            f"the sample is {meter.seconds:.1f} s long, shorter than a window of {encoder.window_s:g} s",
            path=str(sample),
            hint="use samples of several seconds",
        )
    embeddings = np.concatenate(batches)
    windows = SampleWindows(sample, torch.from_numpy(embeddings))
    levels = meter.levels(len(embeddings), encoder.window_s, encoder.hop_s)
    for window in range(len(embeddings)):
        reason = _fault(levels, window) if embeddings[window].any() else "silent"
        if reason:
            windows.dropped[window] = reason
    if windows.reasons["silent"] == len(embeddings):
        raise EnrolmentError("the sample is silent", path=str(sample), hint="choose one in which the voice speaks")
    return windows


def make_do(samples: Sequence[SampleWindows]) -> str | None:
    """Where no window is good, those that are faulty but not silent are taken after all: what is wrong with them.

    A voice that is always recorded too loud is better looked for by what there is of it than not at all. None where
    some window is good, or all are silent.
    """
    if any(sample.good for sample in samples):
        return None
    taken: set[str] = set()
    for sample in samples:
        for window, reason in list(sample.dropped.items()):
            if reason != "silent":
                taken.add(reason)
                del sample.dropped[window]
    return " or ".join(sorted(taken)) or None


def drop_outliers(samples: Sequence[SampleWindows]) -> None:
    """Drop windows that are far from the middle of what the samples have in common: somebody or something else."""
    where = [(sample, window) for sample in samples for window in sample.good]
    if len(where) < FEWEST_FOR_OUTLIERS:
        return
    rows = torch.stack([sample.embeddings[window] for sample, window in where])
    weights = torch.ones(len(rows), 1)
    for _ in range(2):  # the second time from a middle without the first time's outliers
        middle = torch.nn.functional.normalize((rows * weights).sum(0), dim=0)
        closeness = rows @ middle
        median = closeness.median()
        deviation = (1.4826 * (closeness - median).abs().median()).clamp_min(SMALLEST_DEVIATION)
        weights = (closeness >= median - OUTLIER_DEVIATIONS * deviation).to(rows.dtype)[:, None]
    for (sample, window), inside in zip(where, weights[:, 0], strict=True):
        if not inside:
            sample.dropped[window] = "unlike the rest"


def choose(samples: Sequence[SampleWindows], at_most: int) -> Tensor:
    """The memory (rows, d) of at most `at_most` rows: fair shares of the samples, even steps through each.

    Where the steps begin differs from sample to sample, so that single windows of many samples are not all their
    first, in which people greet or take breath.
    """
    begin = 0.5
    for sample, share in zip(samples, shares([len(sample.good) for sample in samples], at_most), strict=True):
        good = sample.good
        sample.kept = [good[int((step + begin) * len(good) / share)] for step in range(share)]
        if share:
            begin = (begin + GOLDEN) % 1
    rows = [sample.embeddings[sample.kept] for sample in samples if sample.kept]
    return torch.cat(rows) if rows else torch.zeros(0, 0)


def shares(sizes: Sequence[int], total: int) -> list[int]:
    """As equal parts of `total` as sizes allow: what a small one does not use goes to the others.

    What cannot be shared out evenly goes to some that lie evenly among all.
    """
    given = [0] * len(sizes)
    left = min(total, sum(sizes))
    while left:
        hungry = [number for number, size in enumerate(sizes) if given[number] < size]
        each = left // len(hungry)
        fed = hungry if each else [hungry[(2 * nth + 1) * len(hungry) // (2 * left)] for nth in range(left)]
        for number in fed:
            portion = min(max(1, each), sizes[number] - given[number])
            given[number] += portion
            left -= portion
    return given


@dataclass(frozen=True)
class Levels:
    """What the meter says of each window; arrays (windows,)."""

    rms_db: Floats
    """dB of full scale."""
    clipped: Floats
    """Share of samples at full scale."""
    spoken: Floats
    """Share of frames that are not pauses."""


def _fault(levels: Levels, window: int) -> str | None:
    if levels.rms_db[window] < QUIET_DBFS:
        return "too quiet"
    if levels.clipped[window] > CLIPPED_SHARE:
        return "clipped"
    if levels.spoken[window] < SPOKEN_SHARE:
        return "mostly pauses"
    return None


class LevelMeter:
    """Notes power and clipping of every tenth of a second of audio that goes `through` it."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._frame = round(FRAME_S * sample_rate)
        self._power: list[Floats] = []
        self._clipped: list[Floats] = []
        self._rest: Floats = np.zeros(0, np.float32)
        self._samples = 0

    def through(self, blocks: Iterable[Floats]) -> Iterator[Floats]:
        """The same blocks."""
        for block in blocks:
            self._samples += len(block)
            audio = np.concatenate((self._rest, block))
            whole = len(audio) // self._frame * self._frame
            frames, self._rest = audio[:whole].reshape(-1, self._frame), audio[whole:]
            self._power.append(np.square(frames).mean(axis=1))
            self._clipped.append((np.abs(frames) >= CLIP).mean(axis=1, dtype=np.float32))
            yield block

    @property
    def seconds(self) -> float:
        """Length of what went through."""
        return self._samples / self._rate

    def levels(self, windows: int, window_s: float, hop_s: float) -> Levels:
        """Of the first `windows` windows, which are `window_s` long, one every `hop_s`."""
        power = np.concatenate(self._power)
        loud = np.quantile(power, 0.95)
        spoken = (power > loud * 10 ** (-PAUSE_DB / 10)).astype(np.float32)
        length, hop = round(window_s / FRAME_S), round(hop_s / FRAME_S)

        def mean(frames: Floats) -> Floats:
            means: Floats = np.lib.stride_tricks.sliding_window_view(frames, length)[::hop][:windows].mean(axis=1)
            return means

        rms_db = 10 * np.log10(np.maximum(mean(power), 1e-12))
        return Levels(rms_db.astype(np.float32), mean(np.concatenate(self._clipped)), mean(spoken))
