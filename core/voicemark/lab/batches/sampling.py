"""Which windows make a training batch: voices drawn by weight, windows cut, damaged, and labelled.

A batch is a pure function of the seed and the step, so a run that was interrupted goes on as if it had not been.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from voicemark.lab.batches.augment import SPEEDS, Augmenter, change_speed
from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN
from voicemark.lab.corpus.bank import AudioBank, BankEntry
from voicemark.lab.corpus.mixing import Audio, rms

WINDOW = 32_000  # samples
CONTEXT = 8_000  # samples on either side, in the batches that have any
ENOUGH = 96_000  # samples: a clip of an unknown speaker of this length counts in full
QUIET = 0.3  # of its clip's level: a window below it is drawn again


@dataclass(frozen=True)
class SamplingSettings:
    """How batches are made up."""

    batch: int = 64
    noise_windows: int = 3  # of these, without any voice
    per_voice: int = 1  # windows of each voice that is drawn; 2 where triplets need a positive
    original_speed: float = 0.6  # share of windows at their own speed; the others are spread evenly
    unlabelled_weight: float = 0.35  # of a clip of an unknown speaker, against 1 of a speaker; less for short ones
    context_every: int = 3  # every third batch shows windows within their neighbourhood, the others alone


@dataclass(frozen=True)
class Batch:
    """n windows and what is known of them. `window` is which of the audio's windows is meant."""

    audio: Tensor  # (n, samples)
    window: int
    clip: Tensor  # (n,) index in the bank; -1 where there is no voice
    speed: Tensor  # (n,) index in the speeds
    voice: Tensor  # (n,) class, or -1 where the speaker is unknown or there is none
    speaker: Tensor  # (n,) index, UNKNOWN or NOT_A_VOICE
    source: Tensor  # (n,) index
    positive: Tensor  # (n,) row of another window of the same voice, or -1
    target: Tensor | None = None  # (voices, teacher_dim) of the rows that hold a voice, where a teacher heard these
    hints: Tensor | None = None  # (voices, channels, frames): the teacher's frames within the window that is meant

    def with_targets(self, targets: Tensor, hints: Tensor | None, speaker: int) -> "Batch":
        """With `targets` (voices, teacher_dim) and perhaps `hints`, and `speaker` for whoever speaks."""
        spoken = self.clip >= 0
        return replace(
            self,
            target=targets,
            hints=hints,
            speaker=torch.where(spoken, speaker, self.speaker),
            voice=torch.full_like(self.voice, -1),
        )


class VoiceBatches(Dataset[Batch]):
    """`self[step]` is the batch of that step. Classes number every known speaker at every speed."""

    in_processes = True  # whether other processes than the training's own can prepare batches

    def __init__(
        self,
        bank: AudioBank,
        augmenter: Augmenter,
        *,
        speeds: Sequence[float] = (1.0,),
        settings: SamplingSettings | None = None,
        seed: int = 0,
        favour: Set[str] = frozenset(),
    ) -> None:
        """`favour`: speakers that together are drawn as often as all others."""
        self.bank = bank
        self.favour = frozenset(favour)
        self.augmenter = augmenter
        self.speeds = [speed for speed in speeds if speed in SPEEDS]
        self.settings = settings or SamplingSettings()
        self.seed = seed
        names = sorted({entry.speaker for entry in bank.entries if entry.speaker})
        sources = sorted({entry.source for entry in bank.entries})
        self.speaker_of = np.array([names.index(e.speaker) if e.speaker else UNKNOWN for e in bank.entries])
        self.source_of = np.array([sources.index(e.source) for e in bank.entries])
        clips: dict[int, list[int]] = defaultdict(list)
        for index, speaker in enumerate(self.speaker_of):
            clips[int(speaker) if speaker >= 0 else -10 - index].append(index)
        self._clips = [np.array(members) for members in clips.values()]
        weights = np.array(
            [1.0 if key >= 0 else self._unlabelled(bank.entries[members[0]]) for key, members in clips.items()]
        )
        favoured = np.array([key >= 0 and names[key] in self.favour for key in clips])
        if favoured.any() and not favoured.all():
            weights[favoured] *= weights[~favoured].sum() / weights[favoured].sum()
        self._weights = weights / weights.sum()
        self.speakers = len(names)

    def _unlabelled(self, entry: BankEntry) -> float:
        return self.settings.unlabelled_weight * min(1.0, entry.samples / ENOUGH)

    def with_settings(self, settings: SamplingSettings) -> "VoiceBatches":
        """The same voices, drawn in another way."""
        return VoiceBatches(
            self.bank,
            self.augmenter,
            speeds=self.speeds,
            settings=settings,
            seed=self.seed,
            favour=self.favour,
        )

    @property
    def classes(self) -> int:
        return self.speakers * len(self.speeds)

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, step: int) -> Batch:
        s = self.settings
        rng = np.random.default_rng([self.seed, step])
        context = CONTEXT if s.context_every and step % s.context_every == s.context_every - 1 else 0
        voices = (s.batch - s.noise_windows) // s.per_voice
        drawn = rng.choice(len(self._clips), voices, replace=voices > len(self._clips), p=self._weights)
        rows: list[tuple[Audio, int, int, int]] = []  # audio, clip, speed, positive row
        for members in drawn:
            other = (1 - s.original_speed) / max(1, len(self.speeds) - 1)
            shares = np.array([s.original_speed if v == 1.0 else other for v in self.speeds])
            speed = int(rng.choice(len(self.speeds), p=shares / shares.sum()))
            for copy in range(s.per_voice):
                clip = int(rng.choice(self._clips[members]))
                audio = self.augmenter(self._window(clip, self.speeds[speed], context, rng), rng)
                row = len(rows)
                rows.append((audio, clip, speed, (row ^ 1) if s.per_voice == 2 and copy < 2 else -1))
        for _ in range(s.noise_windows):
            rows.append((self.augmenter.noise_alone(WINDOW + 2 * context, rng), -1, 0, -1))
        return self._collate(rows, context, rng)

    def _collate(self, rows: Sequence[tuple[Audio, int, int, int]], context: int, rng: np.random.Generator) -> Batch:
        clip = np.array([row[1] for row in rows])
        speed = np.array([row[2] for row in rows])
        speaker = np.where(clip >= 0, self.speaker_of[clip], NOT_A_VOICE)
        voice = np.where(speaker >= 0, speaker * len(self.speeds) + speed, -1)
        return Batch(
            torch.from_numpy(self.augmenter.coded(np.stack([row[0] for row in rows]), rng)),
            1 if context else 0,
            torch.from_numpy(clip),
            torch.from_numpy(speed),
            torch.from_numpy(voice),
            torch.from_numpy(speaker),
            torch.from_numpy(np.where(clip >= 0, self.source_of[clip], -1)),
            torch.tensor([row[3] for row in rows]),
        )

    def _window(self, clip: int, speed: float, context: int, rng: np.random.Generator) -> Audio:
        """A window of `clip` with `context` samples on either side: of the same voice, or of what came between."""
        if not context:
            return self._cut(clip, speed, WINDOW, rng)
        return self._among_others(self._cut(clip, speed, WINDOW + 2 * context, rng), context, rng)

    def _among_others(self, whole: Audio, context: int, rng: np.random.Generator) -> Audio:
        """`whole`, or in half of the cases its middle with somebody else, noise or nothing on either side."""
        if rng.random() < 0.5:
            whole = whole.copy()
            for side in (slice(0, context), slice(WINDOW + context, None)):
                whole[side] = self._neighbour(context, rng) if rng.random() < 0.8 else whole[side]
        return whole

    def _neighbour(self, samples: int, rng: np.random.Generator) -> Audio:
        kind = rng.random()
        if kind < 0.6:
            return self._cut(int(rng.integers(len(self.bank))), 1.0, samples, rng)
        if kind < 0.85:
            return self.augmenter.noise_alone(samples, rng)
        return np.zeros(samples, np.float32)

    def _cut(self, clip: int, speed: float, samples: int, rng: np.random.Generator) -> Audio:
        """`samples` samples at `speed`; clips too short are continued with others of the same voice, or repeated."""
        need = int(np.ceil(samples * speed)) + 64
        parts: list[NDArray[np.float32]] = []
        have = 0
        members = self._members(clip)
        while have < need:
            entry = self.bank.entries[clip]
            take = min(entry.samples, need - have)
            part = self.bank.audio(clip, int(rng.integers(0, entry.samples - take + 1)), take)
            for _ in range(2):  # rather not a pause
                if rms(part) > QUIET * self._level(clip):
                    break
                part = self.bank.audio(clip, int(rng.integers(0, entry.samples - take + 1)), take)
            parts.append(part)
            have += take
            clip = int(rng.choice(members))
        audio = np.concatenate(parts) if len(parts) > 1 else parts[0]
        result = change_speed(audio, speed)[:samples]
        return result if len(result) == samples else np.pad(result, (0, samples - len(result)))

    def _members(self, clip: int) -> NDArray[np.int64]:
        speaker = self.speaker_of[clip]
        if speaker < 0:
            return np.array([clip])
        return np.flatnonzero(self.speaker_of == speaker)

    def _level(self, clip: int) -> float:
        entry = self.bank.entries[clip]
        middle = max(0, entry.samples // 2 - 32_000)
        return rms(self.bank.audio(clip, middle, 64_000))
