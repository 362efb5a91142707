"""Voices that no clip holds, with what the teacher hears in them: targets that cannot be learnt by heart.

A student that meets the same clips with the same targets again and again learns the clips. Here crops are new: cut
anywhere, played faster or slower (pitch and vocal tract together), their formants moved (the vocal tract alone), and
embedded by the teacher as they then sound, to which each is another person. A crop is heard a few times, from a ring
of the latest ones, under different noise, and then forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.pcm import from_pcm
from voicemark.lab.batches import personas
from voicemark.lab.batches.augment import resampled, warp_formants
from voicemark.lab.batches.formants import KNOTS_HZ
from voicemark.lab.batches.frames import CHANNELS, FrameAxes, frames_within
from voicemark.lab.batches.labels import UNKNOWN
from voicemark.lab.batches.sampling import CONTEXT, WINDOW, Batch, VoiceBatches
from voicemark.lab.corpus.bank import to_pcm
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.teachers.teacher import QUIETEST, CropTeacher

CROP = WINDOW + 2 * CONTEXT  # samples that the teacher hears
AT_ONCE = 32  # crops that the teacher is given at once
OWN_SPEED = 25  # of twenty-fifths
MOST_BENT = 2.4  # standard deviations


@dataclass(frozen=True)
class FreshSettings:
    """How fast crops come and go, and how far they are from the voices that are there."""

    new: int = 10  # crops a batch; a batch of 60 then hears each about six times
    ring: int = 16_384  # crops kept: 1.6 GB, and 0.6 GB of hints
    first: int = 1_024  # crops before the first batch
    other_speed: float = 0.7  # share of crops that are not played as they are
    speeds: tuple[int, int] = (20, 31)  # twenty-fifths: 0.8 to 1.24
    other_formants: float = 0.4  # share of crops whose formants are moved
    formants: tuple[float, float] = (0.87, 1.15)
    bend: float = 0.05  # standard deviation of a moved formant from the others, a share of its ratio
    persona: tuple[int, int] = (1, 1)  # crops that tell one moved voice, at least and at most

    def speed(self, rng: np.random.Generator) -> int:
        """That of one crop, in twenty-fifths."""
        other = rng.random() < self.other_speed
        return int(rng.integers(self.speeds[0], self.speeds[1] + 1)) if other else OWN_SPEED

    def manner(self, rng: np.random.Generator) -> "Manner":
        """How one crop, or all of a persona, are played."""
        speed = self.speed(rng)
        if rng.random() >= self.other_formants:
            return Manner(speed, None)
        bent = np.exp(self.bend * rng.standard_normal(len(KNOTS_HZ)).clip(-MOST_BENT, MOST_BENT))
        return Manner(speed, (rng.uniform(*self.formants) * bent).astype(np.float32))


@dataclass(frozen=True)
class Manner:
    """A speed, in twenty-fifths, and the ratio by which formants are moved at each knot (None: not at all)."""

    speed: int
    formants: NDArray[np.float32] | None


class FreshVoices(VoiceBatches):
    """`VoiceBatches` whose windows come from fresh crops, each with the teacher's embedding as `Batch.target`.

    Where the teacher tells its frames, those of the window come along as `Batch.hints`. `teacher` is called once in
    the process that prepares batches. A batch depends on those before it (the ring), so a run that was interrupted
    goes on with other crops than one that was not. Speakers count as unknown: a voice that was moved is nobody's.
    """

    def __init__(
        self, voices: VoiceBatches, teacher: Callable[[], CropTeacher], fresh: FreshSettings | None = None
    ) -> None:
        super().__init__(
            voices.bank,
            voices.augmenter,
            settings=voices.settings,
            seed=voices.seed,
            favour=voices.favour,
        )
        self._make_teacher = teacher
        self.fresh = fresh or FreshSettings()
        self._ring: _Ring | None = None

    def __getitem__(self, step: int) -> Batch:
        s = self.settings
        rng = np.random.default_rng([self.seed, step])
        if self._ring is None:
            self._ring = _Ring(self._make_teacher(), self.fresh.ring)
            self._renew(self.fresh.first, rng)
        self._renew(self.fresh.new, rng)
        context = CONTEXT if s.context_every and step % s.context_every == s.context_every - 1 else 0
        drawn = rng.choice(self._ring.filled, s.batch - s.noise_windows, replace=self._ring.filled < s.batch)
        starts = np.full(len(drawn), context) if context else rng.integers(0, CROP - WINDOW + 1, len(drawn))
        windows = [
            self.augmenter(self._of_crop(self._ring.audio(int(slot)), int(start), context, rng), rng)
            for slot, start in zip(drawn, starts, strict=True)
        ]
        alone = [self.augmenter.noise_alone(WINDOW + 2 * context, rng) for _ in range(s.noise_windows)]
        clip = np.concatenate([self._ring.clips[drawn], np.full(len(alone), -1)])
        rows = [(audio, int(which), 0, -1) for audio, which in zip(windows + alone, clip, strict=True)]
        targets, hints = self._ring.targets[drawn], self._ring.hints(drawn, starts)
        return self._collate(rows, context, rng).with_targets(targets, hints, UNKNOWN)

    def _renew(self, count: int, rng: np.random.Generator) -> None:
        """Put `count` new crops into the ring, in place of the oldest."""
        assert self._ring is not None
        persona = personas.numbered(count, self.fresh.persona, rng)
        voices = rng.choice(len(self._clips), persona[-1] + 1, p=self._weights)
        manners = [self.fresh.manner(rng) for _ in voices]
        clips = np.array([rng.choice(self._clips[voices[number]]) for number in persona])
        pairs = zip(clips, persona, strict=True)
        crops = np.stack([self._crop(int(clip), manners[number], rng) for clip, number in pairs])
        self._ring.add(clips, crops, persona)

    def _crop(self, clip: int, manner: "Manner", rng: np.random.Generator) -> Audio:
        speed = manner.speed
        need = -(-CROP * speed // OWN_SPEED) + 64
        audio = resampled(self._cut(clip, 1.0, need, rng), speed, OWN_SPEED)[:CROP]
        return audio if manner.formants is None else warp_formants(audio, manner.formants)

    def _of_crop(self, crop: Audio, start: int, context: int, rng: np.random.Generator) -> Audio:
        """The window of the crop at `start`, with what is on either side where there is to be any context."""
        return self._among_others(crop, context, rng) if context else crop[start : start + WINDOW]


class _Ring:
    """The latest crops as 16-bit samples, with what the teacher said of them and the clips that they are from."""

    def __init__(self, teacher: CropTeacher, size: int) -> None:
        self._teacher = teacher
        self._pcm = np.zeros((size, CROP), np.int16)
        self.targets = torch.zeros(size, teacher.dim)
        self.clips = np.zeros(size, np.int64)
        self._axes: FrameAxes | None = None
        self._frames = torch.zeros(0)  # (size, CHANNELS, T) where the teacher tells them
        self._added = 0

    @property
    def filled(self) -> int:
        """How many of the first slots hold a crop."""
        return min(self._added, len(self._pcm))

    def audio(self, slot: int) -> Audio:
        return from_pcm(self._pcm[slot])

    def hints(self, slots: NDArray[np.int64], starts: NDArray[np.int64]) -> Tensor | None:
        """(n, CHANNELS, T'): the teacher's frames within the windows that begin at `starts` samples."""
        if self._axes is None:
            return None
        return frames_within(self._frames[slots], torch.from_numpy(starts), WINDOW, CROP)

    def add(self, clips: NDArray[np.int64], crops: NDArray[np.float32], persona: NDArray[np.int64]) -> None:
        """`crops` (n, CROP) of `clips` (n,), told by the teacher; those of one `persona` (n,) share what it says.

        Near silence gets a target of zeros, which teaches nothing.
        """
        slots = np.arange(self._added, self._added + len(crops)) % len(self._pcm)
        parts = [self._teacher.hear(crops[k : k + AT_ONCE]) for k in range(0, len(crops), AT_ONCE)]
        targets = np.concatenate([part.embeddings for part in parts])
        targets[np.sqrt(np.mean(np.square(crops), axis=1)) < QUIETEST] = 0.0
        self._pcm[slots] = to_pcm(crops)
        self.targets[slots] = personas.shared_targets(torch.from_numpy(targets), persona)
        self.clips[slots] = clips
        told = [torch.from_numpy(part.frames) for part in parts if part.frames is not None]
        if told:
            frames = torch.cat(told)
            if self._axes is None:  # fitted on the first crops, which are many
                self._axes = FrameAxes(frames)
                self._frames = torch.zeros(len(self._pcm), CHANNELS, frames.shape[2], dtype=torch.float16)
            self._frames[slots] = self._axes(frames)
        self._added += len(crops)
