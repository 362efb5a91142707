"""Noise is told from voices by the last rows of the cohort that ships with the weights: they are what they are said to
be, and nothing else of it is."""

import numpy as np

from voicemark.voice import weights
from voicemark.voice.linking_sounds import EVERY, NOISE_ROWS, NOISIER, SMALLEST_COHORT, noise_like
from voicemark.voice.quantisation import quantise


def test_the_shipped_cohort_ends_with_noise_and_has_voices_before() -> None:
    cohort = weights.load().cohort
    assert cohort is not None and len(cohort) >= SMALLEST_COHORT
    rows = cohort.numpy()
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1.0)
    noise = np.sort(cosines[:, -NOISE_ROWS:], axis=1)[:, -5:].mean(axis=1)
    voice = np.sort(cosines[:, :-NOISE_ROWS:EVERY], axis=1)[:, -5:].mean(axis=1)
    noisier = noise - voice > NOISIER
    assert noisier[-NOISE_ROWS:].mean() > 0.9
    assert noisier[:-NOISE_ROWS].mean() < 0.01


def test_without_enough_strangers_nothing_is_noise() -> None:
    rows = np.random.default_rng(1).standard_normal((SMALLEST_COHORT, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    noise = quantise(rows[-5:])
    assert not noise_like(noise, None).any()
    assert not noise_like(noise, rows[1:]).any()


def test_what_lies_by_the_last_rows_is_noise_in_however_many_pieces() -> None:
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((SMALLEST_COHORT, 32)).astype(np.float32)
    rows[-NOISE_ROWS:] += 8 * np.eye(32, dtype=np.float32)[0]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    heard = rng.standard_normal((5000, 32)).astype(np.float32)
    heard[::7] += 8 * np.eye(32, dtype=np.float32)[0]
    found = noise_like(quantise(heard), rows)
    assert found[::7].all()
    assert found.mean() < 0.2
