"""Losses against their formulas."""

import math

import torch
import torch.nn.functional as F

from voicemark.lab.training.losses import AngularMarginSoftmax, Projection, distillation_loss, noise_loss, relation_loss


def unit(n: int, dim: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_margin_is_added_to_the_angle_of_the_own_class() -> None:
    torch.manual_seed(0)
    softmax = AngularMarginSoftmax(6, 4, margin=0.3, scale=10.0)
    embeddings, own = unit(5, 6), torch.tensor([0, 1, 2, 3, 1])
    centres = F.normalize(softmax.centres, dim=1).detach()
    total = 0.0
    for row, label in enumerate(own.tolist()):
        angles = [math.acos(max(-1.0, min(1.0, (embeddings[row] @ centre).item()))) for centre in centres]
        logits = [10.0 * math.cos(a + (0.3 if k == label else 0.0)) for k, a in enumerate(angles)]
        total += math.log(sum(math.exp(x) for x in logits)) - logits[label]
    assert abs(softmax(embeddings, own).item() - total / 5) < 1e-3


def test_a_margin_makes_the_loss_larger() -> None:
    torch.manual_seed(0)
    softmax = AngularMarginSoftmax(6, 4, margin=0.0)
    embeddings, own = unit(5, 6), torch.tensor([0, 1, 2, 3, 1])
    without = softmax(embeddings, own).item()
    softmax.margin = 0.2
    assert float(softmax(embeddings, own)) > without


def test_distillation_is_one_minus_the_mean_cosine() -> None:
    targets = unit(4, 5)
    assert float(distillation_loss(targets, targets)) < 1e-6
    assert abs(float(distillation_loss(-targets, targets)) - 2.0) < 1e-5


def test_a_batch_of_silence_teaches_nothing_and_spoils_nothing() -> None:
    silence = torch.zeros(0, 5, requires_grad=True)
    for loss in (distillation_loss(silence, torch.zeros(0, 5)), relation_loss(silence, torch.zeros(0, 5))):
        assert loss.item() == 0.0
        loss.backward()


def test_relations_do_not_mind_a_rotation() -> None:
    targets = unit(6, 5)
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(3))).Q
    assert float(relation_loss(targets @ rotation, targets)) < 1e-10
    other = unit(6, 5, 1)
    pairs = [float(other[i] @ other[j] - targets[i] @ targets[j]) ** 2 for i in range(6) for j in range(6) if i != j]
    assert abs(float(relation_loss(other, targets)) - sum(pairs) / 30) < 1e-5


def test_noise_near_a_voice_costs_and_far_away_does_not() -> None:
    voices = torch.eye(3, 6)
    assert float(noise_loss(torch.eye(6)[3:5], voices)) == 0.0
    assert abs(float(noise_loss(torch.eye(6)[:1], voices)) - 0.9 / 3) < 1e-6
    assert float(noise_loss(torch.zeros(0, 6), voices)) == 0.0


ONE_SOURCE = torch.zeros(200, dtype=torch.long)


def test_projection_keeps_cosines_of_data_that_fits() -> None:
    basis = torch.linalg.qr(torch.randn(20, 8, generator=torch.Generator().manual_seed(1))).Q
    targets = F.normalize(torch.randn(200, 8, generator=torch.Generator().manual_seed(2)) @ basis.T, dim=1)
    projection = Projection(targets, ONE_SOURCE, 8)
    centred = F.normalize(targets - targets.mean(0), dim=1)
    projected = projection(targets, ONE_SOURCE)
    torch.testing.assert_close(projected @ projected.T, centred @ centred.T, rtol=1e-3, atol=1e-3)
    assert projection.kept > 0.999


def test_projection_leaves_silence_at_zero_and_fills_up_dimensions() -> None:
    targets = torch.cat((unit(30, 4), torch.zeros(2, 4)))
    projected = Projection(targets, ONE_SOURCE[:32], 10)(targets, ONE_SOURCE[:32])
    assert projected.shape == (32, 10)
    assert torch.all(projected[30:] == 0)
    torch.testing.assert_close(projected[:30].norm(dim=1), torch.ones(30))


def test_projection_forgets_which_source_a_clip_is_from() -> None:
    sources = torch.arange(2).repeat_interleave(1_000)
    voices = unit(1_000, 6).repeat(2, 1)
    targets = voices + torch.tensor([[3.0] + [0.0] * 5, [0.0] * 5 + [3.0]])[sources]
    projected = Projection(targets, sources, 6)(targets, sources)
    across = (projected[:1_000] * projected[1_000:]).sum(1)  # the same voice in both sources
    assert float(across.min()) > 0.95
