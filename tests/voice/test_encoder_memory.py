"""Memory does not grow with the recording: counted in samples that are held, not in time or bytes of a process."""

import gc
from collections.abc import Iterator

import torch
from support.teaching import TINY
from torch import Tensor

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.network import SpeakerNet

RATE = 16_000
BLOCK_S = 30  # as the decoder gives them
MOST = 10 * 60 * RATE
"""A chunk with its context, the block that completes it, and both laid end to end."""


def held_samples() -> int:
    """Samples of audio in all tensors that are alive: rows of floats longer than a second."""
    rows = [one for one in gc.get_objects() if type(one) is Tensor and one.dim() == 1 and one.dtype == torch.float32]
    return sum(row.numel() for row in rows if row.numel() > RATE)


def most_held(encoder: Encoder, minutes: int) -> int:
    """Samples held at most, whenever the encoder asks for another block, beside those held before it began: these are
    frozen, and not looked through each time."""
    most = 0

    def blocks() -> Iterator[Tensor]:
        nonlocal most
        generator = torch.Generator().manual_seed(0)
        for _ in range(minutes * 60 // BLOCK_S):
            most = max(most, held_samples())
            yield 0.1 * torch.randn(BLOCK_S * RATE, generator=generator)

    gc.freeze()
    try:
        windows = sum(len(batch.embeddings) for batch in encoder.embed_blocks(blocks()))
    finally:
        gc.unfreeze()
    assert windows == minutes * 120 - 3, "two seconds of window, half a second of hop"
    return most


def test_ten_times_the_audio_is_heard_in_the_same_memory() -> None:
    torch.manual_seed(0)
    model = weights.packed(SpeakerNet(TINY), FeatureSettings(), WindowGrid())
    encoder = Encoder(model, torch.device("cpu"))
    short, long = most_held(encoder, 2), most_held(encoder, 20)
    assert 0 < short <= long <= MOST
