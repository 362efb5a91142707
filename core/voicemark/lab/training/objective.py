"""What a stage learns towards: the losses of one batch, weighted, and the layers and memory that they need.

A teacher's embeddings (distance, similarities of the batch, frames as hints), known speakers (angular-margin softmax),
windows without a voice, triplets with mined violators: each where its weight in the settings is not 0.
"""

import torch
from torch import Tensor

from voicemark.errors import ModelError
from voicemark.lab.batches.labels import Labels
from voicemark.lab.batches.sampling import Batch, VoiceBatches
from voicemark.lab.training.hints import HintHead
from voicemark.lab.training.losses import AngularMarginSoftmax, Projection, distillation_loss, noise_loss, relation_loss
from voicemark.lab.training.settings import TrainingSettings
from voicemark.lab.training.triplets import EmbeddingBank, batch_triplets
from voicemark.voice.network import SpeakerNet


class Objective:
    """The losses of `settings` for `net`'s embeddings on `device`.

    `targets` (clips, speeds, teacher_dim), zeros where the teacher heard nothing; they are brought into the network's
    space here, and stay in `self.targets`.
    """

    def __init__(
        self,
        net: SpeakerNet,
        batches: VoiceBatches,
        settings: TrainingSettings,
        targets: Tensor | None,
        device: torch.device,
    ) -> None:
        self.net = net
        self.settings = settings
        self.device = device
        dim = net.config.dim
        self.softmax = AngularMarginSoftmax(dim, max(1, batches.classes), margin=settings.softmax_margin)
        self.softmax.to(device)
        self.projection: Projection | None = None
        if targets is not None and settings.project_targets:
            sources = torch.from_numpy(batches.source_of)
            # fitted at the first speed alone, so that targets of more speeds, or of fresh crops, fit in
            self.projection = Projection(targets[:, 0], sources, dim)
            targets = torch.stack([self.projection(column, sources) for column in targets.unbind(1)], dim=1)
            self.projection.to(device)
        self.targets = targets
        self.bank = EmbeddingBank(settings.bank, dim, device)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.hint_head = HintHead(net.config.head_channels).to(device)

    @property
    def learning(self) -> tuple[torch.nn.Module, ...]:
        """The layers that learn beside the network and are forgotten with the stage."""
        return self.softmax, self.hint_head

    def __call__(self, frames: Tensor, embeddings: Tensor, batch: Batch) -> tuple[dict[str, Tensor], float | None]:
        """Weighted losses by name, and the share of zero-loss triplets where there are any.

        `frames` (n, C, T) are the network's before pooling, `embeddings` (n, dim) have length 1. ModelError where
        nothing is to be learnt.
        """
        losses, zero_share = self._losses(embeddings, batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.half):  # as the frames were made
            hint = self._hint_loss(frames, batch)
        if hint is not None:
            losses["hint"] = self.settings.hint * hint
        return losses, zero_share

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
