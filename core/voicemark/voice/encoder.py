"""Audio to embeddings: weights, features and window grid put together behind one small interface.

Long audio is computed in chunks of windows. Each chunk is read with enough audio on either side that its windows
come out as if the whole had been computed at once, so memory does not grow with the recording and the result
does not depend on the size of the blocks that the audio arrives in.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.audio.features import LogMel
from voicemark.audio.windows import Chunk, chunk, chunks
from voicemark.voice.base import SILENCE_DBFS, OnGrid, WindowBatch
from voicemark.voice.hubness import centred
from voicemark.voice.numerics import Numerics, convolutions
from voicemark.voice.weights import ModelFile

WINDOWS_PER_CHUNK = 256  # 128 s: context costs 6 %, and a layer's values stay small
BATCH = 64  # windows at once in embed_windows


class Encoder(OnGrid):
    """A loaded encoder. Embeddings are float32 of unit length; a silent window's is all zeros, so it never scores.

    Silent means an RMS below -65 dBFS (digital silence, a hole that was filled). `device` is where the network
    runs; results are returned on the CPU.
    """

    def __init__(
        self, model: ModelFile, device: torch.device, numerics: str = "fp32", quantised: Path | None = None
    ) -> None:
        """`numerics` and `quantised` as in `voicemark.voice.numerics.convolutions`. Raises ModelError."""
        self.model_id = model.model_id
        self.device = device
        self.features = model.features
        self.grid = model.grid
        self.cohort = model.cohort
        """Embeddings of strangers (n, dim) shipped for making scores comparable, or None."""
        self._background = None if model.background is None else model.background.to(device)
        self._net = model.build().fuse().to(device)
        self._convolutions = convolutions(self._net, model.model_id, device, numerics, quantised)
        self._log_mel = LogMel(model.features).to(device)
        reach = model.network.context_frames * model.features.hop + model.features.reach
        self._context = -(-reach // model.grid.hop) * model.grid.hop  # samples, in whole hops

    @property
    def dim(self) -> int:
        return self._net.config.dim

    @property
    def numerics(self) -> Numerics:
        """What the convolutions are computed in."""
        return self._convolutions.numerics

    @property
    def chunk_samples(self) -> int:
        """What a chunk of windows takes, context included."""
        return self.grid.samples(WINDOWS_PER_CHUNK) + 2 * self._context

    def embed(self, waveform: Tensor | NDArray[np.float32]) -> Tensor:
        """Every window of `waveform` (samples,): → (windows, dim). Audio shorter than a window gives none.

        Windows see their neighbourhood (about two seconds on either side), as they do in a recording. A tail
        shorter than a window is not embedded.
        """
        audio = torch.as_tensor(waveform, dtype=torch.float32).reshape(-1)
        parts = [
            self._windows(audio[piece.audio_start : piece.audio_end], piece)
            for piece in chunks(self.grid, audio.numel(), WINDOWS_PER_CHUNK, self._context)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, self.dim)

    def embed_windows(self, batch: Tensor | NDArray[np.float32]) -> Tensor:
        """Each row of `batch` (n, samples) as one window by itself: → (n, dim).

        Rows must hold a whole window; what is longer is cut at the end. Raises ValueError for shorter rows.
        """
        audio = torch.as_tensor(batch, dtype=torch.float32)
        if audio.dim() != 2 or audio.shape[1] < self.grid.length:
            raise ValueError(f"expected (n, {self.grid.length}) samples, got {tuple(audio.shape)}")
        audio = audio[:, : self.grid.length]
        parts = []
        with torch.inference_mode():
            for start in range(0, len(audio), BATCH):
                on_device = audio[start : start + BATCH].to(self.device)
                embeddings = self._directions(on_device)[:, 0]  # (rows, 1, dim) → (rows, dim)
                parts.append((embeddings * self._audible(on_device)).cpu())
        return torch.cat(parts) if parts else torch.zeros(0, self.dim)

    def embed_blocks(self, blocks: Iterable[Tensor | NDArray[np.float32]]) -> Iterator[WindowBatch]:
        """Embed a stream of blocks (samples,) of any size, with memory for a few minutes of audio.

        Gives the same windows as `embed` of the whole, in order.
        """
        for audio, piece in self.cut(blocks):
            starts = np.arange(piece.first, piece.first + piece.windows) * self.grid.hop / self.grid.sample_rate
            yield WindowBatch(piece.first, starts, self._windows(audio, piece).numpy())

    def cut(self, blocks: Iterable[Tensor | NDArray[np.float32]]) -> Iterator[tuple[Tensor, Chunk]]:
        """A stream of blocks as chunks of windows, in order, each with the samples (samples,) that it takes."""
        pending: list[Tensor] = []  # audio from sample `origin` on, a whole number of hops
        origin = held = first = 0  # `held`: samples in pending; `first`: next window to compute
        for block in blocks:
            pending.append(torch.as_tensor(block, dtype=torch.float32).reshape(-1))
            held += pending[-1].numel()
            piece = chunk(self.grid, first, WINDOWS_PER_CHUNK, self._context)
            while origin + held >= piece.audio_end:
                audio = torch.cat(pending)
                yield audio[piece.audio_start - origin : piece.audio_end - origin], piece
                first += piece.windows
                piece = chunk(self.grid, first, WINDOWS_PER_CHUNK, self._context)
                pending = [audio[piece.audio_start - origin :].clone()]
                held, origin = pending[0].numel(), piece.audio_start
        if pending:
            audio = torch.cat(pending)
            total = origin + held
            while (left := self.grid.count(total) - first) > 0:
                piece = chunk(self.grid, first, min(left, WINDOWS_PER_CHUNK), self._context, total)
                yield audio[piece.audio_start - origin : piece.audio_end - origin], piece
                first += piece.windows

    def embed_chunks(self, audio: Tensor, pieces: Sequence[Chunk]) -> list[Tensor]:
        """Of audio (n, samples) the windows of each row's piece, all at once: → (windows, dim) of each, on the CPU.

        There may be more rows than pieces; what they hold is computed too, and dropped.
        """
        hop, hops = self.grid.hop, self.grid.hops_per_window
        with torch.inference_mode():
            on_device = audio.to(self.device, non_blocking=True)
            whole = on_device[:, : on_device.shape[1] // hop * hop]
            power = whole.reshape(len(whole), -1, hop).square().sum(2)  # (n, hops of the audio)
            loud = power.unfold(1, hops, 1).sum(2) / self.grid.length >= 10 ** (SILENCE_DBFS / 10)
            # Frames are rounded up, so that there may be a window more than whole hops give.
            embeddings = (self._directions(on_device, slice(loud.shape[1])) * loud[..., None]).cpu()
        results = []
        for row, piece in zip(embeddings, pieces, strict=False):
            skip = piece.first - piece.audio_start // hop
            results.append(row[skip : skip + piece.windows].clone())
        return results

    def _windows(self, audio: Tensor, piece: Chunk) -> Tensor:
        """The windows of `piece`, whose samples `audio` (samples,) holds: → (windows, dim) on the CPU."""
        skip = piece.first - piece.audio_start // self.grid.hop
        used = slice(skip, skip + piece.windows)
        embeddings = torch.zeros(piece.windows, self.dim)
        with torch.inference_mode():
            on_device = audio.to(self.device)
            hop, hops = self.grid.hop, self.grid.hops_per_window
            whole = on_device[: len(on_device) // hop * hop]
            power = whole.view(-1, hop).square().sum(1)  # (hops of the audio,)
            loud = power.unfold(0, hops, 1).sum(1)[used] / self.grid.length >= 10 ** (SILENCE_DBFS / 10)
            heard = loud.nonzero().flatten().tolist()
            for first, last in stretches(heard, apart=2 * self._context // hop):
                part = chunk(self.grid, skip + first, last - first + 1, self._context, len(on_device))
                skipped = skip + first - part.audio_start // hop
                directions = self._directions(
                    on_device[None, part.audio_start : part.audio_end], slice(skipped, skipped + part.windows)
                )
                embeddings[first : last + 1] = directions[0].cpu()
            return embeddings * loud.cpu()[:, None]

    def _directions(self, audio: Tensor, used: slice = slice(None)) -> Tensor:
        """Audio (n, samples) → those of its windows that are used (n, windows, dim), of length 1."""
        frames = self._convolutions.compute(self._net.prepare(self._log_mel(audio)))
        embeddings = normalize(self._net.windows(frames)[:, used], dim=-1)
        return embeddings if self._background is None else centred(embeddings, self._background)

    def _audible(self, batch: Tensor) -> Tensor:
        """(n, samples) → (n, 1): 1 where a row is above the silence level, else 0."""
        return (batch.square().mean(1, keepdim=True) >= 10 ** (SILENCE_DBFS / 10)).to(batch.dtype)


def stretches(places: Sequence[int], apart: int) -> Iterator[tuple[int, int]]:
    """The first and the last of ascending `places` that lie together: none is further than `apart` from the next."""
    first = 0
    for k in range(1, len(places) + 1):
        if k == len(places) or places[k] - places[k - 1] > apart:
            yield places[first], places[k - 1]
            first = k
