"""Fresh crops on the device make batches like those of the processor, and a network learns from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.teaching import distil_losses
from torch import Tensor, nn

from voicemark.lab.batches.augment import Augmenter, AugmentSettings
from voicemark.lab.batches.frames import CHANNELS
from voicemark.lab.batches.fresh import FreshSettings
from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN
from voicemark.lab.batches.on_device.batches import DeviceVoices
from voicemark.lab.batches.on_device.teacher import DeviceTeacher
from voicemark.lab.batches.sampling import CONTEXT, WINDOW, SamplingSettings, VoiceBatches
from voicemark.lab.corpus.bank import AudioBank

CPU = torch.device("cpu")
CLEAN = Augmenter(settings=AugmentSettings(noise=0, overlap=0, room=0, equaliser=0, band_limit=0, hole=0, coded=0))
SMALL = FreshSettings(new=2, ring=12, first=8)
UNMOVED = replace(SMALL, other_speed=0.0, other_formants=0.0)


class Pitch(nn.Module):
    """Says how high a crop is, as an angle; its frames are the loudest bin of each frame."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        self.heard += len(features)
        angle = features.std(1).argmax(1) / 80 * torch.pi / 2
        return torch.stack((angle.cos(), angle.sin()), dim=1), features.amax(2)[:, None]


def bursts(frequency: float, seconds: float) -> np.ndarray:
    """A tone that comes and goes eight times a second: the features are those of what moves."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    return (0.1 * np.sin(2 * np.pi * frequency * time) * (np.sin(2 * np.pi * 8 * time) > 0)).astype(np.float32)


def voices(fresh: FreshSettings = SMALL, network: nn.Module | None = None) -> DeviceVoices:
    clips = [(f"{k}", f"s{k}", bursts(500 + 900 * k, 5.0)) for k in range(4)]
    batches = VoiceBatches(AudioBank.of(clips), CLEAN, settings=SamplingSettings(batch=8, noise_windows=2))
    return DeviceVoices(batches, DeviceTeacher(network or Pitch(), CPU, half=False), fresh)


def peak(audio: Tensor) -> float:
    spectrum = torch.fft.rfft(audio * torch.hann_window(len(audio))).abs()
    return float(spectrum.argmax() * 16_000 / len(audio))


@pytest.mark.parametrize("step", [0, 2])
def test_a_windows_target_is_what_the_teacher_heard_in_its_own_crop(step: int) -> None:
    batches = voices(UNMOVED)
    batch = batches[step]
    assert batch.audio.shape == (8, WINDOW + (2 * CONTEXT if step == 2 else 0))
    assert batch.target is not None and batch.target.shape == (6, 2)
    told: dict[int, set[float]] = {}
    start = CONTEXT if batch.window else 0
    for row in range(6):
        height = round(peak(batch.audio[row, start : start + WINDOW]) / 10)
        told.setdefault(height, set()).add(round(float(torch.atan2(batch.target[row, 1], batch.target[row, 0])), 3))
    assert set(told) <= {50, 140, 230, 320} and len(told) > 1
    assert all(len(angles) == 1 for angles in told.values())
    ordered = [next(iter(told[height])) for height in sorted(told)]
    assert ordered == sorted(ordered)


def test_crops_are_voices_that_no_clip_holds() -> None:
    moved = voices(replace(SMALL, first=64, ring=64, other_speed=1.0, other_formants=0.0))
    heights = {round(peak(window) / 10) for step in range(3) for window in moved[step].audio[:6, :WINDOW]}
    assert heights - {50, 140, 230, 320}


def test_each_batch_brings_new_crops_and_the_oldest_are_forgotten() -> None:
    network = Pitch()
    batches = voices(network=network)
    for step in range(5):
        batches[step]
    assert network.heard == 8 + 5 * 2
    assert batches._ring is not None and batches._ring.filled == 12


def test_nobody_is_taken_for_the_speaker_of_a_moved_voice() -> None:
    batch = voices()[0]
    assert batch.speaker.tolist() == [UNKNOWN] * 6 + [NOT_A_VOICE] * 2
    assert batch.clip[6:].tolist() == [-1, -1] and (batch.clip[:6] >= 0).all()
    assert set(batch.voice.tolist()) == {-1}


def test_hints_are_the_teachers_frames_within_the_window() -> None:
    batch = voices(UNMOVED)[0]
    assert batch.hints is not None and batch.hints.shape == (6, CHANNELS, 298 * 2 // 3)
    for window, told in zip(batch.audio[:6], batch.hints[:, 0].float(), strict=True):
        loud = window.unfold(0, 400, 160).square().mean(1).sqrt()
        assert torch.corrcoef(torch.stack((loud, told[: len(loud)])))[0, 1].abs() > 0.7


def test_two_runs_with_one_seed_make_the_same_batches() -> None:
    first, again = voices(), voices()
    for step in range(3):
        assert torch.equal(first[step].audio, again[step].audio)


def test_a_network_learns_from_them() -> None:
    batches = voices()
    losses = distil_losses(batches, DeviceTeacher(Pitch(), CPU, half=False).teach(batches.bank))
    assert losses[-1] < 0.6 * losses[0]
