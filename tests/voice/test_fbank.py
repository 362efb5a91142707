"""Kaldi's filter bank: frames, repeatability, level; against a plain reading of its definition."""

import numpy as np
import pytest

from voicemark.voice.fbank import BINS, Fbank

pytest.importorskip("kaldi_native_fbank", reason="the extra onnx is not installed")


def mel(hertz: np.ndarray) -> np.ndarray:
    return 1127.0 * np.log(1 + hertz / 700)


def naive_fbank(samples: np.ndarray, rate: int = 16_000) -> np.ndarray:
    """Kaldi's defaults word by word: 25 ms frames, mean off, pre-emphasis, povey window, mel triangles, logarithm."""
    length, shift, size = rate * 25 // 1000, rate // 100, 512
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))) ** 0.85
    edges = np.linspace(float(mel(np.array(20.0))), float(mel(np.array(rate / 2))), BINS + 2)
    at = mel(np.arange(size // 2) * rate / size)
    bank = np.maximum(
        0,
        np.minimum(
            (at[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None],
            (edges[2:, None] - at[None]) / (edges[2:] - edges[1:-1])[:, None],
        ),
    )
    out = []
    for start in range(0, len(samples) - length + 1, shift):
        frame = samples[start : start + length].astype(np.float64)
        frame = frame - frame.mean()
        frame = np.append(frame[0] * 0.03, frame[1:] - 0.97 * frame[:-1])
        power = np.abs(np.fft.rfft(frame * window, size))[: size // 2] ** 2
        out.append(np.log(np.maximum(bank @ power, np.finfo(np.float32).eps)))
    return np.array(out)


def test_features_are_those_of_the_definition() -> None:
    samples = np.random.default_rng(0).standard_normal(8_000).astype(np.float32) * 0.1
    features = Fbank(16_000, subtract_mean=False)(samples[None])[0]
    assert features == pytest.approx(naive_fbank(samples), abs=2e-3)


def test_two_seconds_are_198_frames_and_repeatable() -> None:
    windows = np.random.default_rng(1).standard_normal((3, 32_000)).astype(np.float32)
    fbank = Fbank(16_000)
    features = fbank(windows)
    assert features.shape == (3, 198, BINS)
    assert np.array_equal(features, fbank(windows))
    assert np.abs(features.mean(axis=1)).max() < 1e-3


def test_the_level_falls_away_with_the_mean() -> None:
    window = np.random.default_rng(2).standard_normal((1, 32_000)).astype(np.float32) * 0.1
    small, large = Fbank(16_000, full_scale=1.0)(window), Fbank(16_000, full_scale=32768.0)(window)
    assert small == pytest.approx(large, abs=1e-2)
