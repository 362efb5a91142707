"""Stretches of one recording are decoded together, and what is heard of each is the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sound import RATE, write_wav
from support.speech import ANNA, speak
from support.streams import run_ffmpeg

from voicemark.audio import processes
from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection
from voicemark.enrolment.samples import Sample
from voicemark.enrolment.sound import MOST_S, SampleSound, _near_each_other
from voicemark.recording import Recording


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("sound") / "a.flac"
    run_ffmpeg("-i", write_wav(path.with_suffix(".wav"), speak(ANNA, 40)), path)
    return Recording(path, "plain", (path,))


def test_each_stretch_is_what_it_is_alone_and_ffmpeg_ran_once(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [Sample(recording, start, start + 3.0) for start in (20.0, 4.0, 12.5, 39.0)]
    alone = [AudioReader.of(recording, AudioSection()).excerpt(one.start_s, one.end_s or 0.0) for one in samples]
    runs: list[str] = []
    start = processes.start

    def counted(command: Sequence[str], *args: Any, **kwargs: Any) -> Any:
        runs.append(str(command[0]))
        return start(command, *args, **kwargs)

    monkeypatch.setattr(processes, "start", counted)
    sound = SampleSound(samples, AudioSection())
    for sample, expected in zip(samples, alone, strict=True):
        got = np.concatenate(list(sound.blocks(sample)))
        assert abs(len(got) - len(expected)) <= 4
        assert np.corrcoef(got[: len(expected) - 4], expected[: len(got)][: len(expected) - 4])[0, 1] > 0.99
    assert len([program for program in runs if program.endswith("ffmpeg")]) == 1
    assert len(alone[-1]) == RATE, "the recording ends there"


def test_a_sample_to_the_end_is_decoded_by_itself(recording: Recording) -> None:
    samples = [Sample(recording), Sample(recording, 1.0, 3.0)]
    sound = SampleSound(samples, AudioSection())
    lengths = [sum(map(len, sound.blocks(sample))) for sample in samples]
    assert lengths == pytest.approx([40 * RATE, 2 * RATE], abs=4)


def test_a_wav_that_needs_no_decoding_is_heard_without_any_program(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = recording.path.with_suffix(".wav")
    samples = [Sample(Recording(wav, "plain", (wav,)), start, end) for start, end in ((0.0, None), (1.0, 3.0))]
    monkeypatch.setattr(processes, "start", None)
    monkeypatch.setattr(processes, "run", None)
    sound = SampleSound(samples, AudioSection())
    assert [sum(map(len, sound.blocks(sample))) for sample in samples] == [40 * RATE, 2 * RATE]


STRETCHES = st.lists(
    st.tuples(st.sampled_from("ab"), st.floats(0, 4000), st.floats(1, 1200)), max_size=12, unique_by=lambda one: one[1]
)  # fmt: skip


@given(STRETCHES)
def test_what_is_kept_is_bounded_and_holds_its_samples(stretches: list[tuple[str, float, float]]) -> None:
    samples = [
        Sample(Recording(Path(name), "plain", (Path(name),)), start, start + length)
        for name, start, length in stretches
    ]
    for (path, start_s, end_s), group in _near_each_other(samples).items():
        assert end_s is not None and group.start_s <= start_s < end_s <= group.end_s
        assert group.end_s - group.start_s <= MOST_S
        assert group.left >= 2 and path in (Path("a"), Path("b"))
