"""One network of several: means of runs that share an ancestor, and outputs of two of them side by side.

Networks that went on from the same weights lie in one basin, so the mean of their weights is a network that is as good
as the better of them, mostly better (Wortsman et al., "Model soups", ICML 2022). Runs that learnt other outputs on such
trunks keep these: they are laid side by side on the mean trunk, made comparable by whitening each, and cut to the axes
along which voices differ most. All of it ends in the affine layer, so it costs nothing afterwards.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.errors import ModelError
from voicemark.lab.backend.wccn import fold, within_class_whitening
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet
from voicemark.voice.weights import ModelFile

AFFINE = ("affine.weight", "affine.bias")


def average(models: Sequence[ModelFile], shares: Sequence[float] | None = None) -> ModelFile:
    """The mean of the networks, each by its share (equal ones if None); without background or cohort.

    Raises ModelError where their dimensions, features or windows differ, or how they were whitened: each whitening
    leads to a space of its own.
    """
    parts = _parts(models, shares)
    if len({model.about.get("whitened") for model in models}) > 1:
        raise ModelError("weights that were whitened apart have no mean", hint="take the files before train backend")
    if len({model.network for model in models}) > 1:
        raise ModelError("weights of different dimensions have no mean", hint="lay them side by side: train join")
    net = models[0].build()
    net.load_state_dict(_mean(models, parts, leave=()))
    return weights.packed(net, models[0].features, models[0].grid, about=_about("mean of", models, parts))


def side_by_side(models: Sequence[ModelFile], shares: Sequence[float] | None = None) -> SpeakerNet:
    """The mean of the networks below their last layers, with all outputs of all of them, one after the other.

    Raises ModelError where more than the number of outputs differs.
    """
    parts = _parts(models, shares)
    dim = sum(model.network.dim for model in models)
    if len({replace(model.network, dim=dim) for model in models}) > 1:
        raise ModelError("networks that differ in more than their outputs cannot be joined")
    net = SpeakerNet(replace(models[0].network, dim=dim))
    tensors = _mean(models, parts, leave=AFFINE)
    for name in AFFINE:
        tensors[name] = torch.cat([model.tensors[name].float() for model in models])
    net.load_state_dict(tensors)
    return net.eval()


def whiten_outputs(net: SpeakerNet, rows: Tensor, voices: Tensor, outputs: slice, shrink: float) -> None:
    """Whiten some of the outputs by themselves, in place; `rows` (n, dim) are the network's before that.

    See `within_class_whitening`; `voices` (n,).
    """
    matrix, mean = torch.eye(rows.shape[1]), torch.zeros(rows.shape[1])
    matrix[outputs, outputs], mean[outputs] = within_class_whitening(rows[:, outputs], voices, shrink)
    fold(net, matrix, mean)


def cut(net: SpeakerNet, rows: Tensor, voices: NDArray[np.int64], dim: int) -> SpeakerNet:
    """A network of `dim` outputs: the axes along which the voices' means differ most.

    `rows` (n, D) are `net`'s outputs, `voices` (n,) whose they are. Raises ModelError where there are fewer outputs, or
    no more voices, than that.
    """
    names, index = np.unique(voices, return_inverse=True)
    if dim > rows.shape[1] or dim >= len(names):
        raise ModelError(f"{rows.shape[1]} outputs and {len(names)} voices do not tell {dim} axes")
    place = torch.from_numpy(index)
    sums = torch.zeros(len(names), rows.shape[1], dtype=torch.double).index_add_(0, place, rows.double())
    means = sums / torch.bincount(place)[:, None]
    middle = means.mean(0)
    _, vectors = torch.linalg.eigh((means - middle).T @ (means - middle))  # ascending
    axes = vectors.flip(1)[:, :dim]  # (D, dim)
    smaller = SpeakerNet(replace(net.config, dim=dim))
    tensors = {name: tensor for name, tensor in net.state_dict().items() if name not in AFFINE}
    tensors["affine.weight"] = (axes.T @ net.affine.weight.detach().double()).float()
    tensors["affine.bias"] = ((net.affine.bias.detach().double() - middle) @ axes).float()
    smaller.load_state_dict(tensors)
    return smaller.eval()


def _parts(models: Sequence[ModelFile], shares: Sequence[float] | None) -> list[float]:
    """The shares, brought to a sum of 1. Raises ModelError where the models cannot be put together at all."""
    if not models:
        raise ModelError("there are no weights to put together")
    given = list(shares or [1.0] * len(models))
    if len(given) != len(models) or min(given) <= 0:
        raise ModelError(f"{len(models)} weights files need as many shares above 0, not {len(given)}")
    if len({(model.features, model.grid) for model in models}) > 1:
        raise ModelError("weights that hear other features or windows cannot be put together")
    return [share / sum(given) for share in given]


def _mean(models: Sequence[ModelFile], parts: Sequence[float], leave: Sequence[str]) -> dict[str, Tensor]:
    """The state of a network that is their mean; what files do not hold (counters) is as in a new one."""
    state = {name: tensor for name, tensor in models[0].build().state_dict().items() if name not in leave}
    for name in state.keys() & models[0].tensors.keys():
        state[name] = sum(
            (part * model.tensors[name].double() for part, model in zip(parts, models, strict=True)),
            start=torch.zeros((), dtype=torch.double),
        ).float()
    return state


def _about(how: str, models: Sequence[ModelFile], parts: Sequence[float]) -> dict[str, str]:
    made = ", ".join(f"{part:.2f} {model.model_id}" for part, model in zip(parts, models, strict=True))
    return {**models[0].about, "made": f"{how} {made}"}
