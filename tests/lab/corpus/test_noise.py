"""The split of noise into what is measured with and what may be trained on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.noise import held_for_evaluation, read_noise


def test_the_two_sides_share_no_file_and_miss_none(small_noise: Path) -> None:
    measured = {file.path for file in read_noise(small_noise, evaluation=True)}
    trained = {file.path for file in read_noise(small_noise, evaluation=False)}
    assert measured and trained
    assert not measured & trained
    assert measured | trained == set(small_noise.glob("*/*.wav"))


def test_about_one_file_in_five_is_kept_for_measuring() -> None:
    kept = sum(held_for_evaluation(f"music/{number}.opus") for number in range(2000))
    assert 300 < kept < 500


@given(st.text())
def test_the_rule_takes_any_path_and_stays_the_same(path: str) -> None:
    assert held_for_evaluation(path) == held_for_evaluation(path)


def test_music_is_told_from_environment(small_noise: Path) -> None:
    for file in read_noise(small_noise, evaluation=False):
        assert file.is_music == (file.path.parent.name == "music")


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoicemarkError, match=r"manifest\.csv"):
        read_noise(tmp_path, evaluation=True)
