"""A WAV file that needs no decoding is read as ffmpeg reads it, and any other is left to ffmpeg."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sound import RATE, tone, write_wav
from support.speech import ANNA, speak

from voicemark.audio.demux import AudioReader
from voicemark.audio.plain_wav import read_plain
from voicemark.config import AudioSection


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("plain") / "a.WAV", speak(ANNA, 4))


@pytest.mark.parametrize("start_s, end_s", [(0.0, None), (0.0, 1.25), (1.3333, 2.0), (3.0, 9.0), (2.5, None)])
def test_any_stretch_is_what_ffmpeg_gives(plain: Path, start_s: float, end_s: float | None) -> None:
    by_ffmpeg = np.concatenate(list(AudioReader([plain], AudioSection()).blocks(start_s, end_s)))
    found = read_plain(plain, start_s, end_s)
    assert found is not None and found.dtype == np.float32
    np.testing.assert_array_equal(found, by_ffmpeg)


def written(path: Path, channels: int, width: int, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(channels * width * rate))
    return path


@pytest.mark.parametrize("form", [(2, 2, RATE), (1, 2, 48_000), (1, 3, RATE), (1, 1, RATE)])
def test_what_would_have_to_be_decoded_is_left_to_ffmpeg(tmp_path: Path, form: tuple[int, int, int]) -> None:
    assert read_plain(written(tmp_path / "a.wav", *form)) is None


@pytest.mark.parametrize("cut", [0, 10, 40, 44, 50, 30_000])
def test_what_is_cut_off_is_left_to_ffmpeg(plain: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(plain.read_bytes()[:cut])
    assert read_plain(path) is None


def test_what_is_no_file_of_sound_or_not_there_is_left_to_ffmpeg(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("nothing")
    (tmp_path / "folder.wav").mkdir()
    assert [read_plain(tmp_path / name) for name in ("a.wav", "folder.wav", "none.wav", "a.flac")] == [None] * 4


def test_what_is_longer_than_may_lie_in_memory_is_left_to_ffmpeg(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(440, 3.0))
    assert read_plain(path, longest_s=2.0) is None and read_plain(path, 0.0, 2.5, longest_s=2.0) is None
    found = read_plain(path, 0.5, 1.5, longest_s=2.0)
    assert found is not None and len(found) == RATE


@given(st.data())
def test_whatever_bytes_it_has_it_is_read_or_left(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = bytearray(write_wav(folder / "whole.wav", tone(440, 0.5)).read_bytes())
    for at in data.draw(st.lists(st.integers(0, 60), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    (folder / "changed.wav").write_bytes(whole)
    found = read_plain(folder / "changed.wav")
    assert found is None or (len(found) <= RATE and bool(np.isfinite(found).all()))
