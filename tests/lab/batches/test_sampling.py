"""Batches are what their settings say, and a pure function of seed and step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.sound import tone

from voicemark.lab.batches.augment import Augmenter, AugmentSettings
from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN
from voicemark.lab.batches.sampling import CONTEXT, WINDOW, SamplingSettings, VoiceBatches
from voicemark.lab.corpus.bank import AudioBank

CLEAN = Augmenter(settings=AugmentSettings(noise=0, overlap=0, room=0, equaliser=0, band_limit=0, hole=0, coded=0))
SMALL = SamplingSettings(batch=16, noise_windows=2, context_every=3)


def bank() -> AudioBank:
    """Five known voices of two clips each, every voice one pitch; three unknown clips."""
    known = [(f"{k}-{n}", f"s{k}", tone(200 + 100 * k, 1.2 + n)) for k in range(5) for n in range(2)]
    return AudioBank.of([*known, *((f"u{k}", None, tone(900, 3.0)) for k in range(3))])


def batches(settings: SamplingSettings = SMALL, seed: int = 0) -> VoiceBatches:
    return VoiceBatches(bank(), CLEAN, speeds=(1.0, 1.25), settings=settings, seed=seed)


def pitch(audio: torch.Tensor) -> float:
    spectrum = np.abs(np.fft.rfft(audio.numpy() * np.hanning(len(audio))))
    return float(np.argmax(spectrum) * 16_000 / len(audio))


def test_a_step_gives_the_same_batch_whenever_it_is_asked_for() -> None:
    one, other = batches(), batches()
    for step in (0, 2, 7):
        first, again = one[step], other[step]
        torch.testing.assert_close(first.audio, again.audio, rtol=0, atol=0)
        assert first.voice.tolist() == again.voice.tolist()
    assert not torch.equal(one[0].audio, one[1].audio)
    assert not torch.equal(one[0].audio, batches(seed=1)[0].audio)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_every_third_batch_shows_windows_in_their_neighbourhood(step: int) -> None:
    batch = batches()[step]
    assert batch.audio.shape == (16, WINDOW + (2 * CONTEXT if step == 2 else 0))
    assert batch.window == (1 if step == 2 else 0)


def test_labels_say_whose_window_it_is() -> None:
    for step in range(6):
        batch = batches()[step]
        first = CONTEXT if batch.window else 0
        for row in range(16):
            speaker, speed = int(batch.speaker[row]), (1.0, 1.25)[int(batch.speed[row])]
            if speaker >= 0:
                heard = pitch(batch.audio[row, first : first + WINDOW])
                assert abs(heard - (200 + 100 * speaker) * speed) < 4
                assert int(batch.voice[row]) == speaker * 2 + int(batch.speed[row])
            else:
                assert int(batch.voice[row]) == -1
        assert batch.speaker.tolist().count(NOT_A_VOICE) == 2
        assert int(batch.clip[-1]) == -1


def test_pairs_are_two_windows_of_one_voice() -> None:
    batch = batches(replace(SMALL, per_voice=2))[0]
    for row, positive in enumerate(batch.positive.tolist()):
        if positive >= 0:
            assert positive != row
            assert int(batch.speaker[row]) == int(batch.speaker[positive])
            assert int(batch.speed[row]) == int(batch.speed[positive])
    assert (batch.positive >= 0).sum() == 14


def test_clips_of_unknown_speakers_are_drawn_less_and_favoured_ones_more() -> None:
    plain, favouring = batches(), VoiceBatches(bank(), CLEAN, settings=SMALL, favour={"s3"})
    drawn = torch.cat([plain[step].speaker for step in range(40)])
    assert 0 < (drawn == UNKNOWN).sum() < (drawn == 0).sum()
    favoured = torch.cat([favouring[step].speaker for step in range(40)])
    others = ((favoured >= UNKNOWN) & (favoured != 3)).sum()
    assert abs(float((favoured == 3).sum() / others) - 1.0) < 0.3


def test_windows_go_through_a_codec_after_everything_else() -> None:
    coded = Augmenter(settings=replace(CLEAN.settings, coded=1.0))
    plain, after = batches()[1], VoiceBatches(bank(), coded, speeds=(1.0, 1.25), settings=SMALL)[1]
    assert after.voice.tolist() == plain.voice.tolist()
    assert after.audio.shape == plain.audio.shape
    voices = [row for row in range(16) if int(plain.speaker[row]) != NOT_A_VOICE]
    for row in voices:
        assert not torch.equal(after.audio[row], plain.audio[row])
        assert abs(pitch(after.audio[row]) - pitch(plain.audio[row])) < 3
