"""The training loop: batches in, the best network on unheard voices out. It can be stopped and resumed anywhere.

Two stages on one loop. First a teacher's embeddings of clean clips are the target of damaged windows, beside an
angular-margin softmax over the known speakers; then cosine triplets, with violators searched in a bank of
embeddings, pull the space straight where it counts: negatives inside the margin.
"""

import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from voicemark.audio.features import FeatureSettings, LogMel
from voicemark.lab.batches.labels import Labels
from voicemark.lab.batches.sampling import Batch, VoiceBatches
from voicemark.lab.training.checkpoint import load_checkpoint, save_checkpoint, unusable
from voicemark.lab.training.objective import Objective
from voicemark.lab.training.optimiser import Optimiser
from voicemark.lab.training.settings import TrainingSettings
from voicemark.lab.training.validation import Score, Validation
from voicemark.voice.network import EncoderConfig, SpeakerNet

CHECKPOINT_VERSION = 2


@dataclass(frozen=True)
class Report:
    """What the loop tells as it goes: mean losses since the last report; a score when one was taken."""

    step: int
    steps: int
    losses: dict[str, float]
    zero_share: float | None = None
    score: Score | None = None
    best: bool = False


class _Steps(Sampler[int]):
    """The steps still to do, in order."""

    def __init__(self, first: int, end: int) -> None:
        self._steps = range(first, end)

    def __iter__(self) -> Any:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)


class Trainer:
    """One network on its way. `targets` (clips, speeds, teacher_dim), zeros where the teacher heard nothing.

    `checkpoint` is where progress is kept (None keeps none); `best` of the returned run is the state with the
    lowest mean EER of `validation`, or the last one without validation.
    """

    def __init__(
        self,
        net: SpeakerNet,
        batches: VoiceBatches,
        settings: TrainingSettings,
        *,
        features: FeatureSettings | None = None,
        targets: Tensor | None = None,
        validation: Validation | None = None,
        checkpoint: Path | None = None,
        device: str | torch.device = "cpu",
        report: Callable[[Report], None] | None = None,
    ) -> None:
        seed_everything(settings.seed)
        if torch.device(device).type == "cpu":
            torch.set_num_threads(settings.threads)
        self.settings = settings
        self.batches = batches
        self.validation = validation
        self.checkpoint = checkpoint
        self.device = torch.device(device)
        self.report = report or (lambda _: None)
        self.net = net.to(self.device).train()
        self.log_mel = LogMel(features).to(self.device)
        self.objective = Objective(self.net, batches, settings, targets, self.device)
        self.optimiser = Optimiser(self.net, self.objective.learning, settings.optimiser, settings.weight_decay)
        self.step = 0
        self.best_score = math.inf
        self.best: dict[str, Tensor] = {}

    def run(self) -> dict[str, Tensor]:
        """Train to the last step and return the best state of the network."""
        s = self.settings
        workers = s.workers if self.batches.in_processes else 0
        loader = DataLoader(
            self.batches,
            batch_size=None,
            sampler=_Steps(self.step, s.steps),
            num_workers=workers,
            prefetch_factor=4 if workers else None,
        )
        sums: dict[str, float] = {}
        zero_shares: list[float] = []
        for batch in loader:
            losses, zero_share = self._update(batch)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            if zero_share is not None:
                zero_shares.append(zero_share)
            self.step += 1
            last = self.step == s.steps
            score = None
            better = False
            if self.validation is not None and (self.step % s.validate_every == 0 or last):
                score = self.validation(self.net)
                better = self._keep(score)
            if self.step % s.checkpoint_every == 0 or last:
                self.save()
            if score is not None or self.step % s.report_every == 0 or last:
                count = self.step % s.report_every or s.report_every
                means = {name: value / count for name, value in sums.items()}
                share = sum(zero_shares) / len(zero_shares) if zero_shares else None
                self.report(Report(self.step, s.steps, means, share, score, better))
                if self.step % s.report_every == 0:
                    sums, zero_shares = {}, []
        return self.best or self._state()

    def _update(self, batch: Batch) -> tuple[dict[str, float], float | None]:
        """One step of the optimiser; the losses by name, and the share of zero-loss triplets if there are any."""
        s = self.settings
        with torch.no_grad():
            mel = self.log_mel(batch.audio.to(self.device))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=s.half):
            frames = self.net.frames(mel)
            every = self.net.windows(frames)  # (n, windows, dim)
        embeddings = F.normalize(every[:, batch.window].float(), dim=1)  # (n, dim)
        losses, zero_share = self.objective(frames, embeddings, batch)
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), s.clip_gradient)
        self.optimiser.step(s.learning_rate * rate(self.step, s))
        return {name: value.item() for name, value in losses.items()}, zero_share

    def _keep(self, score: Score) -> bool:
        if score.mean >= self.best_score:
            return False
        self.best_score = score.mean
        self.best = self._state()
        return True

    def _state(self) -> dict[str, Tensor]:
        return {name: tensor.detach().cpu().clone() for name, tensor in self.net.state_dict().items()}

    def save(self) -> None:
        """Write the checkpoint, in one step."""
        if self.checkpoint is None:
            return
        contents, labels = self.objective.bank.ordered()
        state = {
            "settings": asdict(self.settings),
            "step": self.step,
            "net": self.net.state_dict(),
            "softmax": self.objective.softmax.state_dict(),
            "hint_head": self.objective.hint_head.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.objective.generator.get_state(),
            "bank": (contents, labels.speaker, labels.source),
            "best": self.best,
            "best_score": self.best_score,
        }
        save_checkpoint(self.checkpoint, CHECKPOINT_VERSION, asdict(self.net.config), state)

    def resume(self) -> bool:
        """Go on from the checkpoint; False when there is none.

        Raises ModelError when it is unreadable or belongs to other settings (steps may differ).
        """
        saved = load_checkpoint(self.checkpoint, CHECKPOINT_VERSION, asdict(self.net.config))
        if saved is None or self.checkpoint is None:
            return False
        try:
            self.net.load_state_dict(saved["net"])
            self.objective.softmax.load_state_dict(saved["softmax"])
            self.objective.hint_head.load_state_dict(saved["hint_head"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.objective.generator.set_state(saved["generator"])
            contents, speaker, source = saved["bank"]
        except (RuntimeError, KeyError, ValueError) as error:
            raise unusable(self.checkpoint, error) from error
        if len(contents):
            labels = Labels(speaker.to(self.device), source.to(self.device))
            self.objective.bank.add(contents.to(self.device), labels)
        self.step, self.best, self.best_score = saved["step"], saved["best"], saved["best_score"]
        return True


def rate(step: int, settings: TrainingSettings) -> float:
    """Share of the learning rate at `step`: a linear rise, then a cosine down to `final_rate`."""
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return settings.final_rate + (1 - settings.final_rate) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def seed_everything(seed: int) -> None:
    """Every source of randomness that training uses."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def new_network(config: EncoderConfig | None = None, seed: int = 0) -> SpeakerNet:
    """An untrained network whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return SpeakerNet(config)


def initialise(net: SpeakerNet, tensors: dict[str, Tensor]) -> int:
    """Take over the tensors whose names and shapes fit (an autoencoder's, a smaller model's); returns how many."""
    own = net.state_dict()
    fitting = {name: t.float() for name, t in tensors.items() if name in own and own[name].shape == t.shape}
    net.load_state_dict({**own, **fitting})
    return len(fitting)
