"""Which windows of a voice's samples are remembered."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.sound import RATE, write_wav

from voicemark.config import AudioSection, SpeakerSection
from voicemark.enrolment.memory import LevelMeter, SampleWindows, choose, drop_outliers, hear, make_do, shares
from voicemark.enrolment.samples import Sample, resolve
from voicemark.errors import EnrolmentError
from voicemark.recording import Recording
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder

Audio = np.ndarray


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(device="cpu")


def speech(seconds: float, pitch: float = 120.0, level: float = 0.1, seed: int = 0) -> Audio:
    """A buzz with formant-like colour in syllables: loud and quiet as speech is, though nobody speaks."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, 20))
    return (level * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)


@pytest.fixture
def sample_of(tmp_path: Path) -> Callable[..., Sample]:
    def make(audio: Audio, **excerpt: float) -> Sample:
        path = write_wav(tmp_path / "sample.wav", audio)
        return Sample(Recording(path, "plain", (path,)), **excerpt)

    return make


def heard(sample: Sample, encoder: Encoder) -> SampleWindows:
    return hear(sample, encoder, AudioSection())


def test_a_good_sample_loses_no_window(sample_of: Callable[..., Sample], encoder: Encoder) -> None:
    windows = heard(sample_of(speech(6)), encoder)
    assert windows.embeddings.shape == (9, encoder.dim)
    assert windows.dropped == {}


def test_windows_are_those_of_the_encoder_alone(sample_of: Callable[..., Sample], encoder: Encoder) -> None:
    audio = speech(5)
    quantised = (np.round(audio * 32767) / 32768).astype(np.float32)
    torch.testing.assert_close(heard(sample_of(audio), encoder).embeddings, encoder.embed(quantised), atol=2e-2, rtol=0)


def test_silence_pauses_and_clipping_are_dropped_with_a_reason(
    sample_of: Callable[..., Sample], encoder: Encoder
) -> None:
    hiss = np.random.default_rng(1).standard_normal(4 * RATE).astype(np.float32)
    audio = np.concatenate(
        (speech(4), np.zeros(4 * RATE, np.float32), 0.001 * hiss, speech(4, level=0.1), np.sign(hiss))
    )
    dropped = heard(sample_of(audio), encoder).dropped
    assert dropped[9] == "silent"  # 4.5 s to 6.5 s
    assert dropped[18] == "too quiet"  # 9 s to 11 s
    assert dropped[34] == "clipped"  # 17 s to 19 s
    assert 0 not in dropped and 26 not in dropped


def test_a_window_that_is_mostly_pause_is_dropped(sample_of: Callable[..., Sample], encoder: Encoder) -> None:
    hiss = np.random.default_rng(1).standard_normal(3 * RATE).astype(np.float32)
    dropped = heard(sample_of(np.concatenate((speech(4, level=0.3), 0.005 * hiss))), encoder).dropped
    assert dropped[8] == "mostly pauses"  # 4 s to 6 s
    assert 4 not in dropped


def test_a_stretch_of_a_recording_is_heard_and_nothing_else(sample_of: Callable[..., Sample], encoder: Encoder) -> None:
    sample = sample_of(np.concatenate((np.zeros(20 * RATE, np.float32), speech(4))), start_s=20.0, end_s=23.0)
    windows = heard(sample, encoder)
    assert len(windows.embeddings) == 3
    assert windows.dropped == {}


@pytest.mark.parametrize(
    ("audio", "complaint"),
    [(speech(1.2), "1.2 s long, shorter than a window"), (np.zeros(5 * RATE, np.float32), "is silent")],
)
def test_a_sample_that_shows_no_voice_is_an_error_that_names_it(
    sample_of: Callable[..., Sample], encoder: Encoder, audio: Audio, complaint: str
) -> None:
    with pytest.raises(EnrolmentError, match=complaint) as caught:
        heard(sample_of(audio), encoder)
    assert "sample.wav" in str(caught.value)
    assert caught.value.hint


def test_a_sample_that_is_no_audio_is_an_error_that_names_it(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "letter.wav"
    path.write_text("Dear Sir or Madam")
    with pytest.raises(EnrolmentError, match=r"letter\.wav"):
        heard(Sample(Recording(path, "plain", (path,))), encoder)


def cloud(centre_seed: int, count: int, spread: float, seed: int) -> torch.Tensor:
    centre = torch.nn.functional.normalize(torch.randn(32, generator=torch.Generator().manual_seed(centre_seed)), dim=0)
    around = torch.randn(count, 32, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(centre + spread * around, dim=1)


def windows_of(rows: torch.Tensor) -> SampleWindows:
    path = Path("sample.wav")
    return SampleWindows(Sample(Recording(path, "plain", (path,))), rows)


def test_somebody_else_in_the_samples_is_dropped() -> None:
    own, mixed = windows_of(cloud(1, 30, 0.05, 2)), windows_of(torch.cat((cloud(1, 10, 0.05, 3), cloud(9, 4, 0.05, 4))))
    drop_outliers([own, mixed])
    assert own.dropped == {}
    assert mixed.dropped == dict.fromkeys(range(10, 14), "unlike the rest")


def test_few_windows_are_not_judged_against_each_other() -> None:
    mixed = windows_of(torch.cat((cloud(1, 5, 0.1, 3), cloud(9, 2, 0.1, 4))))
    drop_outliers([mixed])
    assert mixed.dropped == {}


@given(sizes=st.lists(st.integers(0, 50), max_size=8), total=st.integers(0, 120))
def test_shares_use_all_there_is_and_are_as_equal_as_sizes_allow(sizes: list[int], total: int) -> None:
    given_ = shares(sizes, total)
    assert sum(given_) == min(total, sum(sizes))
    assert all(0 <= part <= size for part, size in zip(given_, sizes, strict=True))
    hungry = [part for part, size in zip(given_, sizes, strict=True) if part < size]
    assert not hungry or max(given_) <= min(hungry) + 1


def test_memory_takes_from_every_sample_and_from_all_of_its_length() -> None:
    long, short = windows_of(cloud(1, 100, 0.1, 2)), windows_of(cloud(1, 6, 0.1, 3))
    short.dropped[2] = "clipped"
    memory = choose([long, short], 20)
    assert memory.shape == (20, 32)
    assert short.kept == [0, 1, 3, 4, 5]
    assert long.kept[0] < 7 and long.kept[-1] > 92 and set(np.diff(long.kept)) == {6, 7}


@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=150),
    total=st.integers(1, 80),
)
def test_windows_are_taken_from_samples_and_places_that_lie_evenly_among_all(sizes: list[int], total: int) -> None:
    samples = [windows_of(torch.eye(64)[torch.arange(size) % 64]) for size in sizes]
    memory = choose(samples, total)
    assert len(memory) == min(total, sum(sizes)) == sum(len(sample.kept) for sample in samples)
    for sample in samples:
        assert sample.kept == sorted(set(sample.kept))
        if len(sample.kept) > 1:  # no stretch is passed over that has room for two steps
            edges = [-1, *sample.kept, len(sample.good)]
            assert max(np.diff(edges)) <= 2 * len(sample.good) / len(sample.kept) + 1
    heard = [number for number, sample in enumerate(samples) if sample.good]
    taken = [place for place, number in enumerate(heard) if samples[number].kept]
    if len(taken) < len(heard):
        assert set(np.diff(taken)) <= {len(heard) // total, len(heard) // total + 1}


@pytest.mark.parametrize(("count", "total"), [(100, 60), (61, 60), (1000, 60), (40, 60), (7, 5)])
def test_of_many_samples_not_only_the_first_are_used_nor_their_first_windows(count: int, total: int) -> None:
    samples = [windows_of(torch.eye(64)[:20]) for _ in range(count)]
    choose(samples, total)
    used = [number for number, sample in enumerate(samples) if sample.kept]
    assert used[0] <= count / total and used[-1] >= count - 1 - count / total
    places = np.histogram([window for sample in samples for window in sample.kept], bins=4, range=(0, 20))[0]
    assert places.max() - places.min() <= max(2, total // 10), "first, second, third and last quarters alike"


def test_a_voice_that_is_always_too_loud_is_better_looked_for_than_not(
    encoder: Encoder, sample_of: Callable[..., Sample]
) -> None:
    loud = hear(sample_of(np.clip(speech(8, level=3.0), -1, 1)), encoder, AudioSection())
    assert not loud.good and set(loud.reasons) == {"clipped"}
    assert make_do([loud]) == "clipped"
    assert len(choose([loud], 60)) == len(loud.embeddings)


def test_one_good_window_is_enough_to_take_no_faulty_ones() -> None:
    some = windows_of(cloud(1, 3, 0.1, 2))
    some.dropped = {0: "clipped", 1: "silent"}
    assert make_do([some]) is None and some.good == [2]


def test_silence_is_never_taken() -> None:
    some = windows_of(cloud(1, 3, 0.1, 2))
    some.dropped = {0: "silent", 1: "too quiet", 2: "clipped"}
    assert make_do([some]) == "clipped or too quiet"
    assert some.good == [1, 2]


@given(cuts=st.lists(st.integers(1, 3 * RATE), max_size=6))
def test_levels_do_not_depend_on_the_blocks(cuts: list[int]) -> None:
    audio = speech(3)
    one, many = LevelMeter(RATE), LevelMeter(RATE)
    list(one.through([audio]))
    list(many.through(np.split(audio, sorted(cuts))))
    assert one.seconds == many.seconds == 3
    for field in ("rms_db", "clipped", "spoken"):
        a, b = (getattr(meter.levels(3, 2.0, 0.5), field) for meter in (one, many))
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_samples_are_files_folders_and_globs_each_once(tmp_path: Path) -> None:
    for name in ("one.wav", "deep/two.flac", "deep/notes.txt", "other/three.mp3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    entries = (str(tmp_path / "deep"), str(tmp_path / "*.wav"), str(tmp_path / "one.wav"), str(tmp_path / "other/*"))
    found, problems = resolve(SpeakerSection(name="anna", samples=entries))
    assert [sample.recording.path.name for sample in found] == ["two.flac", "one.wav", "three.mp3"]
    assert problems == []


def test_a_stretch_and_the_whole_of_a_file_are_two_samples(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", speech(3))
    entries = (str(path), {"file": path, "start": "00:00:01", "end": 2})
    found, _ = resolve(SpeakerSection.model_validate({"name": "anna", "samples": entries}))
    assert [(sample.start_s, sample.end_s) for sample in found] == [(0, None), (1, 2)]
    assert str(found[1]).endswith("a.wav (1 s to 2 s)")


@pytest.mark.parametrize("entry", ["gone.wav", "no/*.wav", "empty"])
def test_samples_that_are_not_there_are_named(tmp_path: Path, entry: str) -> None:
    (tmp_path / "empty").mkdir()
    found, [problem] = resolve(SpeakerSection(name="anna", samples=(str(tmp_path / entry),)))
    assert found == []
    assert "anna" in str(problem) and entry in str(problem) and problem.hint
