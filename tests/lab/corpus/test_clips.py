"""Windows are cut at seeded places, lie within their utterance, and never overlap."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sound import write_wav
from support.speech import ANNA, speak

from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection
from voicemark.errors import RecordingError, VoicemarkError
from voicemark.lab.corpus.clips import WINDOW_SAMPLES, cut_windows, read_mono, read_utterances, seeded, window_starts


@settings(max_examples=60)
@given(length=st.integers(0, 20 * 16_000), most=st.integers(1, 8), seed=st.integers(0, 1000))
def test_windows_lie_within_the_utterance_and_apart(length: int, most: int, seed: int) -> None:
    starts = window_starts(length, most, np.random.default_rng(seed))
    assert len(starts) == min(most, length // WINDOW_SAMPLES)
    assert all(0 <= start <= length - WINDOW_SAMPLES for start in starts)
    assert all(after - before >= WINDOW_SAMPLES for before, after in pairwise(starts))


def test_only_rows_of_the_split_are_read(small_corpus: Path) -> None:
    assert len(read_utterances(small_corpus, "dev")) == 12
    assert [one.speaker for one in read_utterances(small_corpus, "train")] == ["t0", "t1", "t2"]
    with pytest.raises(VoicemarkError, match="test"):
        read_utterances(small_corpus, "test")


def test_sources_that_are_left_out_are_not_read(small_corpus: Path) -> None:
    assert {one.source for one in read_utterances(small_corpus, "dev", left_out=["a"])} == {"b"}
    with pytest.raises(VoicemarkError, match="besides those of a, b"):
        read_utterances(small_corpus, "dev", left_out=["a", "b"])


def test_no_speaker_gives_more_utterances_than_asked(small_corpus: Path) -> None:
    chosen = read_utterances(small_corpus, "dev", per_speaker=2)
    assert [sum(one.speaker == f"s{k}" for one in chosen) for k in range(4)] == [2, 2, 2, 2]


def test_equal_seeds_cut_equal_windows_and_others_do_not(small_corpus: Path) -> None:
    utterances = read_utterances(small_corpus, "dev", per_speaker=1)
    first = cut_windows(utterances, per_utterance=1, seed=1)
    again = cut_windows(utterances, per_utterance=1, seed=1)
    other = cut_windows(utterances, per_utterance=1, seed=2)
    assert first.digest == again.digest
    assert first.digest != other.digest


def test_every_window_knows_its_utterance_speaker_and_source(small_corpus: Path) -> None:
    utterances = read_utterances(small_corpus, "dev")
    clips = cut_windows(utterances)
    assert clips.samples.shape == (len(clips.speaker), WINDOW_SAMPLES)
    for utterance, source in zip(clips.utterance, clips.source, strict=True):
        assert clips.sources[source] == utterances[utterance].source
    assert len(np.unique(clips.speaker)) == 4


def test_a_generator_depends_on_its_words_and_not_on_what_was_drawn_before() -> None:
    drawn = seeded(0, "a", 1).integers(1 << 30)
    seeded(0, "b", 1).integers(1 << 30)
    assert seeded(0, "a", 1).integers(1 << 30) == drawn
    assert seeded(0, "a", 2).integers(1 << 30) != drawn
    assert seeded(1, "a", 1).integers(1 << 30) != drawn


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoicemarkError, match=r"manifest\.csv"):
        read_utterances(tmp_path, "dev")


def test_a_plain_wav_is_read_as_ffmpeg_reads_it(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speak(ANNA, 2))
    by_ffmpeg = np.concatenate(list(AudioReader([path], AudioSection()).blocks()))
    np.testing.assert_array_equal(read_mono(path), by_ffmpeg)
    np.testing.assert_array_equal(read_mono(path, 1.25), AudioReader([path], AudioSection()).excerpt(0.0, 1.25))
    np.testing.assert_array_equal(read_mono(path, 60.0), by_ffmpeg)


def test_what_is_no_plain_wav_goes_to_ffmpeg(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("nothing")
    with pytest.raises(RecordingError):
        read_mono(tmp_path / "text.wav")
