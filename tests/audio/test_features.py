"""Log-mel frames lie on a fixed grid, so audio can be cut anywhere."""

import math

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


@given(first_hop=st.integers(2, 30))
@settings(max_examples=15, deadline=None)
def test_frames_away_from_the_edge_do_not_depend_on_where_audio_is_cut(first_hop: int) -> None:
    audio = sound(16_000)
    whole = LOG_MEL(audio)
    part = LOG_MEL(audio[:, first_hop * SETTINGS.hop :])
    torch.testing.assert_close(part[..., 2:], whole[..., first_hop + 2 :], rtol=1e-4, atol=1e-4)


def test_a_tone_lands_in_the_band_of_its_frequency() -> None:
    def loudest(frequency: float) -> int:
        time = torch.arange(16_000) / 16_000
        tone = torch.sin(2 * math.pi * frequency * time)[None]
        return int(LOG_MEL(tone)[0].mean(1).argmax())

    bands = [loudest(f) for f in (200.0, 500.0, 1_000.0, 3_000.0, 6_000.0)]
    assert bands == sorted(set(bands))


def test_a_frame_is_the_windowed_spectrum_around_its_middle() -> None:
    audio = sound(8_000)
    frame = 10
    first = frame * SETTINGS.hop - SETTINGS.margin
    piece = audio[0, first : first + SETTINGS.n_fft]
    lead = (SETTINGS.n_fft - SETTINGS.win) // 2
    window = torch.zeros(SETTINGS.n_fft)
    window[lead : lead + SETTINGS.win] = torch.hann_window(SETTINGS.win)
    power = torch.fft.rfft(piece * window).abs() ** 2
    expected = torch.log(power @ LOG_MEL.mel.mel_scale.fb + SETTINGS.floor)
    torch.testing.assert_close(LOG_MEL(audio)[0, :, frame], expected, rtol=1e-4, atol=1e-4)


def test_louder_audio_is_the_same_plus_a_constant() -> None:
    audio = sound(8_000)
    difference = LOG_MEL(audio * 2) - LOG_MEL(audio)
    torch.testing.assert_close(difference, torch.full_like(difference, math.log(4.0)), rtol=0, atol=0.01)
