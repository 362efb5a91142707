"""Decoded clips come back as they went in."""

from pathlib import Path

import numpy as np
import pytest

from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.bank import AudioBank, to_pcm
from voicemark.lab.corpus.manifest import Clip


def sound(seconds: float, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * 16_000))).astype(np.float32)


def test_clips_come_back_and_are_decoded_once(tmp_path: Path) -> None:
    audio = {f"{k}.wav": sound(seconds, k) for k, seconds in enumerate((1.5, 0.4, 3.0))}
    decoded: list[str] = []

    def decode(path: Path) -> np.ndarray:
        decoded.append(path.name)
        return audio[path.name]

    clips = [Clip(tmp_path / name, f"s{name}", "x") for name in audio]
    first = AudioBank.build(clips, tmp_path / "work", decode)
    again = AudioBank.build(clips, tmp_path / "work", decode)
    assert sorted(decoded) == ["0.wav", "1.wav", "2.wav"]
    for bank in (first, again):
        assert [entry.speaker for entry in bank.entries] == ["s0.wav", "s2.wav"]  # the short one is left out
        np.testing.assert_allclose(bank.audio(1), audio["2.wav"], atol=1 / 32768)
        np.testing.assert_array_equal(bank.audio(1, 100, 50), bank.audio(1)[100:150])
    AudioBank.build(clips[:1], tmp_path / "work", decode)
    assert len(decoded) == 4  # another list of clips is another bank


def test_long_clips_are_cut_and_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    clips = [Clip(tmp_path / "a", None, "x")]
    assert AudioBank.build(clips, tmp_path / "1", lambda _: sound(3.0, 0), max_seconds=2.0).seconds == 2.0
    with pytest.raises(VoicemarkError, match="a second long"):
        AudioBank.build(clips, tmp_path / "2", lambda _: sound(0.1, 0))


def test_joined_banks_keep_their_clips() -> None:
    one = AudioBank.of([("a", "s1", sound(1.0, 1))])
    two = AudioBank.of([("b", None, sound(1.0, 2)), ("c", "s2", sound(2.0, 3))], source="mine")
    joined = AudioBank.join([one, two])
    assert [entry.path for entry in joined.entries] == ["a", "b", "c"]
    assert joined.entries[1].source == "mine"
    np.testing.assert_array_equal(joined.audio(0), one.audio(0))
    np.testing.assert_array_equal(joined.audio(2), two.audio(1))


def test_sixteen_bits_do_not_wrap_around() -> None:
    assert to_pcm(np.array([-2.0, -1.0, 0.0, 1.0, 2.0], np.float32)).tolist() == [-32768, -32768, 0, 32767, 32767]
