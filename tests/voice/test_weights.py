"""A weights file says what it is, and one that cannot be used says why."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn.functional import normalize

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.voice import weights
from voicemark.voice.network import EncoderConfig, SpeakerNet

SMALL = EncoderConfig(
    dim=8, stem_channels=8, stem_blocks=(1,), trunk_channels=8, trunk_blocks=(1,), head_channels=8, attention_channels=4
)


def small_file(path: Path, seed: int = 0) -> str:
    torch.manual_seed(seed)
    model = weights.packed(SpeakerNet(SMALL), FeatureSettings(), WindowGrid(), about={"steps": "0"})
    weights.write(path, model)
    return model.model_id


def rewrite(path: Path, **changes: str) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = {**file.metadata(), **changes}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    identity = small_file(path)
    model = weights.load(path)
    assert model.model_id == identity
    assert identity.startswith("vm3-") and len(identity) == 12
    assert (model.network, model.features, model.grid) == (SMALL, FeatureSettings(), WindowGrid())
    assert model.about == {"steps": "0"}
    assert model.cohort is None
    embeddings = model.build()(torch.randn(1, 80, 160))
    assert embeddings.shape == (1, 1, 8)


def test_the_id_follows_the_content(tmp_path: Path) -> None:
    one, again, other = (small_file(tmp_path / f"{k}", seed) for k, seed in enumerate((0, 0, 1)))
    assert one == again != other


def test_a_cohort_travels_along_without_changing_the_id(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    identity = small_file(path)
    cohort = normalize(torch.randn(5, 8), dim=1)
    weights.write(path, replace(weights.load(path), cohort=cohort))
    model = weights.load(path)
    assert model.model_id == identity
    assert model.cohort is not None
    torch.testing.assert_close(model.cohort, cohort, rtol=1e-2, atol=1e-2)


def test_the_shipped_weights_bring_a_background_and_a_cohort() -> None:
    model = weights.load()
    assert model.background is not None and model.cohort is not None
    torch.testing.assert_close(model.background.norm(dim=1), torch.ones(len(model.background)))


def test_a_background_travels_along_as_part_of_the_id(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    plain = small_file(path)
    model, background = weights.load(path), normalize(torch.randn(5, 8), dim=1)
    packed = weights.packed(model.build(), model.features, model.grid, background=background)
    weights.write(path, packed)
    identity = packed.model_id
    again = weights.load(path)
    assert plain != identity == again.model_id
    assert again.background is not None
    torch.testing.assert_close(again.background, background, rtol=1e-2, atol=1e-2)
    assert set(again.tensors) == set(model.tensors)  # none of the network's
    weights.write(path, replace(again, cohort=normalize(torch.randn(3, 8), dim=1)))
    assert weights.load(path).model_id == identity


def test_what_is_packed_is_what_a_file_gives_back(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    small_file(path)
    model = weights.load(path)
    background = normalize(torch.randn(5, 8), dim=1)
    packed = weights.packed(model.build(), model.features, model.grid, background=background)
    weights.write(path, packed)
    again = weights.load(path)
    assert (again.model_id, again.network, again.grid) == (packed.model_id, packed.network, packed.grid)
    assert (
        packed.background is not None
        and again.background is not None
        and torch.equal(packed.background, again.background)
    )
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in packed.tensors.items())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such weights file") as caught:
        weights.load(tmp_path / "none.safetensors")
    assert "none.safetensors" in str(caught.value)


@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
def test_a_corrupt_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "w.safetensors"
    small_file(path)
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"these are no weights", "cut": data[: len(data) // 2]}[damage])
    with pytest.raises(ModelError, match="corrupt"):
        weights.load(path)


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    small_file(path)
    data = bytearray(path.read_bytes())
    data[-3] ^= 0x40
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="does not match its id"):
        weights.load(path)


def test_another_format_version_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    small_file(path)
    rewrite(path, format_version="99")
    with pytest.raises(ModelError, match="format version 99") as caught:
        weights.load(path)
    assert caught.value.hint


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="this is no weights file"):
        weights.load(path)


def test_settings_of_unknown_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    small_file(path)
    rewrite(path, features=json.dumps({"sample_rate": 16_000}))
    with pytest.raises(ModelError, match=r"settings .* of features"):
        weights.load(path)


def test_the_shipped_weights_load_and_stay_small() -> None:
    model = weights.load()
    assert model.network.dim == 128
    assert weights.DEFAULT_WEIGHTS.stat().st_size < 14_000_000  # it travels with every checkout and package
