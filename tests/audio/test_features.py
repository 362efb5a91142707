"""Log-mel frames lie on a fixed grid, so audio can be cut anywhere."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.audio.features import FeatureSettings, LogMel

SETTINGS = FeatureSettings()
LOG_MEL = LogMel(SETTINGS)


def sound(samples: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, samples, generator=torch.Generator().manual_seed(seed)) * 0.1


@given(samples=st.integers(0, 5_000))
@settings(max_examples=25, deadline=None)
def test_every_hop_of_audio_gives_one_frame(samples: int) -> None:
    assert LOG_MEL(sound(samples)).shape == (1, SETTINGS.n_mels, samples // SETTINGS.hop)


@given(first_hop=st.integers(2, 100))
@settings(max_examples=15, deadline=None)
def test_frames_away_from_the_edge_do_not_depend_on_where_audio_is_cut(first_hop: int) -> None:
    audio = sound(48_000) * torch.linspace(0.01, 1, 48_000)
    whole = LOG_MEL(audio)
    part = LOG_MEL(audio[:, first_hop * SETTINGS.hop :])
    same = -(-SETTINGS.reach // SETTINGS.hop)
    torch.testing.assert_close(part[..., same:], whole[..., first_hop + same :], rtol=1e-4, atol=1e-4)


def test_a_tone_lands_in_the_band_of_its_frequency() -> None:
    def loudest(frequency: float) -> int:
        time = torch.arange(16_000) / 16_000
        tone = torch.sin(2 * math.pi * frequency * time)[None]
        return int(LOG_MEL(tone)[0].mean(1).argmax())

    bands = [loudest(f) for f in (200.0, 500.0, 1_000.0, 3_000.0, 6_000.0)]
    assert bands == sorted(set(bands))


def band_powers(audio: torch.Tensor, frame: int) -> torch.Tensor:
    """(n_mels,): of the windowed spectrum around the frame's middle."""
    padded = torch.nn.functional.pad(audio[0], (SETTINGS.margin, SETTINGS.margin))
    piece = padded[frame * SETTINGS.hop :][: SETTINGS.n_fft]
    lead = (SETTINGS.n_fft - SETTINGS.win) // 2
    window = torch.zeros(SETTINGS.n_fft)
    window[lead : lead + SETTINGS.win] = torch.hann_window(SETTINGS.win)
    power: torch.Tensor = (torch.fft.rfft(piece * window).abs() ** 2) @ LOG_MEL.bands[::2]
    return power


@pytest.mark.parametrize("frame", [0, 10, 150, 239])
def test_a_frame_is_its_spectrum_over_a_floor_that_follows_the_loudness(frame: int) -> None:
    audio = sound(48_000) * torch.linspace(0, 1, 48_000)
    half = SETTINGS.level_frames // 2
    around = range(max(0, frame - half), min(240, frame + half + 1))
    level = torch.stack([band_powers(audio, other).mean() for other in around]).mean()
    expected = torch.log(band_powers(audio, frame) + SETTINGS.floor + SETTINGS.level_floor * level)
    torch.testing.assert_close(LOG_MEL(audio)[0, :, frame], expected, rtol=1e-4, atol=1e-4)


def test_what_a_codec_does_to_pauses_hardly_shows() -> None:
    voice = sound(32_000)
    voice[:, 12_000:20_000] = 0  # a pause
    hiss = sound(32_000, seed=1) * 10 ** (-50 / 20)  # as of a codec, 50 dB below the voice
    assert (LOG_MEL(voice + hiss) - LOG_MEL(voice)).abs().max() < 0.2
    plain = LogMel(replace(SETTINGS, level_floor=0.0))
    assert (plain(voice + hiss) - plain(voice)).abs().max() > 3


def test_silence_is_the_floor() -> None:
    torch.testing.assert_close(LOG_MEL(torch.zeros(1, 4_000)), torch.full((1, 80, 20), math.log(SETTINGS.floor)))


def test_louder_audio_is_the_same_plus_a_constant() -> None:
    audio = sound(8_000)
    difference = LOG_MEL(audio * 2) - LOG_MEL(audio)
    torch.testing.assert_close(difference, torch.full_like(difference, math.log(4.0)), rtol=0, atol=0.01)
