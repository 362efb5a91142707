"""After the last linear step a voice varies alike in all directions, and the network does it by itself."""

import pytest
import torch

from voicemark.lab.backend.wccn import fold, within_class_whitening
from voicemark.voice.network import EncoderConfig, SpeakerNet


def voices(seed: int = 0, speakers: int = 60, windows: int = 8, dim: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """Speakers differ in all directions alike; within a speaker the first direction varies ten times as much."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(speakers, dim, generator=generator)
    labels = torch.arange(speakers).repeat_interleave(windows)
    spread = torch.ones(dim)
    spread[0] = 10
    return centres[labels] + 0.3 * spread * torch.randn(len(labels), dim, generator=generator) + 2, labels


def spread_within(x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    means = torch.stack([x[labels == label].mean(0) for label in labels.unique()])
    rest = x - means[labels]
    return rest.T @ rest / (len(x) - len(means))


def test_variation_within_a_voice_becomes_the_same_in_every_direction() -> None:
    x, labels = voices()
    matrix, mean = within_class_whitening(x, labels, shrink=0.0)
    after = spread_within((x - mean) @ matrix, labels)
    scale = after.diagonal().mean()
    assert torch.allclose(after / scale, torch.eye(6), atol=1e-3)
    assert torch.allclose(((x - mean) @ matrix).mean(0), torch.zeros(6), atol=1e-3)


def test_voices_come_apart() -> None:
    x, labels = voices()
    matrix, mean = within_class_whitening(x, labels)
    unseen, theirs = voices(seed=1)

    def gap(embeddings: torch.Tensor) -> float:
        unit = torch.nn.functional.normalize(embeddings, dim=1)
        cosines = unit @ unit.T
        same = theirs[:, None] == theirs[None, :]
        return float((cosines[same].mean() - cosines[~same].mean()) / cosines[~same].std())

    assert gap((unseen - mean) @ matrix) > gap(unseen - mean) + 0.3


def test_shrinking_keeps_directions_without_variation_finite() -> None:
    x, labels = voices()
    flat = torch.cat([x, torch.zeros(len(x), 1)], dim=1)
    matrix, _ = within_class_whitening(flat, labels)
    assert bool(matrix.isfinite().all())


def test_one_row_per_label_is_refused() -> None:
    with pytest.raises(ValueError, match="two rows"):
        within_class_whitening(torch.randn(4, 3), torch.arange(4))


def test_the_network_does_by_itself_what_was_folded_in() -> None:
    torch.manual_seed(0)
    config = EncoderConfig(
        dim=8, stem_channels=8, stem_blocks=(1,), trunk_channels=8, trunk_blocks=(1,), head_channels=8,
        attention_channels=4,
    )  # fmt: skip
    net = SpeakerNet(config).eval()
    frames = torch.randn(3, 8, 80)
    matrix, mean = torch.randn(8, 8), torch.randn(8)
    with torch.no_grad():
        before = net.windows(frames)
        fold(net, matrix, mean)
        assert torch.allclose(net.windows(frames), (before - mean) @ matrix, atol=1e-4)


def test_whitening_forgets_the_whitening_before_it_as_far_as_it_is_not_shrunk() -> None:
    generator = torch.Generator().manual_seed(5)
    labels = torch.arange(400) % 20
    rows = torch.randn(400, 6, generator=generator) @ torch.randn(6, 6, generator=generator)

    def cosines(values: torch.Tensor, shrink: float) -> torch.Tensor:
        matrix, mean = within_class_whitening(values, labels, shrink)
        unit = torch.nn.functional.normalize((values - mean) @ matrix, dim=1)
        return unit @ unit.T

    matrix, mean = within_class_whitening(rows, labels, 1.0)
    before = (rows - mean) @ matrix
    torch.testing.assert_close(cosines(before, 0.0), cosines(rows, 0.0), rtol=0, atol=1e-3)
    assert (cosines(before, 1.0) - cosines(rows, 1.0)).abs().max() > 0.01
