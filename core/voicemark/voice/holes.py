"""Long holes in a recording cost the network nothing: their windows are silent, and silent windows are zeros.

What sounds on either side is embedded with enough silence around it that its windows come out as if the whole had been
computed in one, silence included.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE, Gap, Samples, Sound
from voicemark.voice.base import SpeakerEncoder, WindowBatch

AROUND_S = 10.0
"""Silence on either side of a hole that is embedded as samples: a window and its neighbourhood are half of that."""
ROWS = 4096  # windows of silence in one batch


def embed_sound(sound: Iterable[Sound], encoder: SpeakerEncoder) -> Iterator[WindowBatch]:
    """Every window of `sound` in order; windows that lie in a `Gap` are zeros."""
    hop = round(encoder.hop_s * SAMPLE_RATE)
    around = round(AROUND_S / encoder.hop_s) * hop
    parts = _Parts(iter(sound), hop, around)
    first = 0
    while not parts.ended:
        origin = parts.position // hop
        for batch in encoder.embed_blocks(parts.sounding()):
            fresh = slice(max(0, first - origin - batch.first_index), None)
            embeddings = batch.embeddings[fresh]
            if len(embeddings):
                yield _batch(first, embeddings, encoder.hop_s)
                first += len(embeddings)
        while first < parts.position // hop and not parts.ended:
            rows = min(ROWS, parts.position // hop - first)
            yield _batch(first, np.zeros((rows, encoder.dim), np.float32), encoder.hop_s)
            first += rows


def _batch(first: int, embeddings: NDArray[np.float32], hop_s: float) -> WindowBatch:
    return WindowBatch(first, np.arange(first, first + len(embeddings), dtype=np.float64) * hop_s, embeddings)


class _Parts:
    """Cuts sound at its long holes; `position` is the sample at which the next part begins, a whole number of hops."""

    def __init__(self, sound: Iterator[Sound], hop: int, around: int) -> None:
        self.position = 0
        self.ended = False
        self._sound, self._hop, self._around = sound, hop, around
        self._lead = 0  # samples of silence that the next part begins with

    def sounding(self) -> Iterator[Samples]:
        """Samples up to the next long hole, with silence of it at the end."""
        at = self.position
        if self._lead:
            yield np.zeros(self._lead, np.float32)
            at += self._lead
            self._lead = 0
        for block in self._sound:
            if not isinstance(block, Gap):
                at += len(block)
                yield block
                continue
            end = at + len(block)
            resume = (end - self._around) // self._hop * self._hop
            if resume <= at + self._around:
                yield block.samples()
                at = end
                continue
            yield np.zeros(self._around, np.float32)
            self.position, self._lead = resume, end - resume
            return
        self.ended = True
