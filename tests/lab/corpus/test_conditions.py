"""Noise at a level, codecs with real ffmpeg, all repeatable."""

from pathlib import Path

import numpy as np
import pytest

from voicemark.errors import ConfigError
from voicemark.lab.corpus.clips import cut_windows, read_utterances
from voicemark.lab.corpus.conditions import (
    CONDITIONS,
    NoiseBank,
    conditions_named,
    read_bank,
    with_noise,
)
from voicemark.lab.corpus.mixing import Audio, mix, noise_excerpt, rms


@pytest.fixture(scope="module")
def windows(small_corpus: Path) -> Audio:
    return cut_windows(read_utterances(small_corpus, "dev", per_speaker=1), per_utterance=2).samples


@pytest.fixture(scope="module")
def bank(small_noise: Path) -> NoiseBank:
    return read_bank(small_noise)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 10.0])
def test_noise_lies_so_many_decibels_below_the_voice(snr_db: float) -> None:
    rng = np.random.default_rng(0)
    speech = rng.standard_normal(16_000).astype(np.float32) * 0.2
    noise = rng.standard_normal(16_000).astype(np.float32)
    added = mix(speech, noise, snr_db) - speech
    assert 20 * np.log10(rms(speech) / rms(added)) == pytest.approx(snr_db, abs=0.01)


def test_every_condition_is_repeatable_and_keeps_the_shape(windows: Audio, bank: NoiseBank) -> None:
    for condition in CONDITIONS:
        once, twice = (condition.apply(windows, bank, 3) for _ in range(2))
        assert once.shape == windows.shape and once.dtype == np.float32, condition.name
        assert np.array_equal(once, twice), condition.name
        assert np.array_equal(once, windows) == (condition.name == "clean")


def test_another_seed_gives_other_noise(windows: Audio, bank: NoiseBank) -> None:
    music = conditions_named(["music10"])[0]
    assert not np.array_equal(music.apply(windows, bank, 1), music.apply(windows, bank, 2))


def test_a_windows_noise_does_not_depend_on_its_company(windows: Audio, bank: NoiseBank) -> None:
    alone = with_noise(windows[:2], bank.environment, 10, "noise", 0)
    among = with_noise(windows, bank.environment, 10, "noise", 0)
    assert np.array_equal(alone, among[:2])


@pytest.mark.parametrize("name", ["MP2 128k", "AC-3 192k"])
def test_a_codec_changes_little_and_keeps_every_window_in_its_place(windows: Audio, bank: NoiseBank, name: str) -> None:
    decoded = conditions_named([name])[0].apply(windows, bank, 0)
    reach = 400  # 25 ms: more than any codec's delay
    for before, after in zip(windows, decoded, strict=True):
        lags = range(-reach, reach + 1)
        middle = before[2000:-2000]
        best = max(
            float(np.dot(middle, after[2000 + lag : len(after) - 2000 + lag]))
            / (np.linalg.norm(middle) * np.linalg.norm(after[2000 + lag : len(after) - 2000 + lag]))
            for lag in lags
        )
        assert best > 0.95


def test_silent_pieces_of_noise_are_passed_over() -> None:
    noise = np.zeros(160_000, np.float32)
    noise[80_000:] = 0.1
    rng = np.random.default_rng(0)
    assert all(rms(noise_excerpt([noise], 16_000, rng)) > 0 for _ in range(50))


def test_short_noise_is_repeated() -> None:
    noise = np.arange(1, 101, dtype=np.float32)
    piece = noise_excerpt([noise], 250, np.random.default_rng(0))
    assert len(piece) == 250
    assert np.array_equal(piece[:100], piece[100:200])


def test_conditions_are_found_by_short_names_and_unknown_ones_refused() -> None:
    assert [one.name for one in conditions_named(["music10", "MP2 128k", "ac3192"])] == [
        "music 10 dB",
        "MP2 128k",
        "AC-3 192k",
    ]
    assert len(conditions_named([])) == len(CONDITIONS)
    with pytest.raises(ConfigError, match="thunder"):
        conditions_named(["thunder"])


def test_a_condition_without_its_noise_says_so(windows: Audio) -> None:
    with pytest.raises(ConfigError, match="music"):
        conditions_named(["music5"])[0].apply(windows, NoiseBank((), ()), 0)
