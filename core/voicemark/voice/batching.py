"""One device for all recordings in hand: their chunks meet in one batch.

Each recording's thread cuts its audio into chunks and goes on decoding while the device computes; it is held up when
`AHEAD` of its chunks wait. One thread feeds the device: it takes the chunk that has waited longest and whatever waits
beside it and is as long, up to a batch, and never waits for more. So the first recording alone is served at once, and
many fill the batch by themselves.

Chunks of one length only are put together: all but a recording's first and last are alike, and a chunk that were made
longer with zeros would sound otherwise at its end. On a device, a batch is filled up to the next power of two, so that
few shapes occur, and is copied from pinned memory.

A device that has no memory for a batch gets half of it, from then on; one that has none for a single chunk, or is lost,
is left, and the CPU goes on with the very chunks that were in hand. Results are those of one chunk after another.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import Chunk, WindowGrid
from voicemark.voice.base import OnGrid, WindowBatch
from voicemark.voice.device_errors import is_gpu_failure, is_out_of_memory

log = logging.getLogger(__name__)

AHEAD = 4
"""Chunks of one recording that may wait: some megabytes each."""
LONGEST_BATCH = 32
RESTS_AFTER_S = 10.0
"""The thread that feeds the device ends when there was nothing for so long."""
OWN_BYTES = 600 << 20
"""What CUDA, its libraries and the weights take of a device's memory."""
BYTES_A_FRAME = 16_000
"""Of a log-mel frame: three times what a chunk's tensors add up to at one moment; reckoned, not measured on a GPU."""


class Batchable(Protocol):
    """An encoder whose chunks may be computed together."""

    model_id: str
    device: torch.device
    cohort: Tensor | None
    grid: WindowGrid
    features: FeatureSettings

    @property
    def dim(self) -> int: ...

    @property
    def numerics(self) -> str | None: ...

    @property
    def chunk_samples(self) -> int:
        """What a chunk takes, context included."""
        ...

    def embed(self, waveform: Tensor | NDArray[np.float32], /) -> Tensor: ...

    def embed_windows(self, batch: Tensor | NDArray[np.float32], /) -> Tensor: ...

    def cut(self, blocks: Iterable[Tensor | NDArray[np.float32]], /) -> Iterator[tuple[Tensor, Chunk]]:
        """A stream of blocks as chunks, each with the samples that it takes."""
        ...

    def embed_chunks(self, audio: Tensor, pieces: Sequence[Chunk], /) -> list[Tensor]:
        """Of audio (n, samples) the windows of each row's piece: → n times (windows, dim), on the CPU. There may be
        more rows than pieces."""
        ...


class Batched(OnGrid):
    """An encoder on a device that several threads use at once, as `voicemark.voice.base.SpeakerEncoder`."""

    def __init__(
        self, encoder: Batchable, on_cpu: Callable[[], Batchable], *, batch: int, fixed_shapes: bool | None = None
    ) -> None:
        """At most `batch` chunks are computed together. `on_cpu` makes the encoder that goes on when the device is
        lost; `fixed_shapes` fills batches up (None: on a device, not on the CPU)."""
        self._encoder, self._on_cpu = encoder, on_cpu
        self.grid = encoder.grid
        self.batch = batch
        """Halved whenever memory is refused."""
        self.is_lost = False
        """Has the CPU taken over?"""
        self._fixed = encoder.device.type != "cpu" if fixed_shapes is None else fixed_shapes
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._feeder: threading.Thread | None = None
        self._pinned: Tensor | None = None

    @property
    def model_id(self) -> str:
        return self._encoder.model_id

    @property
    def device(self) -> torch.device:
        return self._encoder.device

    @property
    def cohort(self) -> Tensor | None:
        return self._encoder.cohort

    @property
    def dim(self) -> int:
        return self._encoder.dim

    @property
    def numerics(self) -> str | None:
        return self._encoder.numerics

    def embed(self, waveform: Tensor | NDArray[np.float32]) -> Tensor:
        """See `SpeakerEncoder`: by itself, in the caller's thread."""
        return self._encoder.embed(waveform)

    def embed_windows(self, batch: Tensor | NDArray[np.float32]) -> Tensor:
        """See `SpeakerEncoder`: by itself, in the caller's thread."""
        return self._encoder.embed_windows(batch)

    def embed_blocks(self, blocks: Iterable[Tensor | NDArray[np.float32]]) -> Iterator[WindowBatch]:
        """The windows of a stream of blocks (samples,), in order; computed together with those of other callers."""
        ahead: deque[_Waiting] = deque()
        try:
            for audio, piece in self._encoder.cut(blocks):
                while len(ahead) >= AHEAD:
                    yield self._result(ahead.popleft())
                ahead.append(self._submit(audio, piece))
                while ahead and ahead[0].done.done():
                    yield self._result(ahead.popleft())
            while ahead:
                yield self._result(ahead.popleft())
        finally:
            for one in ahead:
                one.done.cancel()

    def _result(self, one: "_Waiting") -> WindowBatch:
        piece = one.piece
        embeddings = one.done.result()
        starts = np.arange(piece.first, piece.first + piece.windows) * self.grid.hop / self.grid.sample_rate
        return WindowBatch(piece.first, starts, embeddings.numpy())

    def _submit(self, audio: Tensor, piece: Chunk) -> "_Waiting":
        one = _Waiting(audio, piece)
        with self._changed:
            self._waiting.append(one)
            if self._feeder is None:
                self._feeder = threading.Thread(target=self._feed, name="device", daemon=True)
                self._feeder.start()
            self._changed.notify()
        return one

    def _feed(self) -> None:
        while batch := self._take():
            try:
                self._compute(batch)
            except BaseException as error:  # Whoever waits must not wait for ever.
                for one in batch:
                    if not one.done.done():
                        one.done.set_exception(error)

    def _take(self) -> list["_Waiting"]:
        """What is computed next; nothing when there was nothing for a while, and the thread ends."""
        with self._changed:
            while True:
                self._waiting = deque(one for one in self._waiting if not one.done.cancelled())
                if self._waiting:
                    break
                if not self._changed.wait(RESTS_AFTER_S) and not self._waiting:
                    self._feeder = None
                    return []
            length = len(self._waiting[0].audio)
            most = 1 if self.is_lost else self.batch
            taken = [one for one in self._waiting if len(one.audio) == length][:most]
            taken = [one for one in taken if one.done.set_running_or_notify_cancel()]
            self._waiting = deque(one for one in self._waiting if not one.done.running())
            return taken or self._take()

    def _compute(self, batch: list["_Waiting"]) -> None:
        pieces = [one.piece for one in batch]
        try:
            results = self._encoder.embed_chunks(self._stack([one.audio for one in batch]), pieces)
        except Exception as error:
            self._after(error, batch)
            return
        for one, result in zip(batch, results, strict=True):
            one.done.set_result(result)

    def _after(self, error: Exception, batch: list["_Waiting"]) -> None:
        """The batch failed: in halves, by the CPU, or one by one, so that whose error it is gets it alone."""
        is_lost = is_gpu_failure(error) and not is_out_of_memory(error)
        if len(batch) > 1 and not is_lost:
            half = len(batch) // 2
            if is_out_of_memory(error):
                self.batch = half
                log.warning("the GPU has no room for %d chunks at once; it gets %d", len(batch), half)
                self._free()
            self._compute(batch[:half])
            self._compute(batch[half:])
        elif is_gpu_failure(error) and not self.is_lost:
            log.warning("the GPU is left, the CPU goes on: %s", str(error).splitlines()[0])
            self._encoder, self.is_lost, self._fixed = self._on_cpu(), True, False
            self._free()
            for one in batch:
                self._compute([one])
        else:
            for one in batch:
                one.done.set_exception(error)

    def _stack(self, audios: Sequence[Tensor]) -> Tensor:
        """(n, samples), zeros in rows that only fill it up; pinned where a GPU copies it."""
        rows = 1 << (len(audios) - 1).bit_length() if self._fixed else len(audios)
        samples = len(audios[0])
        if self._encoder.device.type == "cuda":
            if self._pinned is None or self._pinned.numel() < rows * samples:
                self._pinned = torch.empty(rows * samples, pin_memory=True)
            stacked = self._pinned[: rows * samples].view(rows, samples)
        else:
            stacked = torch.empty(rows, samples)
        torch.stack(list(audios), out=stacked[: len(audios)])
        stacked[len(audios) :] = 0
        return stacked

    def _free(self) -> None:
        self._pinned = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class _Waiting:
    """A chunk that is to be computed."""

    def __init__(self, audio: Tensor, piece: Chunk) -> None:
        self.audio, self.piece = audio, piece
        self.done: Future[Tensor] = Future()


def batched_on_gpu(encoder: Batchable, on_cpu: Callable[[], Batchable], memory_bytes: int) -> Batched:
    """An encoder that lies on a CUDA device, which takes no more than so much of that device's memory."""
    _, total = torch.cuda.mem_get_info(encoder.device)
    for_tensors = max(memory_bytes - OWN_BYTES // 2, OWN_BYTES)  # The other half is CUDA's own, and not counted there.
    torch.cuda.set_per_process_memory_fraction(min(1.0, for_tensors / total), encoder.device)
    return Batched(encoder, on_cpu, batch=batch_for(memory_bytes, encoder.chunk_samples, encoder.features))


def batch_for(memory_bytes: float, chunk_samples: int, features: FeatureSettings) -> int:
    """How many chunks of so many samples fit into so much of a device's memory at once: a power of two, at least 1."""
    frames = chunk_samples // features.hop
    fitting = int((memory_bytes - OWN_BYTES) // (frames * BYTES_A_FRAME))
    return min(LONGEST_BATCH, 1 << max(0, max(1, fitting).bit_length() - 1))
