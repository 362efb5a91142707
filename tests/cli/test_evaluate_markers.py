"""`evaluate voices --markers` from the command line: composed, marked, verified, scored."""

import json
from pathlib import Path

import pytest
from support.composing import write_programs
from support.onnx_models import CONVENTION, tiny_model
from support.small_corpus import write_corpus, write_noise
from typer.testing import CliRunner

from voicemark.cli.main import app


def test_markers_are_scored_at_the_default_with_a_verifier_and_in_hindsight(tmp_path: Path) -> None:
    for module in ("onnx", "onnxruntime", "kaldi_native_fbank"):
        pytest.importorskip(module, reason="the extra onnx is not installed")
    for name in ("corpus", "noise"):
        (tmp_path / name).mkdir()
    composer, scorer = write_programs(tmp_path)
    command = ["evaluate", "voices", "--corpus", str(write_corpus(tmp_path / "corpus")), "--conditions", "clean"]
    command += ["--noise", str(write_noise(tmp_path / "noise")), "--markers", "1", "--minutes", "1"]
    command += ["--composer", str(composer), "--scorer", str(scorer), "--cache", str(tmp_path / "cache")]
    command += ["--verifier", str(tiny_model(tmp_path / "tiny.onnx", CONVENTION)), "--threshold", "0.3"]
    told = CliRunner().invoke(app, [*command, "--json"])
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    default, oracle, verified, hindsight = report["markers"]
    assert oracle["name"] == f"{default['name']}, true turns"
    [speech] = report["speech"]
    assert speech["recordings"] == f"{composer.stem}, 1" and len(speech["by_length"]) == 4
    assert (default["threshold"], default["hindsight"], verified["hindsight"]) == (0.3, False, False)
    assert verified["name"] == f"{default['name']}, tiny verifying" and verified["verifier_cpu_s_per_hour"] is not None
    assert default["verifier_cpu_s_per_hour"] is None and hindsight["hindsight"]
    for row in (default, oracle, verified, hindsight):
        assert [score["recording"] for score in row["scores"]] == [f"{composer.stem} 1", "mean"]
    assert verified["scores"][-1] != default["scores"][-1], "a verifier that knows nothing changes something"
    assert hindsight["scores"][-1]["f1"] >= default["scores"][-1]["f1"]
