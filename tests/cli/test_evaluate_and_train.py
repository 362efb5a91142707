"""`evaluate voices`, `train autoencoder` and `train backend` as a person calls them, on small real files."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from support.networks import tiny
from support.onnx_models import CONVENTION, on_samples, tiny_model
from support.small_corpus import voice, write_corpus, write_noise
from support.sound import write_wav
from support.teaching import Spectrum, save_program
from typer.testing import CliRunner

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.cli.main import app
from voicemark.errors import ConfigError, VoicemarkError
from voicemark.lab.batches.fresh import FreshSettings
from voicemark.lab.training import recipe
from voicemark.lab.training.autoencoder_training import load_autoencoder
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("cli")
    for name in ("corpus", "noise"):
        (root / name).mkdir()
    return write_corpus(root / "corpus"), write_noise(root / "noise")


def test_evaluate_voices_tells_the_same_as_json_and_as_a_table(folders: tuple[Path, Path]) -> None:
    command = ["evaluate", "voices", "--corpus", str(folders[0]), "--conditions", "clean"]
    told = CliRunner().invoke(app, [*command, "--json"])
    assert told.exit_code == 0, told.output
    measured = json.loads(told.stdout)
    assert [cell["condition"] for cell in measured["rows"][0]["cells"]] == ["clean"]
    shown = CliRunner().invoke(app, [*command, "--markdown"])
    assert shown.exit_code == 0
    eer = f"{100 * measured['rows'][0]['cells'][0]['enrolment']['pooled']['eer']:.2f}"
    assert eer in shown.stdout


def test_markers_need_programs_to_compose_and_score(folders: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "voices", "--corpus", str(folders[0]), "--markers", "1"])
    assert isinstance(result.exception, ConfigError)
    assert "--composer" in str(result.exception)


def test_train_autoencoder_writes_a_model_and_leaves_out_what_it_cannot_hear(tmp_path: Path) -> None:
    write_wav(tmp_path / "audio/a.wav", voice(120, 5, 1))
    (tmp_path / "audio/b.wav").write_bytes(b"no sound")
    out = tmp_path / "models/autoencoder.safetensors"
    command = ["train", "autoencoder", str(tmp_path / "audio"), "--out", str(out), "--steps", "2", "--device", "cpu"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1  # one of the files failed, the other was learnt from
    assert "b.wav" in result.output
    assert load_autoencoder(out)[0].config.n_mels == 80
    assert not list(out.parent.glob("*.checkpoint"))


def test_train_autoencoder_without_any_file_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", "autoencoder", str(tmp_path), "--out", str(tmp_path / "a")])
    assert isinstance(result.exception, ConfigError)


def test_train_backend_replaces_the_cohort_and_keeps_the_id(folders: tuple[Path, Path], tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    shutil.copy(weights.DEFAULT_WEIGHTS, model)
    before = weights.load(model)
    command = ["train", "backend", "--corpus", str(folders[0]), "--noise", str(folders[1]), "--model", str(model)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    after = weights.load(model)
    assert after.model_id == before.model_id
    assert after.cohort is not None
    assert f"cohort of {len(after.cohort)} windows" in result.output.replace("\n", "")
    assert before.cohort is None or not torch.equal(after.cohort, before.cohort)


def test_train_backend_centres_on_a_background_under_a_new_id(folders: tuple[Path, Path], tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    shutil.copy(weights.DEFAULT_WEIGHTS, model)
    before = weights.load(model)
    command = ["train", "backend", "--corpus", str(folders[0]), "--noise", str(folders[1]), "--model", str(model)]
    result = CliRunner().invoke(app, [*command, "--whiten", "--background", str(folders[0])])
    assert result.exit_code == 0, result.output
    after = weights.load(model)
    assert after.model_id != before.model_id
    assert (
        after.background is not None and len(after.background) == 6
    )  # three voices of one window, with and without noise
    assert after.about["background"] == "6 windows"
    # What is embedded for a background is not centred on the one before: the same corpus gives the same again.
    assert CliRunner().invoke(app, [*command, "--background", str(folders[0])]).exit_code == 0
    assert weights.load(model).model_id == after.model_id
    # The file is written at the end or not at all: whitened without the background that follows it would be worse.
    result = CliRunner().invoke(app, [*command, "--whiten", "--background", str(tmp_path / "none")])
    assert isinstance(result.exception, VoicemarkError)
    assert weights.load(model).model_id == after.model_id
    old_name = CliRunner().invoke(app, [*command, "--crowd", str(folders[0])])
    assert isinstance(old_name.exception, ConfigError) and old_name.exception.hint == "--background"
    # All its training voices are of one source; without that there is nobody.
    result = CliRunner().invoke(app, [*command, "--leave-out", "a"])
    assert isinstance(result.exception, VoicemarkError) and "besides those of a" in str(result.exception)


@pytest.fixture
def small_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What learns is a network of the same kind with a few channels, out of a few crops: a step of the full one takes a
    minute."""
    monkeypatch.setattr("voicemark.voice.network.EncoderConfig", tiny)
    monkeypatch.setattr(recipe, "FreshSettings", partial(FreshSettings, ring=64, first=32))


@pytest.mark.usefixtures("small_run")
def test_train_voice_learns_on_the_device_from_an_exported_teacher(folders: tuple[Path, Path], tmp_path: Path) -> None:
    teacher, out = tmp_path / "teacher.pt2", tmp_path / "mine.safetensors"
    save_program(Spectrum(), teacher)
    command = ["train", "voice", "--corpus", str(folders[0]), "--noise", str(folders[1]), "--distil", str(teacher)]
    command += ["--steps", "1", "--batch", "8", "--triplet-steps", "0", "--device", "cpu", "--out", str(out)]
    clips = CliRunner().invoke(app, [*command, "--clips"])
    assert isinstance(clips.exception, ConfigError) and "--clips" in (clips.exception.hint or "")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert weights.load(out).about["teacher"].startswith("pt2-")


@pytest.mark.usefixtures("small_run")
def test_train_voice_learns_from_two_teachers(folders: tuple[Path, Path], tmp_path: Path) -> None:
    for module in ("onnx", "onnxruntime", "kaldi_native_fbank"):
        pytest.importorskip(module, reason="the extra onnx is not installed")
    out = tmp_path / "mine.safetensors"
    command = ["train", "voice", "--corpus", str(folders[0]), "--noise", str(folders[1]), "--out", str(out)]
    command += ["--distil", str(tiny_model(tmp_path / "one.onnx", CONVENTION))]
    command += ["--steps", "1", "--batch", "8", "--triplet-steps", "0", "--device", "cpu"]
    alone = CliRunner().invoke(app, [*command, "--distil", str(tmp_path / "teacher.pt2")])
    assert isinstance(alone.exception, ConfigError) and "alone" in alone.exception.what
    result = CliRunner().invoke(app, [*command, "--distil", str(on_samples(tmp_path / "two.onnx", {}))])
    assert result.exit_code == 0, result.output
    assert weights.load(out).about["teacher"].startswith("several-")


def test_two_runs_become_one_file_and_the_back_end_leaves_it_as_it_was(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    corpus, noise = ["--corpus", str(folders[0])], ["--noise", str(folders[1])]
    runs = []
    for seed in range(2):
        torch.manual_seed(seed)
        model = weights.packed(SpeakerNet(tiny()), FeatureSettings(), WindowGrid())
        runs.append(str(tmp_path / f"run{seed}.safetensors"))
        weights.write(Path(runs[-1]), model)
    mean, joined, fitted = (tmp_path / f"{name}.safetensors" for name in ("mean", "joined", "fitted"))
    for command in (
        ["train", "average", *runs, "--share", "3", "--share", "1", "--out", str(mean)],
        ["train", "join", *runs, *corpus, *noise, "--dim", "2", "--out", str(joined)],
        ["train", "backend", "--model", str(joined), *corpus, *noise, "--out", str(fitted)],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, (command, result.output, result.exception)
    assert weights.load(mean).about["made"].startswith("mean of 0.75 ")
    assert weights.load(joined).network.dim == 2 and weights.load(joined).about["made"].startswith("2 axes of")
    assert weights.load(joined).cohort is None and weights.load(fitted).cohort is not None
    assert weights.load(fitted).model_id == weights.load(joined).model_id
