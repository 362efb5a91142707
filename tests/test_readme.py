"""The README's examples are right: its configuration loads, its Python runs, its picture is what the program prints."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.recordings import (
    ANNA_SPEAKS,
    BERT_SPEAKS,
    config_text,
    programme,
    samples,
    vdr_directory,
    vdr_info,
    write_ts,
)
from support.speech import ANNA, BERT, speak

from voicemark.cli.markers import show_markers
from voicemark.config import load_config
from voicemark.config.model import SampleSection
from voicemark.store.queries import MarkerView

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
MACHINES = "[match]\nnormalise = false\nthreshold = 0.75\n"
"""Talking machines are no strangers to be normalised against: the plain cosine tells them apart."""


def block(language: str) -> str:
    """The one block of that language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_configuration_loads_and_says_what_the_text_says(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(block("toml"), encoding="utf-8")
    config = load_config(tmp_path / "config.toml")
    assert config.database.path == Path("/var/lib/voicemark/voicemark.db")
    assert [section.path for section in config.watch] == [Path("/srv/vdr/video")]
    [speaker] = config.speakers
    folder, piece = speaker.samples
    assert Path(str(folder)) == Path("/srv/voices/newsreader")
    assert isinstance(piece, SampleSection)
    assert (piece.start, piece.end) == (190.0, 220.0)


def test_the_python_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = vdr_directory(tmp_path / "video", "Abendschau")
    write_ts(recording / "00001.ts", programme())
    (recording / "info").write_text(vdr_info("Abendschau"), encoding="utf-8")
    voices = samples(tmp_path / "voices")
    (tmp_path / "config.toml").write_text(config_text(tmp_path / "v.db", voices, MACHINES), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code = block("python").replace("/srv/vdr/video", str(tmp_path / "video"))
    names: dict[str, Any] = {"waveform": speak(ANNA, 6), "windows": np.stack([speak(ANNA, 2, 1), speak(BERT, 2, 1)])}
    exec(compile(code, "README.md", "exec"), names)
    assert names["embeddings"].shape == (9, names["encoder"].dim)
    assert names["batch"].shape == (2, names["encoder"].dim)
    found = sorted((marker.start_s, marker.speaker) for marker in names["markers"])
    assert [speaker for _, speaker in found] == ["Anna", "Bert"]
    assert [start_s for start_s, _ in found] == pytest.approx([ANNA_SPEAKS[0], BERT_SPEAKS[0]], abs=1.5)


def test_the_picture_is_what_the_program_prints(capsys: pytest.CaptureFixture[str]) -> None:
    picture = block("text").splitlines()
    show_markers([marker_of(line) for line in picture[1:]])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == picture


def marker_of(line: str) -> MarkerView:
    """What a line of the picture says, read with a pattern of our own."""
    parts = re.fullmatch(
        r"(\S+) +at min ([\d.]+) +(\S+) – (\S+) +([\d.]+) +(.+?) – (.+?)  +(.+?)  +(\d{4}-\d\d-\d\d \d\d:\d\d)  (\d+)",
        line,
    )
    assert parts is not None, line
    speaker, at_min, start, end, score, title, subtitle, channel, recorded, number = parts.groups()
    started_at = datetime.strptime(recorded, "%Y-%m-%d %H:%M").astimezone()
    times = seconds(start), seconds(end), float(at_min)
    return MarkerView("", title, subtitle, channel, started_at, speaker, *times, float(score), int(number))


def seconds(clock: str) -> float:
    """Of `3:19`."""
    minutes, rest = clock.split(":")
    return 60.0 * int(minutes) + int(rest)
