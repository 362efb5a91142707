"""The autoencoder's shapes, at every depth and length, and that it learns."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from voicemark.lab.training.autoencoder import Autoencoder, AutoencoderConfig


def test_the_smallest_form_has_the_shapes_of_its_description() -> None:
    network = Autoencoder()
    mel = torch.randn(1, 128, 44)
    shapes = []
    hooks = [
        layer.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape))) for layer in network.encoder
    ]
    encoded = network.encode(mel)
    assert shapes == [(1, 16, 42), (1, 16, 19)]
    assert encoded.indices[0].shape == (1, 16, 21)
    assert encoded.code.shape == (1, 16, 19)
    assert network.decode(encoded).shape == mel.shape
    for hook in hooks:
        hook.remove()


@settings(max_examples=40, deadline=None)
@given(
    depth=st.integers(1, 5),
    frames=st.integers(1, 150),
    kernel=st.integers(1, 5),
    pool=st.integers(2, 3),
    batch=st.integers(1, 3),
)
def test_any_depth_and_any_length_come_back_in_their_own_shape(
    depth: int, frames: int, kernel: int, pool: int, batch: int
) -> None:
    config = AutoencoderConfig(n_mels=5, channels=(4,) * depth, kernels=(kernel,) * depth, pool=pool)
    mel = torch.randn(batch, 5, frames)
    assert Autoencoder(config)(mel).shape == mel.shape


@settings(max_examples=25, deadline=None)
@given(depth=st.integers(1, 4), kernel=st.integers(1, 4), pool=st.integers(2, 3))
def test_the_fewest_frames_leave_exactly_one_frame_of_code(depth: int, kernel: int, pool: int) -> None:
    config = AutoencoderConfig(n_mels=2, channels=(2,) * depth, kernels=(kernel,) * depth, pool=pool)
    code = Autoencoder(config).encode(torch.randn(1, 2, config.fewest_frames)).code
    assert code.shape[-1] == 1


def test_unpooling_puts_maxima_back_where_they_were() -> None:
    """With convolutions that pass everything on, what comes back is the input where a pair had its maximum."""
    network = Autoencoder(AutoencoderConfig(n_mels=1, channels=(1, 1), kernels=(1, 1)))
    for layer in [*network.encoder, *network.decoder]:
        assert isinstance(layer, nn.Conv1d | nn.ConvTranspose1d) and layer.bias is not None
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    mel = torch.tensor([[[1.0, 2.0, 4.0, 3.0, 5.0]]])
    assert network(mel).tolist() == [[[0.0, 2.0, 4.0, 0.0, 0.0]]]


def test_a_few_steps_lower_the_error_of_reconstruction() -> None:
    torch.manual_seed(0)
    network = Autoencoder()
    mel = torch.randn(4, 128, 44)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.mse_loss(network(mel), mel)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    "settings_of",
    [{"channels": ()}, {"channels": (4, 4), "kernels": (3,)}, {"channels": (0, 4)}, {"pool": 1}],
)
def test_impossible_dimensions_are_refused(settings_of: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        AutoencoderConfig(**settings_of)  # type: ignore[arg-type]
