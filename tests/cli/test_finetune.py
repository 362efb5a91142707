"""`train voice --config`: fine-tuned to the configured voices, written where that helps, told in any case."""

import re
from pathlib import Path

import torch
from support.small_corpus import voice, write_corpus, write_noise
from support.sound import write_wav
from support.teaching import TINY
from typer.testing import CliRunner

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.cli.main import app
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet


def test_the_configured_voices_are_learnt_and_what_came_of_it_is_told(tmp_path: Path) -> None:
    for name in ("corpus", "noise"):
        (tmp_path / name).mkdir()
    start, out, config = tmp_path / "start.safetensors", tmp_path / "own.safetensors", tmp_path / "config.toml"
    torch.manual_seed(0)
    weights.write(start, weights.packed(SpeakerNet(TINY), FeatureSettings(), WindowGrid()))
    speakers = []
    for name, pitch in (("anna", 210.0), ("bert", 110.0)):
        write_wav(tmp_path / f"{name}.wav", voice(pitch, 14.0, int(pitch)))
        speakers.append(f'[[speakers]]\nname = "{name}"\nsamples = ["{tmp_path}/{name}.wav"]\n')
    config.write_text("".join(speakers))
    command = ["train", "voice", "--corpus", str(write_corpus(tmp_path / "corpus")), "--config", str(config)]
    command += ["--noise", str(write_noise(tmp_path / "noise")), "--init", str(start), "--out", str(out)]
    command += ["--triplet-steps", "2", "--batch", "8", "--device", "cpu"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    told = re.search(r"separation (\S+) before, (\S+) after; (.*)", " ".join(done.output.split()))
    assert told, done.output
    kept = "nothing was written" not in told[3]
    assert out.exists() == kept
    if kept:
        assert weights.load(out).about["fine_tuned_from"] == weights.load(start).model_id
        assert weights.load(out).about["voices"] == "2"
