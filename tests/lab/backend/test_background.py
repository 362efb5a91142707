"""Crowd and cohort hear training speakers and training noise alone."""

import csv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.sound import tone, write_wav
from torch import Tensor

from voicemark.errors import VoicemarkError
from voicemark.lab.backend import background
from voicemark.lab.backend.background import (
    build_background,
    build_cohort,
    labelled_windows,
    some_of_each,
    without_duplicates,
)
from voicemark.lab.corpus.codecs import MP2, round_trip
from voicemark.lab.corpus.noise import held_for_evaluation
from voicemark.voice.base import SpeakerEncoder

training_noise = cache(background.training_noise)
"""Every file is read by a program of its own: once is enough."""


class Spectra:
    """Stands for an encoder: a unit-length spectrum of each window. Remembers what it heard."""

    def __init__(self) -> None:
        self.windows: NDArray[np.float32] = np.zeros((0, 32_000), np.float32)

    def embed_windows(self, batch: NDArray[np.float32]) -> Tensor:
        self.windows = batch
        power = np.abs(np.fft.rfft(batch, axis=1)[:, :16_000]).reshape(len(batch), -1, 20).mean(axis=2)
        return torch.nn.functional.normalize(torch.from_numpy(power).float(), dim=1)


def heard_by(encoder: Spectra) -> SpeakerEncoder:
    """As much of an encoder as is asked for here."""
    return cast(SpeakerEncoder, encoder)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Voices of `train` below 1 kHz, of `dev` at 2 kHz; noise to train with at 4 kHz, to measure with at 6 kHz."""
    root = tmp_path_factory.mktemp("folders")
    rows = [["path", "source", "speaker", "split"]]
    for number in range(6):
        split = "train" if number < 5 else "dev"
        write_wav(root / f"corpus/{number}.wav", tone(300 + 100 * number if split == "train" else 2000, 3.0, 0.25))
        rows.append([f"{number}.wav", "b" if number == 4 else "a", f"s{number}", split])
    noises = [["path", "kind"]]
    for number in range(12):
        name = f"{number}.wav"
        write_wav(root / "noise" / name, tone(6000 if held_for_evaluation(name) else 4000, 3.0, 0.25))
        noises.append([name, "music" if number % 2 else "env"])
    for folder, lines in (("corpus", rows), ("noise", noises)):
        with (root / folder / "manifest.csv").open("w", newline="") as out:
            csv.writer(out).writerows(lines)
    return root / "corpus", root / "noise"


def pitches(windows: NDArray[np.float32]) -> set[int]:
    """Every frequency that stands out in any window, in Hz."""
    power = np.abs(np.fft.rfft(windows, axis=1)) / windows.shape[1]
    return {int(bin_ / 2) for _, bin_ in np.argwhere(power > 0.005)}


def test_only_training_voices_and_training_noise_are_heard(folders: tuple[Path, Path]) -> None:
    encoder = Spectra()
    build_cohort(heard_by(encoder), [folders[0]], training_noise(folders[1]), noise_windows=8)
    assert pitches(encoder.windows) == {300, 400, 500, 600, 700, 4000}
    assert len(encoder.windows) == 5 + 5 + 8


def test_a_source_that_is_left_out_is_not_heard(folders: tuple[Path, Path]) -> None:
    encoder, without = Spectra(), {300, 400, 500, 600, 4000}
    build_cohort(heard_by(encoder), [folders[0]], training_noise(folders[1]), noise_windows=8, left_out=["b"])
    assert pitches(encoder.windows) == without
    build_background(heard_by(encoder), [folders[0]], training_noise(folders[1]), left_out=["b"])
    assert pitches(encoder.windows) <= without
    assert pitches(labelled_windows(folders[0], training_noise(folders[1]), left_out=["b"])[0]) == without


def test_equal_seeds_give_equal_cohorts(folders: tuple[Path, Path]) -> None:
    first, again, other = (
        build_cohort(heard_by(Spectra()), [folders[0]], training_noise(folders[1]), seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_near_duplicates_count_once_and_silence_never(folders: tuple[Path, Path]) -> None:
    cohort = build_cohort(heard_by(Spectra()), [folders[0]], training_noise(folders[1]), noise_windows=50)
    assert len(cohort) < 20  # fifty stretches of one tone are one row
    assert torch.allclose(cohort.norm(dim=1), torch.ones(len(cohort)), atol=1e-5)
    rows = torch.nn.functional.normalize(torch.randn(20, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    assert torch.equal(without_duplicates(torch.cat([rows, rows])), rows)


def test_a_background_has_as_many_windows_of_every_training_voice(folders: tuple[Path, Path]) -> None:
    encoder = Spectra()
    assert len(build_background(heard_by(encoder), [folders[0]], training_noise(folders[1]), per_voice=2)) == 5 * 2
    assert pitches(encoder.windows) <= {300, 400, 500, 600, 700, 4000}
    assert (
        len(build_background(heard_by(Spectra()), [folders[0]] * 2, training_noise(folders[1]), per_voice=1)) == 2 * 5
    )


def test_a_background_went_through_a_broadcasts_codec(folders: tuple[Path, Path]) -> None:
    heard = Spectra()
    build_background(heard_by(heard), [folders[0]], training_noise(folders[1]), per_voice=2)
    uncoded, speakers = labelled_windows(folders[0], training_noise(folders[1]))
    np.testing.assert_array_equal(heard.windows, round_trip(uncoded[some_of_each(speakers, 2, 0)], MP2))


@given(labels=st.lists(st.integers(0, 5), min_size=1, max_size=40), most=st.integers(1, 4), seed=st.integers(0, 9))
def test_of_each_label_as_many_as_there_are_up_to_the_most(labels: list[int], most: int, seed: int) -> None:
    places = some_of_each(np.array(labels, np.int64), most, seed).tolist()
    assert places == sorted(set(places))
    taken = Counter(labels[place] for place in places)
    assert taken == {label: min(most, count) for label, count in Counter(labels).items()}


def test_a_corpus_without_the_split_is_an_error(folders: tuple[Path, Path]) -> None:
    with pytest.raises(VoicemarkError, match="nobody"):
        build_cohort(heard_by(Spectra()), [folders[0]], training_noise(folders[1]), split="nobody")
