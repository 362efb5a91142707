"""Targets are computed once, kept, and found again only for the same teacher and clips."""

from pathlib import Path

import numpy as np
import torch
from support.sound import tone

from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.training.targets import SEGMENT, clips_of, embed_clip, segments, teach


class Spectrum:
    """A teacher that answers with a clip's coarse spectrum, and counts."""

    def __init__(self, name: str = "spectrum") -> None:
        self.model_id = name
        self.dim = 8
        self.asked = 0

    def embed_whole(self, audio: np.ndarray, /) -> np.ndarray:
        self.asked += 1
        bands = np.array_split(np.abs(np.fft.rfft(audio)), 8)
        energy = np.array([band.mean() for band in bands], np.float32)
        return energy / np.linalg.norm(energy)


def bank() -> AudioBank:
    return AudioBank.of(
        [("low", "a", tone(500, 1.5)), ("silent", None, np.zeros(20_000, np.float32)), ("high", "b", tone(6_200, 1.5))]
    )


def test_targets_are_the_teachers_words_and_silence_is_zero() -> None:
    teacher = Spectrum()
    targets = teach(bank(), teacher, (1.0, 1.25))
    assert targets.shape == (3, 2, 8)
    torch.testing.assert_close(targets[0, 0], torch.from_numpy(teacher.embed_whole(bank().audio(0))))
    assert targets[0, 0].argmax() == 0 and targets[2, 0].argmax() == 6
    assert targets[2, 1].argmax() == 7  # faster is higher
    assert not targets[1].any()


def test_stored_targets_are_not_computed_again(tmp_path: Path) -> None:
    teacher, other = Spectrum(), Spectrum("another")
    first = teach(bank(), teacher, (1.0,), tmp_path)
    asked = teacher.asked
    torch.testing.assert_close(teach(bank(), teacher, (1.0,), tmp_path), first)
    assert teacher.asked == asked
    teach(bank(), other, (1.0,), tmp_path)
    assert other.asked == asked


def test_a_few_clips_of_each_source_can_do(tmp_path: Path) -> None:
    loud = [
        AudioBank.of([(f"{k}", None, tone(400 + k, 1.5)) for k in range(count)], source=f"of {count}")
        for count in (9, 2)
    ]
    teacher = Spectrum()
    targets = teach(AudioBank.join(loud), teacher, (1.0,), tmp_path, per_source=3)
    heard = targets[:, 0].any(dim=1)
    assert heard[:9].tolist() == [True, False, False] * 3 and heard[9:].all()
    assert teacher.asked == 5
    assert teach(AudioBank.join(loud), teacher, (1.0,), tmp_path)[:, 0].any(dim=1).all()  # not the few again


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    teacher = Spectrum()
    whole = teach(bank(), teacher, (1.0,), tmp_path)
    (file,) = tmp_path.glob("*.npy")
    np.save(file, np.load(file)[:1])
    fresh = Spectrum()
    torch.testing.assert_close(teach(bank(), fresh, (1.0,), tmp_path), whole)
    assert fresh.asked == 1  # the second is silent, the third is new


def test_segments_cover_long_clips_symmetrically() -> None:
    for samples, count in ((SEGMENT // 2, 1), (SEGMENT + 100, 1), (SEGMENT * 2, 2), (SEGMENT * 5, 2)):
        audio = np.arange(samples, dtype=np.float32)
        parts = segments(audio)
        assert len(parts) == count
        assert all(len(part) == min(samples, SEGMENT) for part in parts)
        mirrored = segments(audio[::-1].copy())
        assert abs(float(mirrored[0][0] - parts[-1][-1])) <= 1


def test_embeddings_of_clips_have_unit_length() -> None:
    assert abs(np.linalg.norm(embed_clip(Spectrum(), tone(700, 14.0))) - 1) < 1e-5


def test_recordings_are_cut_into_clips_whatever_the_blocks() -> None:
    audio = np.arange(16_000 * 25, dtype=np.float32)
    cut = list(clips_of(iter(np.array_split(audio, 37)), seconds=10.0))
    assert [len(piece) for piece in cut] == [160_000, 160_000]
    np.testing.assert_array_equal(np.concatenate(cut), audio[:320_000])
