"""`voicemark enrol`, `forget`, `backup` and `bench` as a person runs them."""

import json
import subprocess
from pathlib import Path

import pytest
import torch
from support.commands import run

TONE = "aevalsrc='0.3*sin(2*PI*{pitch}*t)*(0.6+0.4*sin(2*PI*4*t))':s=16000:d={seconds}"


def write_sample(path: Path, pitch: int, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = TONE.format(pitch=pitch, seconds=seconds)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, str(path)], check=True)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    write_sample(folder / "anna" / "one.wav", 220, 5)
    write_sample(folder / "anna" / "short.wav", 220, 1)
    write_sample(folder / "bert.wav", 110, 4)
    path = folder / "config.toml"
    path.write_text(
        '[database]\nurl = "sqlite:///v.db"\n'
        '[[speakers]]\nname = "Anna [A]"\nsamples = ["anna"]\nthreshold = 0.8\n'
        '[[speakers]]\nname = "Bert"\nsamples = ["bert.wav"]\n'
    )
    return path


@pytest.fixture(scope="module")
def enrolled(config: Path) -> list[dict[str, object]]:
    done = run("enrol", "--config", config, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_enrol_tells_what_each_memory_holds(enrolled: list[dict[str, object]]) -> None:
    anna, bert = enrolled
    assert (anna["name"], anna["windows"], anna["threshold"]) == ("Anna [A]", 7, 0.8)
    assert [Path(sample["sample"]).name for sample in anna["samples"]] == ["one.wav"]  # type: ignore[attr-defined]
    assert "short.wav" in str(anna["problems"]) and "shorter than a window" in str(anna["problems"])
    assert bert["windows"] == 5 and set(bert["others"]) == {"Anna [A]"}  # type: ignore[call-overload]


def test_enrol_in_words_names_voices_samples_and_problems(config: Path) -> None:
    done = run("enrol", "--config", config)
    assert "Anna [A]: 7 windows remembered, threshold 0.80" in done.stdout
    assert "one.wav" in done.stdout and "short.wav" in done.stderr


def test_a_voice_that_cannot_be_enrolled_is_code_1_and_the_others_are_shown(config: Path) -> None:
    broken = config.with_name("broken.toml")
    broken.write_text(config.read_text().replace("bert.wav", "nobody.wav").replace("Bert", "Carl"))
    done = run("enrol", "--config", broken)
    assert done.returncode == 1
    assert "'Carl' cannot be enrolled" in done.stderr and done.stderr.count("nobody.wav") == 1
    assert "Anna [A]: 7 windows" in done.stdout


@pytest.mark.parametrize("command", ["enrol", "doctor"])
def test_every_command_computes_with_the_threads_of_the_configuration(config: Path, command: str) -> None:
    three = config.with_name("three.toml")
    three.write_text(f"[encoder]\nthreads = 3\n{config.read_text()}")
    before = torch.get_num_threads()
    try:
        run(command, "--config", three)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_forget_says_what_was_erased_and_what_is_left_to_do(
    config: Path, enrolled: list[dict[str, object]], tmp_path: Path
) -> None:
    done = run("forget", "Anna [A]", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "'Anna [A]' is forgotten: 0 markers in 0 recordings and 1 memories are erased" in done.stdout
    assert f"'Anna [A]' is still in [[speakers]] of {config}, line 3" in done.stdout and "anna" in done.stdout
    assert "enrolled again at the next scan" in done.stdout
    assert "backups" in done.stdout and "no list is kept of them" in done.stdout
    again = run("forget", "Anna [A]", "--config", config)
    assert again.returncode == 0 and "nothing was kept of 'Anna [A]'; the voices there are: Bert" in again.stdout
    copied = run("backup", tmp_path / "copy.db", "--config", config)
    assert copied.returncode == 0 and "0 recordings" in copied.stdout
    assert b"Anna [A]" not in (tmp_path / "copy.db").read_bytes()


def test_a_backup_that_cannot_be_written_is_code_1_and_one_line(config: Path, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "no" / "copy.db", "--config", config)
    assert done.returncode == 1
    assert done.stderr.startswith("voicemark: ") and done.stderr.count("\n") == 1


def test_bench_prints_figures(tmp_path: Path) -> None:
    done = run("bench", "--quick", "--only", "products", "--json", "--folder", tmp_path)
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [figure["unit"] for figure in figures] == ["a CPU second"] * 3 + ["times"]
    assert all(figure["value"] > 0 for figure in figures)
