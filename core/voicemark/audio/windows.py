"""Window arithmetic: two seconds of audio every half second, as pure functions of whole numbers.

Window k covers the samples [k * hop, k * hop + length). A recording's tail that is shorter than a window is not
a window: n samples hold 0 windows when n < length, else (n - length) // hop + 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from voicemark.audio.timeline import SAMPLE_RATE


@dataclass(frozen=True)
class WindowGrid:
    """Where windows lie. `length` and `hop` in samples; `length` is a whole number of hops."""

    sample_rate: int = SAMPLE_RATE
    length: int = 32_000  # samples: 2.0 s
    hop: int = 8_000  # samples: 0.5 s

    def __post_init__(self) -> None:
        if self.hop <= 0 or self.length <= 0 or self.length % self.hop:
            raise ValueError(f"a window ({self.length} samples) must be a whole number of hops ({self.hop})")

    @property
    def hops_per_window(self) -> int:
        return self.length // self.hop

    @property
    def window_s(self) -> float:
        return self.length / self.sample_rate

    @property
    def hop_s(self) -> float:
        return self.hop / self.sample_rate

    def count(self, samples: int) -> int:
        """How many whole windows lie in `samples` samples."""
        return 0 if samples < self.length else (samples - self.length) // self.hop + 1

    def start(self, window: int) -> int:
        """First sample of `window`."""
        return window * self.hop

    def start_s(self, window: int) -> float:
        """Seconds from the audio's first sample to the start of `window`."""
        return window * self.hop / self.sample_rate

    def samples(self, windows: int) -> int:
        """How many samples `windows` consecutive windows cover."""
        return 0 if windows <= 0 else (windows - 1) * self.hop + self.length

    def covering(self, start: int, end: int) -> range:
        """The windows that lie whole within samples [start, end)."""
        first = -(-max(0, start) // self.hop)
        return range(first, first + self.count(end - first * self.hop))


@dataclass(frozen=True)
class Chunk:
    """A run of windows that is computed at once, and the samples that this takes, context included.

    `audio_start` and `audio_end` bound the samples to read, clipped to what exists; windows are
    [first, first + windows).
    """

    first: int
    windows: int
    audio_start: int
    audio_end: int


def chunk(grid: WindowGrid, first: int, windows: int, context: int, total: int | None = None) -> Chunk:
    """The chunk of `windows` windows from `first`, with `context` samples on either side where there are any.

    `context` must be a whole number of hops, so that every chunk begins on the same frame grid. `total` is the
    audio's length where it is known.
    """
    if context % grid.hop:
        raise ValueError(f"context ({context} samples) must be a whole number of hops ({grid.hop})")
    start = max(0, grid.start(first) - context)
    end = grid.start(first) + grid.samples(windows) + context
    return Chunk(first, windows, start, end if total is None else min(end, total))


def chunks(grid: WindowGrid, samples: int, windows_per_chunk: int, context: int) -> Iterator[Chunk]:
    """Cut the windows of `samples` samples into chunks; every window is in exactly one."""
    total = grid.count(samples)
    for first in range(0, total, windows_per_chunk):
        yield chunk(grid, first, min(windows_per_chunk, total - first), context, samples)
