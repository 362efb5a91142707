"""A small corpus and noise folder of synthetic voices, as real files."""

import csv
from pathlib import Path

import numpy as np
from support.sound import RATE, write_wav


def voice(pitch: float, seconds: float, seed: int) -> np.ndarray:
    """A buzz with a voice's pitch and a slow tremble: harmonics up to 3 kHz under some hiss."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, int(3000 / pitch)))
    return (0.1 * tone * (1 + 0.3 * np.sin(2 * np.pi * 3 * t)) + 0.003 * rng.standard_normal(len(t))).astype(np.float32)


def write_corpus(root: Path) -> Path:
    """Four voices with three utterances each, two sources, all `dev`; three voices of `train`."""
    rows = []
    for number, pitch in enumerate((90, 120, 170, 230)):
        for take in range(3):
            path = f"s{number}/{take}.wav"
            write_wav(root / path, voice(pitch, 4.5 + take, 10 * number + take))
            rows.append([path, "a" if number < 2 else "b", f"s{number}", "dev"])
    for number, pitch in enumerate((300, 105, 150)):
        path = f"t{number}/0.wav"
        write_wav(root / path, voice(pitch, 3, 99 + number))
        rows.append([path, "a", f"t{number}", "train"])
    with (root / "manifest.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["path", "source", "speaker", "split"], *rows])
    return root


def write_noise(root: Path) -> Path:
    """Twenty files of music and of noise each, so that both sides of the split have some of both."""
    rows = []
    for number in range(20):
        rng = np.random.default_rng(number)
        write_wav(root / f"music/{number}.wav", voice(200 + 20 * number, 3, number))
        write_wav(root / f"env/{number}.wav", 0.1 * rng.standard_normal(3 * RATE))
        rows += [[f"music/{number}.wav", "music"], [f"env/{number}.wav", "env:rain"]]
    with (root / "manifest.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["path", "kind"], *rows])
    return root
