"""The model file: what was written is what is read, and what is wrong is refused with what to run."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import save_file
from support.guides import made_up_programmes

from voicemark.errors import ModelError
from voicemark.lab.titles.titles_training import TitleTraining
from voicemark.lab.titles.train import train_text_model
from voicemark.lab.titles.types_training import TypeTraining
from voicemark.recording import Programme
from voicemark.titles.model_file import TextModel, load_text_model, save_text_model
from voicemark.titles.types import ProgrammeText

QUICK = TitleTraining(epochs=10, categories=4, drawn=3), TypeTraining(epochs=2, buckets=256, fewest=5)
TITLES = ["Kommissar in Wien", "Abendnachrichten", "Ganz Neues", ""]


@pytest.fixture(scope="module")
def model() -> TextModel:
    return train_text_model(made_up_programmes(), *QUICK)


def test_a_model_that_was_written_and_read_embeds_and_guesses_alike(model: TextModel, tmp_path: Path) -> None:
    save_text_model(tmp_path / "new" / "titles.safetensors", model)
    read = load_text_model(tmp_path / "new" / "titles.safetensors")
    assert read.model_id == model.model_id
    assert np.array_equal(read.titles.embed(TITLES), model.titles.embed(TITLES))
    assert read.types is not None and model.types is not None
    texts = [ProgrammeText(title) for title in TITLES]
    assert read.types.guess(texts) == model.types.guess(texts)
    assert list(tmp_path.rglob("*.part")) == []


def test_the_same_guide_and_seed_make_the_same_model_and_another_seed_another(model: TextModel) -> None:
    assert train_text_model(made_up_programmes(), *QUICK).model_id == model.model_id
    other = train_text_model(made_up_programmes(), replace(QUICK[0], seed=1), QUICK[1])
    assert other.model_id != model.model_id


def test_categories_that_are_too_few_for_types_still_relate_titles() -> None:
    programmes = [Programme(f"{name} {n}", "test", genres=(name,)) for name in ("Rot", "Blau") for n in range(3)]
    assert train_text_model(programmes, *QUICK).types is None


def test_a_missing_model_is_said_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="voicemark train titles"):
        load_text_model(tmp_path / "none.safetensors")


@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_a_damaged_model_is_refused(model: TextModel, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "titles.safetensors"
    save_text_model(path, model)
    whole = path.read_bytes()
    path.write_bytes({"text": b"no model at all", "cut": whole[: len(whole) // 2], "empty": b""}[damage])
    with pytest.raises(ModelError, match="corrupt"):
        load_text_model(path)


def rewritten(path: Path, **changes: str) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = {**file.metadata(), **changes}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"format": "other"}, "no title model"),
        ({"format_version": "99"}, "format version 99"),
        ({"titles": "{}"}, "does not match its id"),
        ({"model_id": "vt1-00000000"}, "does not match its id"),
    ],
)
def test_a_model_of_another_kind_version_or_content_is_refused(
    model: TextModel, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    path = tmp_path / "titles.safetensors"
    save_text_model(path, model)
    rewritten(path, **changes)
    with pytest.raises(ModelError, match=said):
        load_text_model(path)


def test_a_place_that_cannot_be_written_is_said(model: TextModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        save_text_model(tmp_path / "file" / "titles.safetensors", model)


def test_vectors_are_the_same_without_torch(tmp_path: Path, model: TextModel) -> None:
    save_text_model(tmp_path / "titles.safetensors", model)
    ask = (
        "import sys; from pathlib import Path; from voicemark.titles.title_file import load_title_reader\n"
        "import voicemark.titles.related, voicemark.store.database, voicemark.config\n"
        "read = load_title_reader(Path(sys.argv[1]))\n"
        "print(read.model_id, read.titles.embed(['Tatort: Borowski', '']).round(4).tolist(), 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", ask, str(tmp_path / "titles.safetensors")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    vectors = load_text_model(tmp_path / "titles.safetensors").titles.embed(["Tatort: Borowski", ""]).round(4).tolist()
    assert told == f"{model.model_id} {vectors} False\n"
