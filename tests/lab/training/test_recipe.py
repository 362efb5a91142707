"""The whole recipe on a corpus of a few generated voices: manifests in, weights out, fine-tuning kept or not."""

import csv
import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.networks import tiny
from support.sound import write_wav
from support.teaching import Spectrum, save_program

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.cli import train as command
from voicemark.config import Config
from voicemark.errors import EnrolmentError, ModelError
from voicemark.lab.batches.on_device.teacher import DeviceTeacher
from voicemark.lab.batches.sampling import SamplingSettings
from voicemark.lab.corpus.noise import held_for_evaluation
from voicemark.lab.training.autoencoder import AutoencoderConfig
from voicemark.lab.training.autoencoder_training import new_autoencoder, save_autoencoder
from voicemark.lab.training.finetune import (
    OwnVoices,
    finetune,
    keep_if_better,
    own_voices,
    pieces,
    separation,
)
from voicemark.lab.training.recipe import SPEEDS, Recipe, defaults_for, take_over, taught_by, tensors_of, train
from voicemark.lab.training.settings import TrainingSettings
from voicemark.lab.training.trainer import Report, new_network
from voicemark.voice import weights
from voicemark.voice.load import load_encoder
from voicemark.voice.network import SpeakerNet

TINY = tiny()


def buzz(pitch: float, seconds: float, seed: int) -> np.ndarray:
    time = np.arange(int(seconds * 16_000)) / 16_000
    rng = np.random.default_rng(seed)
    tones = np.sum([np.sin(2 * np.pi * pitch * k * time + rng.uniform(0, 6)) / k for k in range(1, 20)], axis=0)
    return np.asarray(0.05 * tones + 0.005 * rng.standard_normal(len(time)), np.float32)


def manifest(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "manifest.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus of four training and two dev voices, and noise on both sides of its split."""
    root = tmp_path_factory.mktemp("data")
    speech, noise = root / "speech", root / "noise"
    rows = []
    for voice in range(6):
        for clip in range(2):
            name = f"{voice}-{clip}.wav"
            write_wav(speech / name, buzz(90 + 40 * voice, 2.5, 10 * voice + clip))
            split = "train" if voice < 4 else "dev"
            rows.append({"path": name, "speaker": f"v{voice}", "source": "buzz", "split": split})
    manifest(speech, rows)
    names = [f"{kind}{number}.wav" for kind in ("music", "env") for number in range(40)]
    kept = []
    for kind in ("music", "env"):
        mine = [name for name in names if name.startswith(kind)]
        kept += [next(name for name in mine if held_for_evaluation(name))]
        kept += [next(name for name in mine if not held_for_evaluation(name))]
    for number, name in enumerate(kept):
        write_wav(
            noise / name, 0.1 * np.random.default_rng(number).standard_normal(48_000).clip(-3, 3).astype(np.float32)
        )
    manifest(noise, [{"path": name, "kind": (name[:3] == "mus" and "music") or "env:rain"} for name in kept])
    return speech, noise


def recipe_of(folders: tuple[Path, Path], out: Path) -> Recipe:
    speech, noise = folders
    settings = TrainingSettings(
        steps=3,
        warmup=1,
        report_every=1,
        validate_every=3,
        half=False,
        workers=0,
        sampling=SamplingSettings(batch=8, noise_windows=2),
    )
    return Recipe([speech], noise, out, speeds=(1.0,), network=TINY, first=settings, triplet_steps=2)


def quiet(*_: object) -> None:
    """Progress that nobody looks at."""


def test_manifests_in_weights_out(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    said: list[Report] = []
    trained = train(recipe_of(folders, out), said.append, quiet)
    model = weights.load(out)
    assert model.model_id == trained.model_id
    assert model.network == TINY
    assert trained.eer is not None and 0 <= trained.eer <= 0.6
    assert (model.about["speakers"], model.about["clips"], model.about["steps"]) == ("4", "8", "3 + 2")
    assert any(report.score is not None for report in said)
    assert said[-1].zero_share is not None
    assert load_encoder(out).embed(buzz(200, 3.0, 1)).shape == (3, 16)
    again = train(replace(recipe_of(folders, out), resume=True), quiet, quiet)
    assert again.model_id == trained.model_id  # both checkpoints were complete


def test_a_teacher_on_the_device_teaches_both_stages(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    said: list[Report] = []
    teacher = DeviceTeacher(Spectrum(), torch.device("cpu"), "spectrum")
    recipe = replace(recipe_of(folders, out), device_teacher=teacher)
    first = replace(
        recipe.first_stage, sampling=SamplingSettings(batch=8, noise_windows=2), hint=1.0, margin_softmax=0.0
    )
    train(replace(recipe, first=first), said.append, quiet)
    assert weights.load(out).about["teacher"] == "spectrum"
    assert {"distil", "hint"} <= set(said[0].losses)
    assert said[-1].zero_share is not None and "distil" in said[-1].losses


def test_an_autoencoder_lends_the_network_its_filters_and_the_run_says_how_many(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    path, out = tmp_path / "autoencoder.safetensors", tmp_path / "model.safetensors"
    lender = new_autoencoder(AutoencoderConfig(n_mels=80, channels=(16, 16), kernels=(5, 3)), seed=3)
    save_autoencoder(path, lender, FeatureSettings())
    net = new_network(TINY, seed=0)
    assert take_over(net, str(path)) == 2
    assert torch.equal(net.state_dict()["stem.0.conv.weight"], lender.state_dict()["encoder.0.weight"])
    said: list[tuple[object, ...]] = []
    frozen = replace(recipe_of(folders, out).first_stage, steps=1, learning_rate=0.0)
    train(
        replace(recipe_of(folders, out), init=str(path), first=frozen, triplet_steps=0),
        quiet,
        lambda *told: said.append(told),
    )
    assert (f"tensors taken over from {path}", 2, len(net.state_dict())) in said
    trained = weights.load(out).tensors["stem.0.conv.weight"]
    assert torch.equal(trained, lender.state_dict()["encoder.0.weight"].half())


def test_the_shipped_autoencoder_lends_three_filters_to_the_shipped_network(tmp_path: Path) -> None:
    path = tmp_path / "autoencoder.safetensors"
    save_autoencoder(path, new_autoencoder(), FeatureSettings())
    assert take_over(SpeakerNet(), str(path)) == 3


def test_a_file_of_which_nothing_fits_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "autoencoder.safetensors"
    save_autoencoder(
        path, new_autoencoder(AutoencoderConfig(n_mels=80, channels=(9,), kernels=(7,))), FeatureSettings()
    )
    with pytest.raises(ModelError, match="nothing in it fits this network"):
        train(replace(recipe_of(folders, tmp_path / "model.safetensors"), init=str(path)), quiet, quiet)


def test_any_safetensors_with_the_networks_names_can_be_started_from(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"stem.0.conv.weight": torch.ones(2, 2)}, path)
    assert set(tensors_of(str(path))) == {"stem.0.conv.weight"}
    assert "affine.weight" in tensors_of("default")


def test_a_recipe_learns_from_a_teacher_as_the_command_line_does(folders: tuple[Path, Path], tmp_path: Path) -> None:
    plain = Recipe([folders[0]], folders[1], tmp_path / "model.safetensors")
    assert plain.first_stage == TrainingSettings() and plain.first_stage.margin_softmax
    program = tmp_path / "teacher.pt2"
    save_program(Spectrum(), program)
    on_device = taught_by(plain, [program]).first_stage
    assert on_device == defaults_for(taught=True, on_device=True)
    assert (on_device.optimiser, on_device.margin_softmax, on_device.learning_rate) == ("muon", 0.0, 5e-3)
    asked = {name: parameter.default for name, parameter in inspect.signature(command.voice).parameters.items()}
    stage = plain.first_stage
    assert (asked["steps"], asked["workers"], asked["seed"]) == (stage.steps, stage.workers, stage.seed)
    assert (asked["mining"], asked["batch"]) == (stage.mining, stage.sampling.batch)
    assert asked["triplet_steps"] == plain.triplet_steps and plain.speeds == SPEEDS


def config_of(folder: Path, seconds: float) -> Config:
    speakers = []
    for number, name in enumerate(("anna", "bert")):
        write_wav(folder / name / "sample.wav", buzz(150 + 90 * number, seconds, 77 + number))
        speakers.append({"name": name, "samples": [str(folder / name / "sample.wav")]})
    return Config.model_validate({"speakers": speakers})


def test_fine_tuning_is_kept_where_held_back_samples_gain_and_refused_where_not(tmp_path: Path) -> None:
    out = tmp_path / "own.safetensors"
    tuned = weights.packed(new_network(TINY), FeatureSettings(), WindowGrid())
    refused = keep_if_better(out, tuned, before=1.5, after=1.5)
    assert (refused.path, refused.model_id) == (None, None) and not out.exists()
    assert "nothing was written" in str(refused)
    kept = keep_if_better(out, tuned, before=1.5, after=1.6)
    assert (kept.path, kept.model_id) == (out, tuned.model_id)
    assert weights.load(out).model_id == tuned.model_id and "1.50 before, 1.60 after" in str(kept)


def deaf(path: Path, bias: float) -> Path:
    """Weights that embed every window alike."""
    net = new_network(TINY)
    with torch.no_grad():
        net.affine.weight.zero_()
        net.affine.bias.fill_(bias)
    weights.write(path, weights.packed(net, FeatureSettings(), WindowGrid()))
    return path


def test_fine_tuning_writes_weights_that_say_what_they_come_from(folders: tuple[Path, Path], tmp_path: Path) -> None:
    start, out = deaf(tmp_path / "start.safetensors", bias=0.0), tmp_path / "own.safetensors"
    outcome = finetune(
        replace(recipe_of(folders, out), init=str(start)), config_of(tmp_path, 14.0), quiet, quiet, steps=2
    )
    assert outcome.after > outcome.before == 0.0 and outcome.path == out
    mended = weights.load(out)
    assert mended.model_id == outcome.model_id != weights.load(start).model_id
    assert mended.about["fine_tuned_from"] == weights.load(start).model_id and mended.about["voices"] == "2"


def test_fine_tuning_that_gains_nothing_leaves_no_file(folders: tuple[Path, Path], tmp_path: Path) -> None:
    start, out = deaf(tmp_path / "start.safetensors", bias=1.0), tmp_path / "own.safetensors"  # two steps do not reach
    outcome = finetune(
        replace(recipe_of(folders, out), init=str(start)), config_of(tmp_path, 14.0), quiet, quiet, steps=2
    )
    assert outcome.before == 0.0 and outcome.after == pytest.approx(0.0, abs=1e-3)
    assert outcome.path is None and not out.exists()


def test_samples_too_few_to_hold_some_back_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError, match="'anna' has 1 pieces"):
        own_voices(config_of(tmp_path, 5.0))


def test_every_fourth_piece_is_held_back_and_none_is_in_both_parts(tmp_path: Path) -> None:
    own = own_voices(config_of(tmp_path, 49.0))  # eight pieces of 6 s; the last second is dropped
    assert len(own.training) == 12
    assert sorted(name for name, _ in own.held_back) == ["anna", "anna", "bert", "bert"]
    trained_on = [own.training.audio(index) for index in range(len(own.training))]
    for _, held in own.held_back:
        assert not any(np.allclose(held, piece, atol=1e-4) for piece in trained_on)


def test_pieces_are_six_seconds_and_a_rest_of_two_or_more() -> None:
    lengths = [len(piece) for piece in pieces(np.zeros(16_000 * 15, np.float32))]
    assert lengths == [96_000, 96_000, 48_000]
    assert [len(piece) for piece in pieces(np.zeros(16_000 * 13, np.float32))] == [96_000, 96_000]


def test_voices_that_differ_are_further_apart_than_voices_that_do_not(tmp_path: Path) -> None:
    encoder = load_encoder(device="cpu")
    own = own_voices(config_of(tmp_path, 26.0))
    alike = [buzz(150, 6.0, 3), buzz(240, 6.0, 4)]
    unlike = [np.random.default_rng(k).uniform(-0.2, 0.2, 96_000).astype(np.float32) for k in range(2)]
    both = OwnVoices(own.training, [(name, audio) for name, audio in own.held_back if name == "anna"])
    assert separation(encoder, both, unlike) > separation(encoder, both, alike)
