"""Embeddings of a stream equal those of the whole, and those of each window cut out with its context."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import voicemark
from voicemark.audio.features import FeatureSettings, LogMel
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.voice import encoder as encoder_module
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder, stretches
from voicemark.voice.hubness import centred
from voicemark.voice.load import load_encoder
from voicemark.voice.network import EncoderConfig, SpeakerNet

SMALL = EncoderConfig(
    dim=8,
    stem_channels=8,
    stem_blocks=(1,),
    trunk_channels=8,
    trunk_blocks=(1, 2),
    head_channels=8,
    attention_channels=4,
)
RATE = 16_000


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    path: Path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    torch.manual_seed(3)
    weights.write(path, weights.packed(SpeakerNet(SMALL), FeatureSettings(), WindowGrid(), dtype=torch.float32))
    loaded = load_encoder(path, "cpu")
    assert isinstance(loaded, Encoder)
    return loaded


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise whose colour and level change, so that windows differ."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * RATE)
    noise = rng.standard_normal(samples)
    slow = np.interp(np.arange(samples), np.linspace(0, samples, 20), rng.uniform(0.01, 0.3, 20))
    return (noise * slow).astype(np.float32)


def streamed(encoder: Encoder, blocks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    batches = list(encoder.embed_blocks(blocks))
    if not batches:
        return np.zeros((0, encoder.dim), np.float32), np.zeros(0)
    assert [b.first_index for b in batches] == list(np.cumsum([0] + [len(b.embeddings) for b in batches[:-1]]))
    return np.concatenate([b.embeddings for b in batches]), np.concatenate([b.start_s for b in batches])


@given(
    seconds=st.floats(0.0, 130.0),
    cuts=st.lists(st.floats(0.0, 1.0), max_size=12),
)
@settings(max_examples=12, deadline=None)
def test_any_blocks_give_the_windows_of_the_whole(encoder: Encoder, seconds: float, cuts: list[float]) -> None:
    audio = sound(seconds)
    blocks = np.split(audio, sorted(int(cut * len(audio)) for cut in cuts))
    embeddings, starts = streamed(encoder, blocks)
    whole = encoder.embed(audio).numpy()
    assert embeddings.shape == whole.shape == (encoder.grid.count(len(audio)), encoder.dim)
    np.testing.assert_allclose(embeddings, whole, atol=1e-5)
    np.testing.assert_allclose(starts, np.arange(len(whole)) * 0.5)


def test_windows_equal_those_of_one_pass_over_everything(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = sound(75.0)
    in_chunks = encoder.embed(audio)
    monkeypatch.setattr(encoder_module, "WINDOWS_PER_CHUNK", 100_000)
    torch.testing.assert_close(in_chunks, encoder.embed(audio), rtol=0, atol=1e-5)


def test_a_window_cut_out_with_its_context_gives_the_same(encoder: Encoder) -> None:
    audio = sound(30.0)
    whole = encoder.embed(audio)
    net, log_mel = encoder._net, LogMel(encoder.features)
    context = 3 * RATE
    for window in (0, 1, 17, 30, len(whole) - 1):
        start = window * 8_000
        first = max(0, start - context)
        piece = torch.from_numpy(audio[first : start + 32_000 + context])[None]
        with torch.inference_mode():
            alone = net(log_mel(piece))[0, (start - first) // 8_000]
        torch.testing.assert_close(alone, whole[window], rtol=0, atol=1e-5)


def test_windows_by_themselves(encoder: Encoder) -> None:
    batch = np.stack([sound(2.0, seed) for seed in range(5)])
    together = encoder.embed_windows(batch)
    assert together.shape == (5, encoder.dim)
    for row, embedding in zip(batch, together, strict=True):
        torch.testing.assert_close(encoder.embed(row)[0], embedding, rtol=0, atol=1e-5)


def test_short_audio_has_no_window_and_short_rows_are_refused(encoder: Encoder) -> None:
    assert encoder.embed(sound(1.99)).shape == (0, encoder.dim)
    assert encoder.embed(np.zeros(0, np.float32)).shape == (0, encoder.dim)
    assert list(encoder.embed_blocks([])) == []
    with pytest.raises(ValueError, match="expected"):
        encoder.embed_windows(np.zeros((2, 31_999), np.float32))


def test_silence_is_a_zero_vector_that_scores_nothing(encoder: Encoder) -> None:
    audio = np.concatenate([sound(5.0), np.zeros(5 * RATE, np.float32), sound(5.0, 1)])
    lengths = encoder.embed(audio).norm(dim=1)
    silent = slice(10, 17)  # windows from 5.0 to 8.0 s
    assert torch.all(lengths[silent] == 0)
    torch.testing.assert_close(lengths[:8], torch.ones(8))
    assert torch.all(encoder.embed_windows(np.zeros((1, 32_000), np.float32)) == 0)


def test_embeddings_are_centred_on_the_background_and_silence_stays_silent() -> None:
    model = weights.load()
    plain = Encoder(replace(model, background=None), torch.device("cpu"))
    background = plain.embed(sound(20.0, 2))
    encoder = Encoder(replace(model, background=background), torch.device("cpu"))
    audio = np.concatenate([sound(5.0), np.zeros(3 * RATE, np.float32)])
    before, after = plain.embed(audio), encoder.embed(audio)
    torch.testing.assert_close(after[:7], centred(before[:7], background), rtol=0, atol=1e-5)
    assert torch.all(after[10:] == 0)
    windows = audio[None, : 2 * RATE]
    torch.testing.assert_close(
        encoder.embed_windows(windows), centred(plain.embed_windows(windows), background), rtol=0, atol=1e-5
    )


def test_the_public_function_loads_the_shipped_encoder() -> None:
    encoder = voicemark.load_encoder(device="cpu")
    assert (encoder.sample_rate, encoder.window_s, encoder.hop_s, encoder.dim) == (16_000, 2.0, 0.5, 128)
    assert encoder.model_id.startswith("vm3-")
    assert encoder.embed(sound(3.0)).shape == (3, 128)


def test_an_unknown_device_is_an_error() -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        voicemark.load_encoder(device="abacus")


def test_silence_within_a_chunk_is_not_computed_and_changes_nothing(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = sound(110.0)
    audio[20 * RATE : 60 * RATE] = 0
    frames: list[int] = []
    compute = encoder._convolutions.compute

    def counted(prepared: torch.Tensor) -> torch.Tensor:
        frames.append(prepared.shape[-1])
        return compute(prepared)

    monkeypatch.setattr(encoder, "_convolutions", replace(encoder._convolutions, compute=counted))
    monkeypatch.setattr(encoder_module, "stretches", lambda places, apart: iter([(places[0], places[-1])]))
    whole = encoder.embed(audio)
    all_of_it = sum(frames)
    frames.clear()
    monkeypatch.setattr(encoder_module, "stretches", stretches)
    torch.testing.assert_close(encoder.embed(audio), whole, atol=1e-5, rtol=0)
    assert len(frames) == 2 and sum(frames) < 0.8 * all_of_it
    frames.clear()
    assert not encoder.embed(np.zeros(20 * RATE, np.float32)).any() and not frames


@given(places=st.sets(st.integers(0, 60)), apart=st.integers(1, 9))
def test_stretches_hold_every_place_and_lie_further_apart_than_said(places: set[int], apart: int) -> None:
    found = list(stretches(sorted(places), apart))
    assert all(any(first <= place <= last for first, last in found) for place in places)
    assert all(later[0] - earlier[1] > apart for earlier, later in pairwise(found))
    assert all({first, last} <= places for first, last in found)
