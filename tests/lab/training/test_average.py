"""Means of networks and outputs side by side, on networks small enough to check by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.networks import tiny
from torch import Tensor

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.lab.training.average import average, cut, side_by_side, whiten_outputs
from voicemark.lab.training.trainer import new_network
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet
from voicemark.voice.weights import ModelFile

TINY = tiny(6)


def model(seed: int, dim: int = 6, **about: str) -> ModelFile:
    net = new_network(replace(TINY, dim=dim), seed)
    return weights.packed(net, FeatureSettings(), WindowGrid(), about=about)


def outputs(net: SpeakerNet, seed: int = 0, rows: int = 3) -> Tensor:
    """(rows, dim), not normalised."""
    mel = torch.randn(rows, 80, 160, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        return net.windows(net.frames(mel))[:, 0].clone()


def test_a_mean_is_the_mean_of_every_tensor_by_its_share() -> None:
    models = [model(seed) for seed in range(3)]
    mean = average(models, [2, 1, 1])
    for name, tensor in mean.tensors.items():
        naive = (2 * models[0].tensors[name].float() + models[1].tensors[name] + models[2].tensors[name]) / 4
        torch.testing.assert_close(tensor.float(), naive, rtol=2e-3, atol=1e-4)
    assert mean.model_id in weights.packed(mean.build(), mean.features, mean.grid).model_id
    assert mean.about["made"].startswith(f"mean of 0.50 {models[0].model_id}, 0.25")


def test_the_mean_of_one_network_with_itself_is_that_network() -> None:
    one = model(3)
    assert average([one, one, one]).model_id == one.model_id


@pytest.mark.parametrize(
    ("models", "shares", "words"),
    [
        ([model(0), model(1, dim=5)], None, "different dimensions"),
        ([model(0), replace(model(1), features=FeatureSettings(f_max=7_000.0))], None, "other features"),
        ([model(0), model(1, whitened="within")], None, "whitened apart"),
        ([model(0), model(1)], [1.0], "as many shares"),
        ([model(0), model(1)], [1.0, 0.0], "shares above 0"),
        ([], None, "no weights"),
    ],
)
def test_what_has_no_mean_is_refused(models: list[ModelFile], shares: list[float] | None, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        average(models, shares)


def test_outputs_side_by_side_are_those_of_each_on_one_trunk() -> None:
    first = model(0)
    other = replace(model(1, dim=4), tensors={**first.tensors})
    other.tensors["affine.weight"] = torch.randn(4, first.tensors["affine.weight"].shape[1]).half()
    other.tensors["affine.bias"] = torch.randn(4).half()
    both = outputs(side_by_side([first, other]))
    torch.testing.assert_close(both[:, :6], outputs(first.build()))
    torch.testing.assert_close(both[:, 6:], outputs(other.build()))


def test_networks_that_differ_below_their_outputs_cannot_be_joined() -> None:
    wider = weights.packed(new_network(replace(TINY, head_channels=9)), FeatureSettings(), WindowGrid())
    with pytest.raises(ModelError, match="more than their outputs"):
        side_by_side([model(0), wider])


def test_only_the_outputs_that_are_named_are_whitened() -> None:
    net = model(0).build()
    before, voices = outputs(net, rows=60), torch.arange(60) % 6
    whiten_outputs(net, before, voices, slice(2, 5), shrink=0.0)
    after = outputs(net, rows=60)
    torch.testing.assert_close(after[:, [0, 1, 5]], before[:, [0, 1, 5]], rtol=1e-3, atol=1e-4)
    part = after[:, 2:5].double()
    rest = part - torch.stack([part[voices == voice].mean(0) for voice in range(6)])[voices]
    within = rest.T @ rest / (60 - 6)
    torch.testing.assert_close(within / within.diagonal().mean(), torch.eye(3).double(), rtol=0, atol=0.02)


def test_a_cut_keeps_the_axes_on_which_voices_differ() -> None:
    net = model(0).build()
    rows = outputs(net, rows=40)
    voices = np.arange(40) % 8
    smaller = cut(net, rows, voices, 3)
    assert smaller.config == replace(TINY, dim=3)
    kept = outputs(smaller, rows=40)

    def between(values: Tensor) -> float:
        means = torch.stack([values[torch.from_numpy(voices == voice)].mean(0) for voice in range(8)])
        return float((means - means.mean(0)).square().sum())

    means = torch.stack([rows[torch.from_numpy(voices == voice)].mean(0) for voice in range(8)])
    singular = torch.linalg.svdvals(means - means.mean(0))
    assert between(kept) == pytest.approx(float(singular[:3].square().sum()), rel=1e-3)
    assert between(kept) > between(rows[:, :3])
    with pytest.raises(ModelError, match="do not tell 7 axes"):
        cut(net, rows, voices, 7)
    with pytest.raises(ModelError, match="2 voices"):
        cut(net, rows, voices % 2, 3)
