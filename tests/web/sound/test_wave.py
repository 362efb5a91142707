"""Samples as a file and as a line."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from voicemark.web.sound.wave import HEIGHT, WIDTH, from_wave, level_line, levels, to_wave


def test_a_file_holds_the_samples_to_sixteen_bits() -> None:
    samples = np.random.default_rng(1).uniform(-1.2, 1.2, 5000).astype(np.float32)
    assert np.abs(from_wave(to_wave(samples)) - np.clip(samples, -1, 1)).max() <= 1 / 32767


@given(arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32)), st.integers(1, 400))
def test_each_part_has_its_peak_and_mean(samples: np.ndarray, columns: int) -> None:
    mean, peak = levels(samples, columns)
    assert len(mean) == len(peak) == max(1, min(columns, len(samples)))
    if len(samples):
        parts = np.split(samples, np.linspace(0, len(samples), len(mean) + 1).astype(int)[1:-1])
        assert peak == pytest.approx([np.abs(part).max() for part in parts])
        assert mean == pytest.approx([np.sqrt(np.mean(part.astype(float) ** 2)) for part in parts], abs=1e-6)


def test_the_line_is_high_where_it_is_loud_and_none_where_it_is_silent() -> None:
    samples = np.concatenate([np.zeros(16000), 0.9 * np.sin(np.arange(16000))]).astype(np.float32)
    picture = ET.fromstring(level_line(samples))
    paths = [each.get("d", "") for each in picture]
    columns = [int(at) for at in re.findall(r"M(\d+) ", paths[1])]
    assert columns == list(range(WIDTH // 2, WIDTH))
    assert all(0 < float(height) <= HEIGHT for height in re.findall(r"v([\d.]+)h", paths[1]))
