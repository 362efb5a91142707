"""`FreshVoices` on the device: batches of fresh crops, of which each step makes hundreds.

What a batch holds, and why, is told in `voicemark.lab.batches.fresh`; here no crop leaves the device, and whole
batches go through every step at once.
"""

import numpy as np
import torch
from torch import Tensor

from voicemark.lab.batches.formants import KNOTS_HZ, warp_formants
from voicemark.lab.batches.frames import CHANNELS, FrameAxes, frames_within
from voicemark.lab.batches.fresh import CROP, MOST_BENT, OWN_SPEED, FreshSettings
from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN
from voicemark.lab.batches.on_device.damage import BatchAugmenter
from voicemark.lab.batches.on_device.draw import Draw
from voicemark.lab.batches.on_device.sound import resampled
from voicemark.lab.batches.on_device.stock import Stock
from voicemark.lab.batches.on_device.teacher import DeviceTeacher
from voicemark.lab.batches.sampling import CONTEXT, WINDOW, Batch, SamplingSettings, VoiceBatches
from voicemark.lab.corpus.bank import to_pcm

MARGIN = 1_000  # samples on either side of a crop that feel the ends of what was resampled
AT_ONCE = 32  # crops of one speed


def fresh_settings(sampling: SamplingSettings) -> FreshSettings:
    """Every crop is heard about twice, and crops lie further from the voices that are there than on a processor."""
    return FreshSettings(
        new=max(1, sampling.batch // 2),
        ring=16 * sampling.batch,
        first=8 * sampling.batch,
        speeds=(19, 32),
        other_formants=0.5,
        formants=(0.85, 1.18),
    )


class DeviceVoices(VoiceBatches):
    """`voices` from `device`'s memory. A batch depends on those before it, as in `FreshVoices`."""

    in_processes = False

    def __init__(self, voices: VoiceBatches, teacher: DeviceTeacher, fresh: FreshSettings) -> None:
        super().__init__(
            voices.bank, voices.augmenter, settings=voices.settings, seed=voices.seed, favour=voices.favour
        )
        self.fresh = fresh
        self._teacher = teacher
        self._draw = Draw(teacher.device)
        self._stock = Stock([[voices.bank.pcm(int(k)) for k in clips] for clips in self._clips], teacher.device)
        self._first_clip = torch.tensor([int(clips[0]) for clips in self._clips], device=teacher.device)
        self._weight = torch.from_numpy(self._weights).to(teacher.device)
        self._source = torch.from_numpy(self.source_of).to(teacher.device)
        noise = [
            Stock([[to_pcm(audio)] for audio in kind], teacher.device)
            for kind in (voices.augmenter.music, voices.augmenter.environment)
        ]
        self._augment = BatchAugmenter(noise[0], noise[1], self._stock, self._draw, voices.augmenter.settings)
        self._ring: DeviceRing | None = None

    def __getitem__(self, step: int) -> Batch:
        s, draw = self.settings, self._draw
        draw.restart(self.seed, step)
        speeds = np.random.default_rng([self.seed, step])
        if self._ring is None:
            self._ring = DeviceRing(self._teacher, self.fresh.ring)
            self._renew(max(self.fresh.first, s.batch), speeds)
        self._renew(self.fresh.new, speeds)
        context = CONTEXT if s.context_every and step % s.context_every == s.context_every - 1 else 0
        rows = s.batch - s.noise_windows
        slots = torch.randperm(self._ring.filled, generator=draw.generator, device=draw.device)[:rows]
        limit = torch.full((rows,), CROP - WINDOW + 1, device=draw.device)
        starts = torch.full_like(limit, context) if context else draw.below(limit)
        audio = self._ring.windows(slots, starts, context)
        if context:
            audio = self._among_other_voices(audio, context)
        alone = self._augment.noise_alone(s.noise_windows, audio.shape[1])
        nobody = torch.full((s.noise_windows,), -1, device=draw.device)
        clip = torch.cat((self._first_clip[self._ring.voices[slots]], nobody))
        spoken = clip >= 0
        return Batch(
            audio=torch.cat((self._augment(audio), alone)),
            window=1 if context else 0,
            clip=clip,
            speed=torch.zeros_like(clip),
            voice=torch.full_like(clip, -1),
            speaker=torch.where(spoken, UNKNOWN, NOT_A_VOICE),
            source=torch.where(spoken, self._source[clip.clamp(min=0)], -1),
            positive=torch.full_like(clip, -1),
            target=self._ring.targets[slots],
            hints=self._ring.hints(slots, starts),
        )

    def _renew(self, count: int, speeds: np.random.Generator) -> None:
        """Put `count` new crops into the ring, in place of the oldest."""
        assert self._ring is not None
        voices = self._draw.weighted(self._weight, count)
        crops = [self._crops(part, self.fresh.speed(speeds)) for part in torch.split(voices, AT_ONCE)]
        self._ring.add(voices, torch.cat(crops))

    def _crops(self, voices: Tensor, speed: int) -> Tensor:
        """(n,) → (n, CROP): crops of these voices, played at `speed`, some with their formants moved."""
        f, draw = self.fresh, self._draw
        whole = CROP + 2 * MARGIN
        audio = self._stock.cut(voices, whole * speed // OWN_SPEED, draw)
        audio = resampled(audio, whole)[:, MARGIN : MARGIN + CROP]
        some = draw.some(f.other_formants, len(voices))
        if len(some):
            bent = torch.exp(f.bend * draw.normal(len(some), len(KNOTS_HZ)).clamp(-MOST_BENT, MOST_BENT))
            ratio = draw.between(*f.formants, len(some))[:, None] * bent
            audio = audio.index_copy(0, some, warp_formants(audio[some], ratio))
        return audio

    def _among_other_voices(self, audio: Tensor, context: int) -> Tensor:
        """As `VoiceBatches._among_others`: half of the rows with somebody else, noise or nothing on either side."""
        draw, rows = self._draw, len(audio)
        half = draw.happens(0.5, rows)
        for side in (slice(0, context), slice(WINDOW + context, None)):
            others = self._stock.cut_any(rows, context, draw)
            noise = self._augment.noise_alone(rows, context)
            kind = draw.between(0.0, 1.0, rows)[:, None]
            other = torch.where(kind < 0.6, others, torch.where(kind < 0.85, noise, torch.zeros_like(noise)))
            changed = (half & draw.happens(0.8, rows))[:, None]
            audio[:, side] = torch.where(changed, other, audio[:, side])
        return audio


class DeviceRing:
    """The latest crops as 16-bit samples, with what the teacher said of them and whose they are."""

    def __init__(self, teacher: DeviceTeacher, size: int) -> None:
        self._teacher = teacher
        self._size = size
        self._pcm = torch.zeros(size, CROP, dtype=torch.int16, device=teacher.device)
        self.voices = torch.zeros(size, dtype=torch.long, device=teacher.device)
        self.targets = torch.zeros(0)
        self._frames = torch.zeros(0)
        self._axes: FrameAxes | None = None
        self._added = 0

    @property
    def filled(self) -> int:
        """How many of the first slots hold a crop."""
        return min(self._added, self._size)

    def windows(self, slots: Tensor, starts: Tensor, context: int) -> Tensor:
        """(n, WINDOW + 2 * context) of the crops, `context` samples before `starts`."""
        place = torch.arange(WINDOW + 2 * context, device=slots.device) - context
        return self._pcm[slots[:, None], starts[:, None] + place].float() / 32768.0

    def hints(self, slots: Tensor, starts: Tensor) -> Tensor:
        """(n, CHANNELS, T'): the teacher's frames within the windows that begin at `starts` samples."""
        return frames_within(self._frames[slots], starts, WINDOW, CROP)

    def add(self, voices: Tensor, crops: Tensor) -> None:
        """`crops` (n, CROP) of `voices` (n,); what gets a target of zeros teaches nothing."""
        slots = torch.arange(self._added, self._added + len(crops), device=crops.device) % self._size
        targets, frames = self._teacher.hear(crops)
        if self._axes is None:
            self._axes = FrameAxes(frames)  # fitted on the first crops, which are many
            self._frames = torch.zeros(self._size, CHANNELS, frames.shape[2], dtype=torch.float16, device=crops.device)
            self.targets = torch.zeros(self._size, targets.shape[1], device=crops.device)
        self._pcm[slots] = (crops * 32768.0).round().clamp(-32768, 32767).short()
        self.targets[slots] = targets
        self._frames[slots] = self._axes(frames)
        self.voices[slots] = voices
        self._added += len(crops)
