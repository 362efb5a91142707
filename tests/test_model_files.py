"""A model file says what it is, and one that is no use says which and why."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from voicemark import model_files
from voicemark.errors import ModelError

KIND = model_files.Kind(format="voicemark-test", version=2, noun="test model", remedy="make another")


def write(path: Path, **metadata: str) -> Path:
    model_files.write(path, KIND, {"a": torch.arange(3.0)}, metadata)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    contents = model_files.read(write(tmp_path / "new" / "x.safetensors", settings="{}"), KIND)
    assert contents.metadata == {"format": "voicemark-test", "format_version": "2", "settings": "{}"}
    assert torch.equal(contents.tensors["a"], torch.arange(3.0))
    assert model_files.is_kind(tmp_path / "new" / "x.safetensors", KIND)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("missing", "there is no such test model"),
        ("junk", "the test model is corrupt"),
        ("foreign", "this is no test model"),
        ("older", "the test model is of format version 1; this program reads version 2"),
    ],
)
def test_a_file_that_is_no_use_is_named_with_a_way_out(tmp_path: Path, wrong: str, words: str) -> None:
    path = tmp_path / "x.safetensors"
    if wrong == "junk":
        path.write_bytes(b"no tensors")
    elif wrong != "missing":
        said = {"foreign": {"format": "pt"}, "older": {"format": "voicemark-test", "format_version": "1"}}[wrong]
        save_file({"a": torch.zeros(1)}, path, said)
    with pytest.raises(ModelError) as caught:
        model_files.read(path, KIND)
    assert words in caught.value.what and caught.value.path == str(path) and caught.value.hint == "make another"
    assert model_files.is_kind(path, KIND) == (wrong == "older")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="the test model cannot be written"):
        write(tmp_path / "file" / "x.safetensors")


def test_settings_name_every_field_and_no_other() -> None:
    @dataclass(frozen=True)
    class Sizes:
        one: int
        many: tuple[int, ...]

    assert model_files.settings(Sizes, {"sizes": '{"one": 1, "many": [2, 3]}'}, "sizes") == Sizes(1, (2, 3))
    for text in ('{"one": 1}', '{"one": 1, "many": [], "more": 2}', "[]", "nonsense"):
        with pytest.raises((KeyError, TypeError, ValueError)):
            model_files.settings(Sizes, {"sizes": text}, "sizes")


def test_an_id_follows_names_types_shapes_and_values() -> None:
    def identity(name: str, tensor: torch.Tensor) -> str:
        return model_files.identity("x", model_files.tensor_bytes({name: tensor}))

    first = identity("a", torch.zeros(2, 2))
    assert first == identity("a", torch.zeros(2, 2)) and first.startswith("x-") and len(first) == 10
    others = [
        identity("b", torch.zeros(2, 2)),
        identity("a", torch.zeros(4)),
        identity("a", torch.zeros(2, 2).half()),
        identity("a", torch.eye(2)),
    ]
    assert len({first, *others}) == 5
