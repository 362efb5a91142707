"""Window arithmetic against counting one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.audio.windows import WindowGrid, chunk, chunks

GRIDS = st.builds(lambda hop, hops: WindowGrid(16_000, hop * hops, hop), st.integers(1, 50), st.integers(1, 6))


@given(grid=GRIDS, samples=st.integers(0, 2_000))
def test_count_is_the_number_of_windows_that_fit(grid: WindowGrid, samples: int) -> None:
    fitting = [k for k in range(samples + 1) if grid.start(k) + grid.length <= samples]
    assert grid.count(samples) == len(fitting)


@given(grid=GRIDS, windows=st.integers(0, 40))
def test_samples_of_windows_hold_exactly_these_windows(grid: WindowGrid, windows: int) -> None:
    assert grid.count(grid.samples(windows)) == windows
    if windows:
        assert grid.count(grid.samples(windows) - 1) == windows - 1


@given(grid=GRIDS, start=st.integers(0, 500), length=st.integers(0, 1_000))
def test_covering_windows_lie_whole_within_the_stretch(grid: WindowGrid, start: int, length: int) -> None:
    end = start + length
    naive = [k for k in range(2_000) if start <= grid.start(k) and grid.start(k) + grid.length <= end]
    assert list(grid.covering(start, end)) == naive


@given(grid=GRIDS, samples=st.integers(0, 3_000), per_chunk=st.integers(1, 9), context_hops=st.integers(0, 8))
def test_chunks_hold_every_window_once_with_its_context(
    grid: WindowGrid, samples: int, per_chunk: int, context_hops: int
) -> None:
    context = context_hops * grid.hop
    seen: list[int] = []
    for piece in chunks(grid, samples, per_chunk, context):
        seen += range(piece.first, piece.first + piece.windows)
        assert piece.audio_start % grid.hop == 0
        assert piece.audio_start == max(0, grid.start(piece.first) - context)
        last = grid.start(piece.first + piece.windows - 1) + grid.length
        assert piece.audio_end == min(samples, last + context)
    assert seen == list(range(grid.count(samples)))


def test_seconds_follow_from_samples() -> None:
    grid = WindowGrid()
    assert (grid.window_s, grid.hop_s, grid.start_s(3), grid.hops_per_window) == (2.0, 0.5, 1.5, 4)


def test_a_window_that_is_no_whole_number_of_hops_is_refused() -> None:
    with pytest.raises(ValueError, match="whole number of hops"):
        WindowGrid(16_000, 1_000, 300)
    with pytest.raises(ValueError, match="context"):
        chunk(WindowGrid(), 0, 1, 100)
