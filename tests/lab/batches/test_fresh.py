"""Crops are heard by the teacher as they sound, come and go through a ring, and make batches like any other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.sound import tone
from support.teaching import distil_losses

from voicemark.lab.batches.augment import Augmenter, AugmentSettings
from voicemark.lab.batches.frames import CHANNELS
from voicemark.lab.batches.fresh import CROP, FreshSettings, FreshVoices
from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN
from voicemark.lab.batches.sampling import CONTEXT, WINDOW, SamplingSettings, VoiceBatches
from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.teachers.teacher import Heard

CLEAN = Augmenter(settings=AugmentSettings(noise=0, overlap=0, room=0, equaliser=0, band_limit=0, hole=0, coded=0))
SMALL = FreshSettings(new=2, ring=12, first=8)


class Pitch:
    """A teacher that says how high a crop is, as an angle, and remembers what it heard."""

    dim = 2

    def __init__(self) -> None:
        self.heard = 0

    def hear(self, crops: np.ndarray, /) -> Heard:
        assert crops.shape[1] == CROP
        self.heard += len(crops)
        angle = np.array([peak(crop) / 8_000 * np.pi / 2 for crop in crops])
        return Heard(np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32))


class Loudness(Pitch):
    """One that also tells how loud each twentieth of a second is."""

    def hear(self, crops: np.ndarray, /) -> Heard:
        parts = crops.reshape(len(crops), 1, 60, -1)
        return replace(super().hear(crops), frames=np.sqrt(np.mean(parts**2, axis=3)).astype(np.float32))


def peak(audio: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(np.argmax(spectrum) * 16_000 / len(audio))


def voices(teacher: Pitch, fresh: FreshSettings = SMALL, silent: bool = False) -> FreshVoices:
    clips = [(f"{k}", f"s{k}", tone(500 + 500 * k, 4.0)) for k in range(4)]
    if silent:
        clips = [("nothing", "s", np.zeros(64_000, np.float32))]
    batches = VoiceBatches(AudioBank.of(clips), CLEAN, settings=SamplingSettings(batch=8, noise_windows=2))
    return FreshVoices(batches, lambda: teacher, fresh)


@pytest.mark.parametrize("step", [0, 2])
def test_a_windows_target_is_what_the_teacher_heard_in_its_own_crop(step: int) -> None:
    batch = voices(Pitch())[step]
    assert batch.target is not None and batch.target.shape == (6, 2)
    assert batch.audio.shape == (8, WINDOW + (2 * CONTEXT if step == 2 else 0))
    start = CONTEXT if batch.window else 0
    for row in range(6):
        height = peak(batch.audio[row, start : start + WINDOW].numpy())
        told = float(torch.atan2(batch.target[row, 1], batch.target[row, 0])) / (np.pi / 2) * 8_000
        assert abs(height - told) < 20


def test_crops_are_voices_that_no_clip_holds() -> None:
    batches = voices(Pitch(), replace(SMALL, first=12, other_speed=1.0, other_formants=0.0))
    heights = {round(peak(window.numpy()) / 10) for window in batches[0].audio[:6]}
    assert heights - {50, 100, 150, 200}
    plain = voices(Pitch(), replace(SMALL, first=12, other_speed=0.0, other_formants=0.0))
    assert {round(peak(window.numpy()) / 10) for window in plain[0].audio[:6]} <= {50, 100, 150, 200}


def test_nobody_is_taken_for_the_speaker_of_a_moved_voice() -> None:
    batch = voices(Pitch())[0]
    assert batch.speaker.tolist() == [UNKNOWN] * 6 + [NOT_A_VOICE] * 2
    assert set(batch.voice.tolist()) == {-1}
    assert all(clip >= 0 for clip in batch.clip[:6]) and batch.clip[6:].tolist() == [-1, -1]


def test_each_batch_brings_new_crops_and_the_oldest_are_forgotten() -> None:
    teacher = Pitch()
    batches = voices(teacher)
    for step in range(5):
        batches[step]
    assert teacher.heard == 8 + 5 * 2
    assert batches._ring is not None and batches._ring.filled == 12


def test_silence_teaches_nothing() -> None:
    batch = voices(Pitch(), silent=True)[0]
    assert batch.target is not None and not batch.target.any()


@pytest.mark.parametrize("step", [0, 2])
def test_hints_are_the_teachers_frames_within_the_window(step: int) -> None:
    """On voices that grow ever louder, a window's hints grow as the window does, frame by frame."""
    rising = [
        (f"{k}", f"s{k}", tone(500 + 500 * k, 4.0) * np.linspace(0.1, 2, 64_000, dtype=np.float32)) for k in (0, 1)
    ]
    batches = VoiceBatches(
        AudioBank.of(rising), CLEAN, settings=SamplingSettings(batch=8, noise_windows=2, context_every=3)
    )
    batch = FreshVoices(batches, Loudness, replace(SMALL, other_speed=0.0, other_formants=0.0))[step]
    assert batch.hints is not None and batch.hints.shape == (6, CHANNELS, 40)
    start = CONTEXT if batch.window else 0
    loud = batch.audio[:6, start : start + WINDOW].reshape(6, 40, -1).square().mean(2).sqrt()
    for window, told in zip(loud.numpy(), batch.hints[:, 0].float().numpy(), strict=True):
        slope, offset = np.polyfit(told, window, 1)
        assert np.abs(slope * told + offset - window).max() < 0.03 * window.max()


def test_a_teacher_that_tells_no_frames_gives_no_hints() -> None:
    assert voices(Pitch())[0].hints is None


def test_a_network_learns_from_fresh_crops() -> None:
    batches = voices(Pitch(), replace(SMALL, other_formants=0.0))  # tones have none: moved, they only get louder
    clips = np.stack([batches.bank.audio(k, 0, CROP) for k in range(4)])
    targets = torch.from_numpy(Pitch().hear(clips).embeddings)[:, None]  # they fix the projection
    losses = distil_losses(batches, targets)
    assert losses[-1] < 0.6 * losses[0]
