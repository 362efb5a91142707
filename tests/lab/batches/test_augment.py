"""Damage is what its settings say, and the same for the same seed."""

import numpy as np
import pytest
from support.sound import RATE, tone

from voicemark.lab.batches.augment import (
    SPEEDS,
    Augmenter,
    AugmentSettings,
    at_level,
    band_limits,
    change_speed,
    filtered,
    warp_formants,
)
from voicemark.lab.batches.formants import KNOTS_HZ
from voicemark.lab.corpus.mixing import mix, noise_excerpt, rms


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


AUGMENTER = Augmenter([noise(5)], [noise(5, 1)], [tone(200, 5.0), tone(300, 5.0), tone(170, 5.0)])


def test_the_same_seed_gives_the_same_audio_and_another_seed_other_audio() -> None:
    clean = tone(220)
    for seed in range(30):
        first, again = (AUGMENTER(clean, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert first.shape == clean.shape
        assert np.isfinite(first).all() and np.abs(first).max() <= 1.0
    assert not np.array_equal(first, AUGMENTER(clean, np.random.default_rng(99)))


def test_input_is_left_as_it_was() -> None:
    clean = tone(220)
    copy = clean.copy()
    for seed in range(20):
        AUGMENTER(clean, np.random.default_rng(seed))
    np.testing.assert_array_equal(clean, copy)


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 20.0])
def test_noise_is_as_far_below_the_voice_as_asked(snr_db: float) -> None:
    voice, under = tone(220), noise(2.0)
    mixed = mix(voice, under, snr_db)
    assert abs(20 * np.log10(rms(voice) / rms(mixed - voice)) - snr_db) < 0.01


def test_level_is_met_unless_peaks_forbid_it() -> None:
    assert abs(20 * np.log10(rms(at_level(tone(220), -25.0))) + 25.0) < 0.01
    assert np.abs(at_level(tone(220), 6.0)).max() <= 1.0
    assert not at_level(np.zeros(100, np.float32), -20.0).any()


@pytest.mark.parametrize("speed", sorted(SPEEDS))
def test_speed_changes_length_and_pitch_together(speed: float) -> None:
    faster = change_speed(tone(400), speed)
    assert abs(len(faster) - 2 * RATE / speed) <= 2
    peak = np.argmax(np.abs(np.fft.rfft(faster))) * RATE / len(faster)
    assert abs(peak - 400 * speed) < 2


def test_band_limits_take_away_what_is_outside() -> None:
    rng = np.random.default_rng(4)
    low, high, middle = tone(20), tone(7_990), tone(1_000)
    response = band_limits(2 * RATE, rng)
    assert rms(filtered(low, response)) < 0.2 * rms(low)
    assert rms(filtered(high, response)) < 0.8 * rms(high)
    assert rms(filtered(middle, response)) > 0.9 * rms(middle)


def test_an_excerpt_of_a_short_recording_is_repeated_and_of_a_silent_one_tried_again() -> None:
    piece = noise_excerpt([noise(0.5)], RATE, np.random.default_rng(0))
    assert len(piece) == RATE and rms(piece) > 0.05
    half_silent = np.concatenate([np.zeros(RATE * 2, np.float32), noise(2.0)])
    found = [rms(noise_excerpt([half_silent], 1_000, np.random.default_rng(seed))) > 1e-4 for seed in range(20)]
    assert all(found)


def test_without_noise_to_draw_from_there_is_still_hiss() -> None:
    settings = AugmentSettings(noise=1.0, snr_db=(0.0, 0.0), level_db=(-20.0, -20.0))
    poor = Augmenter(settings=settings)
    damaged = poor(tone(220), np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(damaged))
    assert np.median(spectrum) > 1e-3 * spectrum.max()
    assert rms(poor.noise_alone(RATE, np.random.default_rng(2))) > 0


def test_formants_move_and_the_pitch_stays() -> None:
    rng = np.random.default_rng(5)
    frequencies = np.arange(1, 60) * 120.0
    levels = np.exp(-(((frequencies - 1_500) / 400) ** 2)) + 0.01  # one formant at 1.5 kHz over a pitch of 120 Hz
    time = np.arange(48_000) / 16_000
    voice = sum(a * np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) for f, a in zip(frequencies, levels, strict=True))
    voice = (0.02 * voice).astype(np.float32)

    def centre(audio: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(audio)) ** 2
        return float((power * np.fft.rfftfreq(len(audio), 1 / 16_000)).sum() / power.sum())

    for ratio in (0.87, 1.0, 1.15):
        moved = warp_formants(voice, np.full(len(KNOTS_HZ), ratio, np.float32))
        assert moved.shape == voice.shape and moved.dtype == np.float32
        assert abs(centre(moved) / centre(voice) - ratio) < 0.06
        spectrum = np.abs(np.fft.rfft(moved))
        strongest = np.argsort(spectrum)[-5:] / 3.0  # Hz
        assert np.all(np.abs(strongest / 120 - np.round(strongest / 120)) < 0.01)


def test_of_a_batch_as_many_windows_as_asked_went_through_a_codec() -> None:
    windows = np.stack([noise(0.5, seed) for seed in range(40)])
    coded = Augmenter(settings=AugmentSettings(coded=0.3)).coded(windows, np.random.default_rng(5))
    touched = (coded != windows).any(axis=1)
    assert 5 <= touched.sum() <= 20
    assert coded.shape == windows.shape and coded.dtype == np.float32
    near = [np.corrcoef(a, b)[0, 1] for a, b in zip(coded[touched], windows[touched], strict=True)]
    assert np.isfinite(near).all(), "a window became silence"


def test_codecs_leave_the_input_and_repeat_under_a_seed() -> None:
    windows = np.stack([tone(220), tone(330), tone(500)])
    copy = windows.copy()
    augmenter = Augmenter(settings=AugmentSettings(coded=1.0))
    first, again, *others = (augmenter.coded(windows, np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4, 5))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(windows, copy)
    assert not all(np.array_equal(first, other) for other in others), "another seed, another codec"


def test_without_codecs_a_batch_is_what_it_was() -> None:
    windows = np.stack([tone(220), tone(330)])
    assert Augmenter(settings=AugmentSettings(coded=0.0)).coded(windows, np.random.default_rng(0)) is windows
