"""The autoencoder learns, can be interrupted, is written and read whole, and lends its filters to the encoder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voicemark.audio.features import FeatureSettings
from voicemark.errors import ModelError, VoicemarkError
from voicemark.lab.training.autoencoder import Autoencoder, AutoencoderConfig
from voicemark.lab.training.autoencoder_training import (
    AutoencoderReport,
    AutoencoderTrainer,
    AutoencoderTraining,
    blanked,
    encoder_tensors,
    is_autoencoder,
    load_autoencoder,
    new_autoencoder,
    save_autoencoder,
    thinned,
)
from voicemark.voice.network import SpeakerNet

SMALL = AutoencoderConfig(n_mels=80, channels=(12, 12), kernels=(5, 3))
BRIEF = AutoencoderTraining(steps=12, batch=4, checkpoint_every=4, learning_rate=5e-3)


def buzz(seconds: float = 5, seed: int = 0) -> NDArray[np.int16]:
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * 16_000)) / 16_000
    tone = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20)) * (1 + np.sin(2 * np.pi * 2 * t))
    return (2000 * (tone + 0.1 * rng.standard_normal(len(t)))).astype(np.int16)


def trainer(checkpoint: Path | None = None, **changes: int) -> AutoencoderTrainer:
    return AutoencoderTrainer(
        new_autoencoder(SMALL), [buzz(), buzz(3, 1)], replace(BRIEF, **changes), checkpoint=checkpoint
    )


def weights(network: Autoencoder) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in network.state_dict().values()])


def test_the_error_falls() -> None:
    reports: list[AutoencoderReport] = []
    AutoencoderTrainer(
        new_autoencoder(SMALL), [buzz()], replace(BRIEF, steps=40), report=reports.append, report_every=10
    ).run()
    assert [report.step for report in reports] == [10, 20, 30, 40]
    assert reports[-1].loss < 0.8 * reports[0].loss


def test_an_interrupted_run_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = weights(trainer().run())
    trainer(tmp_path / "c", steps=8).run()
    second = trainer(tmp_path / "c")
    assert second.resume() and second.step == 8
    assert torch.allclose(weights(second.run()), whole, atol=1e-6)


def test_equal_seeds_give_equal_networks_and_others_do_not() -> None:
    assert torch.equal(weights(trainer().run()), weights(trainer().run()))
    assert not torch.equal(weights(trainer().run()), weights(trainer(seed=1).run()))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path / "c").run()
    other = AutoencoderTrainer(
        new_autoencoder(replace(SMALL, channels=(8, 8))), [buzz()], BRIEF, checkpoint=tmp_path / "c"
    )
    with pytest.raises(ModelError, match="another"):
        other.resume()
    assert not trainer(tmp_path / "absent").resume()


def test_a_file_gives_back_the_network_and_its_features(tmp_path: Path) -> None:
    network = trainer().run()
    path = tmp_path / "folder" / "autoencoder.safetensors"
    save_autoencoder(path, network, FeatureSettings())
    loaded, features = load_autoencoder(path)
    assert loaded.config == SMALL
    assert features == FeatureSettings()
    assert torch.equal(weights(loaded), weights(network))
    assert is_autoencoder(path)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    for path in (broken, tmp_path / "absent.safetensors"):
        assert not is_autoencoder(path)
        with pytest.raises(ModelError):
            load_autoencoder(path)


def test_the_encoder_takes_the_filters_by_name_and_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    network = new_autoencoder(seed=3)
    save_autoencoder(path, network, FeatureSettings())
    lent = encoder_tensors(path)
    own = SpeakerNet().state_dict()
    assert len(lent) == 3
    for name, tensor in lent.items():
        assert own[name].shape == tensor.shape, name
    assert torch.equal(lent["stem.0.conv.weight"], network.encoder[0].state_dict()["weight"])


def test_an_autoencoder_of_other_features_lends_nothing(tmp_path: Path) -> None:
    save_autoencoder(tmp_path / "a.safetensors", new_autoencoder(SMALL), FeatureSettings(n_fft=1024))
    with pytest.raises(ModelError, match="features"):
        encoder_tensors(tmp_path / "a.safetensors")


def test_what_is_blanked_is_one_stretch_of_time_and_one_range_of_bands() -> None:
    mel = torch.ones(30, 80, 160)
    gaps = blanked(mel, AutoencoderTraining(), np.random.default_rng(0)) == 0
    for row in gaps:
        frames, bands = row.all(dim=0), row.all(dim=1)
        assert torch.equal(row, frames[None, :] | bands[:, None])
        assert int(frames.sum()) <= 24 and int(bands.sum()) <= 16
        for line in (frames, bands):
            assert int((line[1:] != line[:-1]).sum()) <= 2  # one span
    assert 0.02 < float(gaps.float().mean()) < 0.4


@given(blocks=st.integers(0, 40), most=st.integers(1, 12), seed=st.integers(0, 9))
def test_of_many_blocks_so_many_stay_and_of_few_all(blocks: int, most: int, seed: int) -> None:
    kept = thinned((np.full(3, number / 100, np.float32) for number in range(blocks)), most, seed)
    assert len(kept) == min(blocks, most)
    assert len({int(block[0]) for block in kept}) == len(kept)


def test_every_block_has_the_same_chance_to_stay() -> None:
    counts = np.zeros(10)
    for seed in range(600):
        for block in thinned((np.full(1, number / 100, np.float32) for number in range(10)), 3, seed):
            counts[round(float(block[0]) / 327.68)] += 1
    assert counts.sum() == 1800
    assert counts.min() > 120 and counts.max() < 250


def test_audio_that_is_too_short_is_refused() -> None:
    with pytest.raises(VoicemarkError, match="2 s"):
        AutoencoderTrainer(new_autoencoder(SMALL), [buzz(1)], BRIEF)
