"""Long holes cost the network nothing, and change no window."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.audio.features import FeatureSettings
from voicemark.audio.timeline import Gap
from voicemark.audio.windows import WindowGrid
from voicemark.voice import weights
from voicemark.voice.base import WindowBatch
from voicemark.voice.encoder import Encoder
from voicemark.voice.holes import embed_sound
from voicemark.voice.load import load_encoder
from voicemark.voice.network import EncoderConfig, SpeakerNet

RATE = 16_000
SMALL = EncoderConfig(
    dim=8, stem_channels=8, stem_blocks=(1,), trunk_channels=8, trunk_blocks=(1, 2), head_channels=8,
    attention_channels=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    torch.manual_seed(3)
    weights.write(path, weights.packed(SpeakerNet(SMALL), FeatureSettings(), WindowGrid(), dtype=torch.float32))
    loaded = load_encoder(path, "cpu")
    assert isinstance(loaded, Encoder)
    return loaded


def noise(samples: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def together(found: Iterable[WindowBatch]) -> tuple[np.ndarray, np.ndarray]:
    batches = list(found)
    firsts = [batch.first_index for batch in batches]
    assert firsts == list(np.cumsum([0] + [len(batch.embeddings) for batch in batches[:-1]]))[: len(firsts)]
    if not batches:
        return np.zeros((0, 8), np.float32), np.zeros(0)
    return np.concatenate([b.embeddings for b in batches]), np.concatenate([b.start_s for b in batches])


PART = st.tuples(st.booleans(), st.integers(0, 60 * RATE))


@settings(max_examples=25, deadline=None)
@given(parts=st.lists(PART, max_size=5))
def test_windows_are_the_same_as_with_the_silence_written_out(encoder: Encoder, parts: list[tuple[bool, int]]) -> None:
    sound = [Gap(length) if gap else noise(length, number) for number, (gap, length) in enumerate(parts)]
    plain = [part.samples() if isinstance(part, Gap) else part for part in sound]
    whole, starts = together(encoder.embed_blocks(plain))
    found, found_starts = together(embed_sound(sound, encoder))
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-4)
    np.testing.assert_allclose(found_starts, starts)


def test_a_day_of_silence_runs_no_network(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    net = encoder._net.forward

    def counted(mel: torch.Tensor) -> torch.Tensor:
        asked.append(mel.shape[-1])
        return net(mel)

    monkeypatch.setattr(encoder._net, "forward", counted)
    found, _ = together(embed_sound([noise(3 * RATE, 1), Gap(86_400 * RATE), noise(3 * RATE, 2)], encoder))
    assert len(found) == 2 * (86_406 - 2) + 1
    assert sum(asked) < 120 * 100  # frames of 10 ms: the sound and what is around the hole
    assert not found[10:-10].any() and found[0].any() and found[-1].any()
