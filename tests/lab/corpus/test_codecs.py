"""Voices through a broadcast's codecs and back, with real ffmpeg."""

import numpy as np
import pytest

from voicemark.errors import ToolError
from voicemark.lab.corpus import codecs
from voicemark.lab.corpus.codecs import AC3, BROADCAST, MP2, Codec, round_trip

RATE = 16_000
REACH = RATE // 20  # 50 ms: more than any codec's delay


def hummed(frequency: float, start: float) -> np.ndarray:
    """One second in which a hum begins at `start` seconds."""
    time = np.arange(RATE) / RATE
    return np.where(time >= start, 0.2 * np.sin(2 * np.pi * frequency * time), 0.0).astype(np.float32)


WINDOWS = np.stack([hummed(220, 0.2), hummed(700, 0.6), hummed(450, 0.4)])


@pytest.mark.parametrize("codec", BROADCAST, ids=lambda codec: codec.name)
def test_every_window_keeps_its_sound_and_its_place(codec: Codec) -> None:
    coded = round_trip(WINDOWS, codec)
    assert coded.shape == WINDOWS.shape
    for before, after in zip(WINDOWS, coded, strict=True):
        likeness = np.correlate(np.pad(after, REACH), before, "valid") / np.dot(before, before)
        assert likeness.max() > 0.9
        assert abs(int(likeness.argmax()) - REACH) < REACH, "moved by more than a decoder's delay"


@pytest.mark.parametrize("codec", BROADCAST, ids=lambda codec: codec.name)
def test_something_is_lost_and_always_the_same(codec: Codec) -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal((2, RATE)).astype(np.float32)
    first, again = round_trip(hiss, codec), round_trip(hiss, codec)
    assert np.abs(first - hiss).max() > 0.01
    np.testing.assert_array_equal(first, again)


def test_many_windows_go_through_in_several_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "AT_ONCE", 2)
    expected = np.concatenate([round_trip(WINDOWS[:2], MP2), round_trip(WINDOWS[2:], MP2)])
    np.testing.assert_array_equal(round_trip(WINDOWS, MP2), expected)


def test_fewer_bits_lose_more() -> None:
    hiss = 0.1 * np.random.default_rng(1).standard_normal((1, RATE)).astype(np.float32)

    def kept(kilobits: int) -> float:
        coded = round_trip(hiss, Codec("", "mp2", kilobits, "mp2", "mp3"))
        return float(np.correlate(np.pad(coded[0], REACH), hiss[0], "valid").max() / np.dot(hiss[0], hiss[0]))

    assert kept(64) < kept(128) < kept(256)


def test_too_loud_windows_are_cut_at_full_scale_and_not_wrapped() -> None:
    assert np.abs(round_trip(20 * WINDOWS, MP2)).max() < 1.5


def test_ffmpegs_refusal_is_told() -> None:
    with pytest.raises(ToolError, match="ffmpeg failed"):
        round_trip(WINDOWS, Codec("", "no_such_encoder", 128, "mp2", "mp3"))


def test_a_missing_ffmpeg_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError):
        round_trip(WINDOWS, AC3)
