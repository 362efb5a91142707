"""The network: shapes, and that each fast path equals the plain one."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.voice.network import (
    HOPS_AT_ONCE,
    AttentiveStatistics,
    ConvBlock,
    EncoderConfig,
    SpeakerNet,
    subtract_moving_mean,
)

SMALL = EncoderConfig(
    dim=16,
    stem_channels=12,
    stem_blocks=(1, 2),
    trunk_channels=16,
    trunk_blocks=(1, 3),
    head_channels=20,
    attention_channels=8,
    norm_frames=41,
)


def small_net(seed: int = 0) -> SpeakerNet:
    torch.manual_seed(seed)
    net = SpeakerNet(SMALL)
    net.train()
    for _ in range(3):  # give the norms statistics that are not 0 and 1
        net(torch.randn(4, 80, 200))
    return net.eval()


@given(frames=st.integers(1, 80), half=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_moving_mean_equals_average_pooling(frames: int, half: int) -> None:
    mel = torch.randn(2, 5, frames)
    width = 2 * half + 1
    expected = mel - F.avg_pool1d(mel, width, 1, half, count_include_pad=False)
    torch.testing.assert_close(subtract_moving_mean(mel, width), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("hops", [2, 3, 7, HOPS_AT_ONCE, 2 * HOPS_AT_ONCE + 3])
def test_statistics_equal_a_loop_over_windows(hops: int) -> None:
    pool = AttentiveStatistics(6, 4)
    x = torch.randn(2, 6, 5 * hops + 2)
    fast = pool(x, 5, 3)
    weight = torch.sigmoid(pool.expand(F.relu(pool.squeeze(x)))) + 1e-4
    assert fast.shape == (2, hops - 2, 12)  # whole hops count, and a window has three
    for window in range(hops - 2):
        frames = slice(window * 5, window * 5 + 15)
        w, v = weight[..., frames], x[..., frames]
        mean = (w * v).sum(-1) / w.sum(-1)
        variance = (w * (v - mean[..., None]) ** 2).sum(-1) / w.sum(-1)
        slow = torch.cat((mean, variance.clamp(min=1e-5).sqrt()), dim=1)
        torch.testing.assert_close(fast[:, window], slow, rtol=1e-3, atol=1e-4)


def test_embeddings_have_unit_length_and_one_per_window() -> None:
    embeddings = small_net()(torch.randn(3, 80, 40 * 9 + 7))
    assert embeddings.shape == (3, 6, 16)
    torch.testing.assert_close(embeddings.norm(dim=-1), torch.ones(3, 6))


def test_fused_network_gives_the_same() -> None:
    net = small_net()
    mel = torch.randn(2, 80, 320)
    with torch.no_grad():
        plain = net(mel)
        fused = net.fuse()
        torch.testing.assert_close(fused(mel), plain, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(m.norm, torch.nn.BatchNorm1d) for m in fused.modules() if isinstance(m, ConvBlock))


def test_a_constant_gain_and_channel_do_not_change_an_embedding() -> None:
    net = small_net()
    mel = torch.randn(1, 80, 200)
    channel = torch.randn(1, 80, 1) * 3
    with torch.no_grad():
        torch.testing.assert_close(net(mel + channel + 5.0), net(mel), rtol=1e-3, atol=1e-4)


def test_nothing_beyond_the_stated_context_changes_a_window() -> None:
    net = small_net()
    reach = SMALL.context_frames
    mel = torch.randn(1, 80, 4 * ((2 * reach + 400) // 4))
    hops = -(-reach // 40)
    first = hops * 40  # window that starts there
    changed = mel.clone()
    changed[..., : first - reach] += torch.randn_like(changed[..., : first - reach])
    changed[..., first + 160 + reach :] = 0.0
    with torch.no_grad():
        before, after = net(mel)[0, hops], net(changed)[0, hops]
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)


def test_default_network_stays_small() -> None:
    assert sum(p.numel() for p in SpeakerNet().parameters()) < 7_000_000
