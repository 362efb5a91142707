"""Filters take orthogonal steps, everything else AdamW's; the network's own tensors move."""

import copy

import pytest
import torch
from torch import nn

from voicemark.lab.training.optimiser import Kind, Optimiser


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(6, 8, 3), nn.BatchNorm1d(8), nn.Flatten(), nn.Linear(8 * 4, 5))


def learn(network: nn.Module, optimiser: Optimiser, steps: int) -> None:
    torch.manual_seed(1)
    inputs = torch.randn(16, 6, 6)
    for _ in range(steps):
        network(inputs).square().sum().backward()
        optimiser.step(1e-2)


def orthogonal(gradient: torch.Tensor) -> torch.Tensor:
    """The nearest matrix with orthonormal rows, by its singular vectors: what Muon's iteration is after."""
    u, _, v = torch.linalg.svd(gradient, full_matrices=False)
    nearest: torch.Tensor = u @ v
    return nearest


def test_a_filters_step_is_its_gradient_made_orthogonal() -> None:
    network = net()
    weight = network.get_parameter("0.weight")
    before = weight.detach().clone()
    inputs = torch.randn(16, 6, 6)
    network(inputs).square().sum().backward()
    assert weight.grad is not None
    direction = orthogonal(weight.grad.view(8, -1))
    Optimiser(network, (), "muon", weight_decay=0.0).step(1e-2)
    step = (before - weight.detach()).view(8, -1)
    assert float(torch.nn.functional.cosine_similarity(step.flatten(), direction.flatten(), dim=0)) > 0.95
    values = torch.linalg.svdvals(step)
    assert values.max() < 2 * values.min()  # five iterations of Newton and Schulz leave them near 1
    assert step.square().mean().sqrt() == pytest.approx(0.2 * 1e-2, rel=0.35)  # the size of a step of AdamW


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_every_parameter_moves_and_gradients_are_forgotten(kind: Kind) -> None:
    network, head = net(), nn.Linear(2, 2)
    before = copy.deepcopy(network.state_dict())
    optimiser = Optimiser(network, (head,), kind, weight_decay=1e-2)
    learn(network, optimiser, 1)
    after = network.state_dict()
    assert all(not torch.equal(before[name], after[name]) for name, _ in network.named_parameters())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_adamw_is_torchs() -> None:
    network = net()
    other = copy.deepcopy(network)
    learn(network, Optimiser(network, (), "adamw", weight_decay=0.1), 3)
    plain = torch.optim.AdamW(
        [
            {"params": [p for p in other.parameters() if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in other.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=1e-2,
    )
    torch.manual_seed(1)
    inputs = torch.randn(16, 6, 6)
    for _ in range(3):
        plain.zero_grad()
        other(inputs).square().sum().backward()
        plain.step()
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_stored_state_goes_on_as_if_nothing_had_been(kind: Kind) -> None:
    network = net()
    optimiser = Optimiser(network, (), kind, weight_decay=1e-2)
    learn(network, optimiser, 3)
    other = copy.deepcopy(network)
    taken_up = Optimiser(other, (), kind, weight_decay=1e-2)
    taken_up.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    learn(network, optimiser, 2)
    learn(other, taken_up, 2)
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def test_a_state_of_the_other_kind_is_refused() -> None:
    network = net()
    with pytest.raises(ValueError):
        Optimiser(network, (), "muon", 0.0).load_state_dict(Optimiser(network, (), "adamw", 0.0).state_dict())
