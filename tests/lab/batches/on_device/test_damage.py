"""A batch is damaged as its settings say, every row by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from voicemark.lab.batches.augment import AugmentSettings
from voicemark.lab.batches.on_device.damage import BatchAugmenter
from voicemark.lab.batches.on_device.draw import Draw
from voicemark.lab.batches.on_device.sound import rms
from voicemark.lab.batches.on_device.stock import Stock

CPU = torch.device("cpu")
CLEAN = AugmentSettings(noise=0, overlap=0, room=0, equaliser=0, band_limit=0, hole=0, coded=0, level_db=(-20.0, -20.0))


def pcm(audio: np.ndarray) -> np.ndarray:
    return (audio * 32_767).astype(np.int16)


def hum(frequency: float, seconds: float = 5.0) -> np.ndarray:
    return 0.1 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * 16_000)) / 16_000)


MUSIC = Stock([[pcm(hum(1_000))]], CPU)
ENVIRONMENT = Stock([[pcm(hum(3_000))]], CPU)
VOICES = Stock([[pcm(hum(5_000))]], CPU)
NOTHING = Stock([], CPU)


def augmenter(settings: AugmentSettings, seed: int = 0, *, empty: bool = False) -> BatchAugmenter:
    draw = Draw(CPU)
    draw.restart(seed, 0)
    stocks = (NOTHING,) * 3 if empty else (MUSIC, ENVIRONMENT, VOICES)
    return BatchAugmenter(*stocks, draw, settings)


def clean(rows: int = 8) -> torch.Tensor:
    return torch.from_numpy(hum(400, 2.0)).float().expand(rows, -1).clone()


def level_at(audio: torch.Tensor, frequency: int) -> torch.Tensor:
    """(n,) power within 20 Hz of `frequency`, in decibels."""
    power = torch.fft.rfft(audio).abs().square()
    middle = frequency * audio.shape[1] // 16_000
    return 10 * torch.log10(power[:, middle - 40 : middle + 41].sum(1))


def test_without_damage_only_the_level_changes() -> None:
    audio = clean()
    changed = augmenter(CLEAN)(audio)
    torch.testing.assert_close(changed, audio * (0.1 / rms(audio)), atol=1e-4, rtol=0)


def test_the_same_seed_damages_alike_another_otherwise_and_the_input_is_left() -> None:
    audio = clean(32)
    copy = audio.clone()
    first, again, other = (augmenter(AugmentSettings(), seed)(audio) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(audio, copy)
    assert first.isfinite().all() and first.abs().max() <= 1.0 and first.shape == audio.shape


@pytest.mark.parametrize(
    ("shares", "frequency"),
    [
        ({"music_share": 1e6, "environment_share": 0.0, "babble_share": 0.0}, 1_000),
        ({"music_share": 0.0, "environment_share": 1e6, "babble_share": 0.0}, 3_000),
        ({"babble_share": 1.0}, 5_000),
    ],
)
def test_each_kind_of_noise_lies_as_far_below_the_voice_as_asked(shares: dict[str, float], frequency: int) -> None:
    settings = replace(CLEAN, noise=1.0, second_noise=0.0, snr_db=(7.0, 7.0), babble_snr_db=(7.0, 7.0))
    settings = replace(settings, **shares)  # type: ignore[arg-type]
    noisy = augmenter(settings)(clean())
    assert (level_at(noisy, 400) - level_at(noisy, frequency) - 7.0).abs().max() < 0.1


def test_an_overlapping_voice_is_as_loud_where_it_speaks() -> None:
    settings = replace(CLEAN, overlap=1.0, overlap_snr_db=(6.0, 6.0))
    both = augmenter(settings)(clean())
    other = torch.fft.irfft(torch.fft.rfft(both) * (torch.linspace(0, 8_000, 16_001) > 3_000), 32_000)
    here = rms(both - other)[:, 0] * 10 ** (-6 / 20)
    loudest = other.unfold(1, 1_600, 400).square().mean(2).sqrt().amax(1)
    assert (20 * torch.log10(loudest / here)).abs().max() < 1.0


def test_a_share_of_the_rows_is_damaged_and_the_others_are_not() -> None:
    settings = replace(CLEAN, hole=0.3)
    holed = (augmenter(settings)(clean(400))[:, 100:-100].unfold(1, 60, 30).abs().amax(2) < 1e-3).any(1)
    assert 0.2 < holed.float().mean() < 0.4


def test_rooms_make_a_click_ring_and_equalisers_colour_it() -> None:
    click = torch.zeros(16, 32_000)
    click[:, 1_000] = 1.0
    rung = augmenter(replace(CLEAN, room=1.0))(click)
    assert 0.3 < (rung[:, 3_000:6_000].abs().amax(1) > 1e-4).float().mean() < 0.9  # CHANNEL of them
    coloured = augmenter(replace(CLEAN, equaliser=1.0))(click)
    spectrum = torch.fft.rfft(coloured).abs()
    changed = (spectrum[:, 100:].amax(1) / spectrum[:, 100:].amin(1)) > 1.5
    assert 0.3 < changed.float().mean() < 0.9


def test_without_noise_to_draw_from_there_is_still_hiss() -> None:
    settings = replace(CLEAN, noise=1.0, overlap=1.0, snr_db=(0.0, 0.0))
    hissing = augmenter(settings, empty=True)(clean())
    assert (level_at(hissing, 6_000) - level_at(clean(), 6_000)).min() > 30


def test_noise_alone_holds_no_voice() -> None:
    alone = augmenter(replace(AugmentSettings(), band_limit=0.0)).noise_alone(40, 32_000)
    assert alone.shape == (40, 32_000) and (rms(alone) < 0.4).all()
    total = 10 * torch.log10(torch.fft.rfft(alone).abs().square().sum(1))
    assert (level_at(alone, 5_000) - total).max() < -15  # where the stock of voices lies
