"""`make demo` in a short form and without Debian's packages: talking machines stand for the people."""

import re
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.sound import RATE, write_wav
from support.speech import Talker, speak, tune

from voicemark.config import load_config
from voicemark.demo import __main__ as program
from voicemark.demo import compose, prompts
from voicemark.store.database import open_database
from voicemark.store.queries import MarkerFilter, find_markers

CLIP_S, CLIPS = 7.0, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the packages lie as if they had been fetched and unpacked."""
    folder = tmp_path_factory.mktemp("demo")
    root = folder / "packages/root" / prompts.ROOT
    for number, person in enumerate(prompts.PEOPLE):
        talker = Talker(90 + 28 * number, 0.88 + 0.07 * number, 0.02 + 0.02 * number)
        speech = write_wav(folder / "speech.wav", speak(talker, CLIP_S * CLIPS, number))
        as_package_has_it(speech, [root / person.folder / f"{clip}{person.suffix}" for clip in range(CLIPS)])
    for number in range(2):
        music = write_wav(folder / "music.wav", tune(10, number))
        as_package_has_it(music, [root / "moh" / f"{number}.g722"])
    (folder / "packages/complete").touch()
    return folder


def as_package_has_it(wav: Path, targets: Sequence[Path]) -> None:
    """In files of equal length, one after another: G.722 without a header; what else there is, ffmpeg tells by
    looking."""
    targets[0].parent.mkdir(parents=True, exist_ok=True)
    if targets[0].suffix == ".g722":
        command = ["ffmpeg", "-v", "error", "-i", str(wav), "-ar", str(RATE), "-c:a", "g722", "-f", "g722", "pipe:1"]
        coded = subprocess.run(command, check=True, capture_output=True).stdout
        length = len(coded) // len(targets)
        for number, target in enumerate(targets):
            target.write_bytes(coded[number * length :][:length])
        return
    with wave.open(str(wav)) as audio:
        frames = audio.getnframes() // len(targets)
        for target in targets:
            write_wav(target, np.frombuffer(audio.readframes(frames), "<i2").astype(np.float32) / 32768)


def test_the_demo_composes_a_recording_scans_it_and_counts_against_the_truth(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compose, "MINUTES", 0.9)
    monkeypatch.setattr(compose, "ENROL_S", 12.0)
    assert program.main(folder) == 0
    out = capsys.readouterr().out
    assert f"web --config {folder / 'config.toml'}" in out
    told = re.search(r"(\d+) of (\d+) turns of the enrolled voices found", out)
    assert told and 0 < int(told[1]) <= int(told[2])
    database = open_database(load_config(folder / "config.toml").database.path)
    with database.snapshot() as connection:
        markers = list(find_markers(connection, MarkerFilter()))
    database.close()
    assert {marker.title for marker in markers} == {"Stimmen im Programm"}
    assert {marker.speaker for marker in markers} <= {person.name for person in prompts.PEOPLE if person.wanted}
