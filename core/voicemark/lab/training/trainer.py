"""The training loop: batches in, the best network on unheard voices out. It can be stopped and resumed anywhere.

Two stages on one loop. First a teacher's embeddings of clean clips are the target of damaged windows, beside an
angular-margin softmax over the known speakers; then cosine triplets, with violators searched in a bank of
embeddings, pull the space straight where it counts: negatives inside the margin.
"""

import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from voicemark.audio.features import FeatureSettings, LogMel
from voicemark.errors import ModelError
from voicemark.lab.batches.labels import Labels
from voicemark.lab.batches.sampling import Batch, SamplingSettings, VoiceBatches
from voicemark.lab.training.hints import HintHead
from voicemark.lab.training.losses import AngularMarginSoftmax, Projection, distillation_loss, noise_loss, relation_loss
from voicemark.lab.training.optimiser import Kind, Optimiser
from voicemark.lab.training.triplets import EmbeddingBank, Mining, batch_triplets
from voicemark.lab.training.validation import Score, Validation
from voicemark.voice.network import EncoderConfig, SpeakerNet

CHECKPOINT_VERSION = 2


@dataclass(frozen=True)
class TrainingSettings:
    """One stage. Weights of 0 leave a loss out; the triplet loss needs `sampling.per_voice` 2.

    Beside a teacher the margin softmax is best left out of the first stage: its gradient is several times that
    of the distance to the teacher, and a network that must keep a thousand centres apart learns the teacher's
    space five times more slowly (measured; see the model card).
    """

    steps: int = 6_000
    learning_rate: float = 2e-3
    final_rate: float = 0.01  # share of the learning rate at the end; a cosine in between
    warmup: int = 50  # steps
    weight_decay: float = 1e-2
    optimiser: Kind = "adamw"
    clip_gradient: float = 5.0
    distil: float = 5.0
    relation: float = 0.0
    hint: float = 0.0  # needs a teacher that tells its frames
    project_targets: bool = True  # False: the teacher's space is already that of the network
    margin_softmax: float = 0.5
    softmax_margin: float = 0.2
    noise: float = 1.0
    triplet: float = 0.0
    triplet_margin: float = 0.3
    mining: Mining = "bank"
    bank: int = 8_192
    validate_every: int = 500
    checkpoint_every: int = 250
    report_every: int = 50
    half: bool = True  # bfloat16 in the network's layers while training
    threads: int = 1  # of torch on the CPU: with more, small layers wait for each other more than they gain
    workers: int = 1  # processes that prepare batches
    seed: int = 0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)


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
        dim = net.config.dim
        self.softmax = AngularMarginSoftmax(dim, max(1, batches.classes), margin=settings.softmax_margin)
        self.softmax.to(self.device)
        self.projection: Projection | None = None
        if targets is not None and settings.project_targets:
            sources = torch.from_numpy(batches.source_of)
            # fitted at the first speed alone, so that targets of more speeds, or of fresh crops, fit in
            self.projection = Projection(targets[:, 0], sources, dim)
            targets = torch.stack([self.projection(column, sources) for column in targets.unbind(1)], dim=1)
            self.projection.to(self.device)
        self.targets = targets
        self.bank = EmbeddingBank(settings.bank, dim, self.device)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.hint_head = HintHead(net.config.head_channels).to(self.device)
        self.optimiser = Optimiser(self.net, (self.softmax, self.hint_head), settings.optimiser, settings.weight_decay)
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
            hint = self._hint_loss(frames, batch)
        embeddings = F.normalize(every[:, batch.window].float(), dim=1)  # (n, dim)
        losses, zero_share = self._losses(embeddings, batch)
        if hint is not None:
            losses["hint"] = s.hint * hint
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), s.clip_gradient)
        self.optimiser.step(s.learning_rate * rate(self.step, s))
        return {name: value.item() for name, value in losses.items()}, zero_share

    def _hint_loss(self, frames: Tensor, batch: Batch) -> Tensor | None:
        """How far the student's frames (n, C, T) are from what the teacher said of the window that is meant."""
        if not self.settings.hint or batch.hints is None:
            return None
        c = self.net.config
        per_hop = c.frames_per_hop // c.stride
        first = batch.window * per_hop
        own = frames[torch.nonzero(batch.clip >= 0).flatten(), :, first : first + c.hops_per_window * per_hop]
        loss: Tensor = self.hint_head(own, batch.hints.to(self.device))
        return loss

    def _losses(self, embeddings: Tensor, batch: Batch) -> tuple[dict[str, Tensor], float | None]:
        """Weighted losses by name."""
        s = self.settings
        losses: dict[str, Tensor] = {}
        zero_share = None
        spoken = torch.nonzero(batch.clip >= 0).flatten()
        voices = embeddings[spoken]
        if self.targets is not None and (s.distil or s.relation):
            targets = self._targets_of(batch, spoken).to(self.device)
            heard = targets.square().sum(1) > 0
            if s.distil:
                losses["distil"] = s.distil * distillation_loss(voices[heard], targets[heard])
            if s.relation:
                losses["relation"] = s.relation * relation_loss(voices[heard], targets[heard])
        known = torch.nonzero(batch.voice >= 0).flatten()
        if s.margin_softmax and len(known):
            labels = batch.voice[known].to(self.device)
            losses["softmax"] = s.margin_softmax * self.softmax(embeddings[known], labels)
        if s.noise:
            silent = torch.nonzero(batch.clip < 0).flatten()
            losses["noise"] = s.noise * noise_loss(embeddings[silent], voices)
        if s.triplet:
            labels_of = Labels(batch.speaker.to(self.device), batch.source.to(self.device))
            result = batch_triplets(
                embeddings,
                labels_of,
                batch.positive.to(self.device),
                s.mining,
                self.bank,
                self.generator,
                s.triplet_margin,
            )
            losses["triplet"] = s.triplet * result.loss
            zero_share = result.zero_share
            self.bank.add(embeddings, labels_of)
        if not losses:
            raise ModelError("nothing to learn: every loss has weight 0, or needs labels or a teacher")
        return losses, zero_share

    def _targets_of(self, batch: Batch, spoken: Tensor) -> Tensor:
        """(voices, dim): what the teacher said of these very crops, or of the clips that they are from."""
        if batch.target is None:
            assert self.targets is not None
            return self.targets[batch.clip[spoken].cpu(), batch.speed[spoken].cpu()]
        if self.projection is None:
            return batch.target
        sources = batch.source[spoken].to(self.device)
        return self.projection(batch.target.to(self.device), sources)

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
        contents, speaker, source = self._bank_state()
        part = self.checkpoint.with_name(f"{self.checkpoint.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        torch.save(
            {
                "version": CHECKPOINT_VERSION,
                "settings": asdict(self.settings),
                "network": asdict(self.net.config),
                "step": self.step,
                "net": self.net.state_dict(),
                "softmax": self.softmax.state_dict(),
                "hint_head": self.hint_head.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "generator": self.generator.get_state(),
                "bank": (contents, speaker, source),
                "best": self.best,
                "best_score": self.best_score,
            },
            part,
        )
        part.replace(self.checkpoint)

    def _bank_state(self) -> tuple[Tensor, Tensor, Tensor]:
        contents, labels = self.bank.ordered()
        return contents, labels.speaker, labels.source

    def resume(self) -> bool:
        """Go on from the checkpoint; False when there is none.

        Raises ModelError when it is unreadable or belongs to other settings (steps may differ).
        """
        if self.checkpoint is None or not self.checkpoint.is_file():
            return False
        try:
            saved: dict[str, Any] = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            if saved["version"] != CHECKPOINT_VERSION or saved["network"] != asdict(self.net.config):
                raise ModelError("checkpoint of another version or network", path=self.checkpoint)
            self.net.load_state_dict(saved["net"])
            self.softmax.load_state_dict(saved["softmax"])
            self.hint_head.load_state_dict(saved["hint_head"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.generator.set_state(saved["generator"])
            contents, speaker, source = saved["bank"]
        except (OSError, RuntimeError, KeyError, ValueError, EOFError, UnpicklingError) as error:
            raise ModelError(f"checkpoint cannot be used: {error}", path=self.checkpoint) from error
        if len(contents):
            self.bank.add(contents.to(self.device), Labels(speaker.to(self.device), source.to(self.device)))
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


def triplet_stage(settings: TrainingSettings, steps: int, learning_rate: float = 3e-4) -> TrainingSettings:
    """The second stage of a run: triplets with mined violators beside the first stage's losses."""
    return replace(
        settings,
        steps=steps,
        learning_rate=learning_rate,
        warmup=20,
        optimiser="adamw",
        hint=0.0,
        triplet=2.0,
        sampling=replace(settings.sampling, per_voice=2),
    )
