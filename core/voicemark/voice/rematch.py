"""The archive at once: kept embeddings against new voices or thresholds, without decoding anything again.

Almost no window of an archive is any enrolled voice, and that is cheap to prove. The mean of the best rows is at
most the best row, and the best row is bounded from above by a product of 8-bit integers: with a memory's row
r = s·R + e (R int8, e the rounding error) and a stored window X (int8) of length |X|,

    cosine(X, r) = (s · X·R + X·e) / |X|  ≤  s · X·R / |X| + |e|.

Integer products are four times as fast as float32 ones where the CPU has instructions for them. Exact scores are
computed only for windows around those whose smoothed bound reaches a marker's lower threshold in a run in which some
bound reaches its upper one; everywhere else no marker can be. The result is what a scan gives.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.store.archive import KeptRecording, count_stale, is_still, stale_recordings
from voicemark.store.database import Database
from voicemark.store.markers import Marker, voice_ids, write_markers
from voicemark.voice.compact import restore, unpack_int8
from voicemark.voice.match import SILENT, VoiceBook, calibrated_scores, match_key, smooth, taps
from voicemark.voice.segments import Segment, WindowTimes, beside, find_segments, runs

WINDOWS_AT_ONCE = 256  # a block's products with 1,200 rows stay in a core's cache
COMMIT_EVERY = 32  # recordings: a kill repeats at most so many, and the disk is waited for once for all of them
ROUNDING = 1e-5  # of float32 sums in bounds and scores


@dataclass(frozen=True)
class RematchReport:
    """What was done: `hours` of recordings in `seconds`."""

    recordings: int
    hours: float
    markers: int
    seconds: float


def rematch(
    database: Database,
    book: VoiceBook,
    settings: MatchSection,
    model_id: str,
    *,
    progress: Callable[[int, int], None] | None = None,
    threads: int = 0,
) -> RematchReport:
    """Match every recording whose markers were made with anything else; those that are current are passed over.

    Markers of a recording are replaced in one transaction. `progress(done, total)` is called after each commit;
    what it raises ends the work, and what is committed stays. `threads` 0 takes all cores. Raises ModelError
    when `book` is of another model, DatabaseError when the database cannot be used.
    """
    book.check_model(model_id)
    began = time.monotonic()
    key = match_key(book, settings)
    with database.reading() as session:
        total = count_stale(session, model_id, key)
    matcher = ArchiveMatcher(book, settings)
    done, hours, markers = 0, 0.0, 0
    results = _in_order(matcher.segments, stale_recordings(database, model_id, key), threads or os.cpu_count() or 1)
    for batch in _batches(results, COMMIT_EVERY):
        with database.writing() as session:
            voices = voice_ids(session, book.names)
            for kept, segments in batch:
                if not is_still(session, kept, model_id):
                    continue
                found = [Marker(book.names[one.voice], one.start_s, one.end_s, one.score) for one in segments]
                write_markers(session, kept.recording_id, found, key, voices)
                hours += kept.duration_s / 3600
                markers += len(found)
        done += len(batch)
        if progress:
            progress(done, total)
    return RematchReport(done, hours, markers, time.monotonic() - began)


class ArchiveMatcher:
    """Finds the segments of stored recordings; the same as scoring every window exactly. Works on the CPU."""

    def __init__(self, book: VoiceBook, settings: MatchSection) -> None:
        self._voices = [book.only(voice).to("cpu") for voice in range(len(book))]
        self._book = book.to("cpu")
        self._settings = settings
        self._thresholds: list[float] = self._book.thresholds.tolist()
        self._bounds = UpperBounds(self._book) if len(book) else None

    def segments(self, kept: KeptRecording) -> list[Segment]:
        """The segments of one recording. Raises DatabaseError for damaged data."""
        windows = unpack_int8(kept.data, kept.dim)
        if self._bounds is None or not len(windows):
            return []
        times = WindowTimes(kept.hop_s, kept.window_s, kept.duration_s)
        return find_segments(self._scores(windows, kept.hop_s), self._thresholds, self._settings, times)

    def _scores(self, windows: NDArray[np.int8], hop_s: float) -> Tensor:
        """Smoothed scores (voices, n): exact where a marker can be and beside it, `SILENT` elsewhere."""
        assert self._bounds is not None
        width = taps(self._settings, hop_s)
        lengths = np.sqrt(np.einsum("nd,nd->n", windows, windows, dtype=np.float32))
        heard = torch.from_numpy(lengths > 0)
        bounds = self._book.calibration.apply(self._bounds.of(windows, lengths)) + ROUNDING
        scores = torch.full_like(bounds, SILENT)
        best = bounds.masked_fill(~heard, SILENT).amax(dim=1)  # smoothing makes no best score better
        for voice in (best >= self._book.thresholds).nonzero()[:, 0].tolist():
            low = self._thresholds[voice] - self._settings.hysteresis
            smoothed = smooth(bounds[voice, None], heard, width)[0].numpy()
            found = runs(smoothed, self._thresholds[voice], low)
            if not found:
                continue
            shown = _around(found, beside(hop_s), len(windows))  # they place a run's borders
            read = _around(found, beside(hop_s) + width // 2, len(windows)).nonzero()[:, 0]
            rows = torch.from_numpy(restore(windows[read.numpy()]))
            exact = torch.zeros(1, len(windows))
            exact[0, read] = calibrated_scores(rows, self._voices[voice], self._settings.top_k)[0]
            scores[voice] = torch.where(shown, smooth(exact, heard, width)[0], SILENT)
        return scores


class UpperBounds:
    """No voice's mean of best cosines with a stored window is above what `of` says."""

    def __init__(self, book: VoiceBook) -> None:
        sizes = book.sizes
        self._most = max(sizes)
        rows = book.rows.numpy()
        # one step for all rows, so that the best of the integer products is the best of the cosines
        self._step = float(np.abs(rows).max()) / 127
        rounded = np.rint(rows / self._step).astype(np.int8)
        errors = np.linalg.norm(rows - rounded * np.float32(self._step), axis=1)
        starts = np.cumsum([0, *sizes[:-1]])
        self._slack = torch.from_numpy(np.maximum.reduceat(errors, starts).astype(np.float32))[:, None]
        # as many rows for each voice: the first one again and again adds no better one
        filled = np.concatenate(
            [np.arange(self._most) % size + start for start, size in zip(starts, sizes, strict=True)]
        )
        self._rows = torch.from_numpy(np.ascontiguousarray(rounded[filled]))  # (voices · most, d)

    def of(self, windows: NDArray[np.int8], lengths: NDArray[np.float32]) -> Tensor:
        """Bounds (voices, n) for stored windows (n, d) of Euclidean `lengths` (n,), before calibration."""
        product = integer_product()
        best = []
        for start in range(0, len(windows), WINDOWS_AT_ONCE):
            block = torch.from_numpy(windows[start : start + WINDOWS_AT_ONCE].copy())
            products = product(self._rows, block)  # (voices · most, d) x (d, n) -> (voices · most, n)
            best.append(products.view(-1, self._most, len(block)).amax(dim=1))  # (voices, n)
        scale = torch.from_numpy(self._step / np.maximum(lengths, 1))
        return torch.cat(best, dim=1) * scale + self._slack


Product = Callable[[Tensor, Tensor], Tensor]


def int8_product(rows: Tensor, windows: Tensor) -> Tensor:
    """(m, d) · (n, d)ᵀ in int32: quick where the CPU has VNNI or AMX instructions, very slow elsewhere."""
    return torch._int_mm(rows, windows.T)


def float_product(rows: Tensor, windows: Tensor) -> Tensor:
    """The same whole numbers in float32, which holds them exactly up to 2²⁴ (d ≤ 1040)."""
    return rows.float() @ windows.float().T


@cache
def integer_product() -> Product:
    """The quicker of the two on this machine, found out by trying: what a CPU can do has too many names."""
    rows, windows = (torch.ones(size, 128, dtype=torch.int8) for size in (64, 512))
    timings: dict[Product, float] = {}
    for product in (float_product, int8_product):
        product(rows, windows)
        began = time.perf_counter()
        product(rows, windows)
        timings[product] = time.perf_counter() - began
    return min(timings, key=timings.__getitem__)


def _around(found: Iterable[tuple[int, int]], reach: int, windows: int) -> Tensor:
    """(windows,) bool: which are in one of the runs or within `reach` of one."""
    mask = torch.zeros(windows, dtype=torch.bool)
    for first, last in found:
        mask[max(0, first - reach) : last + reach + 1] = True
    return mask


def _in_order(
    work: Callable[[KeptRecording], list[Segment]], items: Iterable[KeptRecording], threads: int
) -> Iterator[tuple[KeptRecording, list[Segment]]]:
    """Each item and its result, in order; no more than two items a thread are held at a time."""
    with _single_threaded_torch(threads) as pool:
        pending: deque[tuple[KeptRecording, Future[list[Segment]]]] = deque()
        for item in items:
            pending.append((item, pool.submit(work, item)))
            if len(pending) >= 2 * threads:
                first, result = pending.popleft()
                yield first, result.result()
        while pending:
            first, result = pending.popleft()
            yield first, result.result()


@contextmanager
def _single_threaded_torch(threads: int) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads compute alone: torch's own threads wait for each other, badly so on a busy machine."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, "rematch", initializer=lambda: torch.set_num_threads(1))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _batches(
    results: Iterable[tuple[KeptRecording, list[Segment]]], size: int
) -> Iterator[list[tuple[KeptRecording, list[Segment]]]]:
    batch: list[tuple[KeptRecording, list[Segment]]] = []
    for result in results:
        batch.append(result)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
