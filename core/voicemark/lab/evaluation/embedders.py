"""The rows of the table: our own encoder, any ONNX model, and the peers behind their worker."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.lab.corpus.clips import WINDOW_SAMPLES
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.peer_worker import cpu_seconds
from voicemark.lab.evaluation.peers import Embedded, Peer, embed_with_peer
from voicemark.lab.evaluation.protocol import normalised
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.load import load_encoder
from voicemark.voice.onnx_encoder import OnnxEncoder

HOP_SAMPLES = SAMPLE_RATE // 2  # a window every half second, as in the program
TIMED_S = 300  # of noise that is embedded to learn what an hour costs


class OwnEmbedder:
    """An encoder that runs in this process, on one core. `path` None is the shipped one."""

    def __init__(self, path: Path | None) -> None:
        self.encoder: SpeakerEncoder = load_encoder(path, "cpu")
        self.name = "voicemark" if path is None else path.stem
        self.model_id = self.encoder.model_id
        self.cohort = self.encoder.cohort
        self.peer = False

    def embed(self, windows: Audio) -> Embedded:
        """(n, samples) → (n, d), every window by itself, and the CPU seconds."""
        before = cpu_seconds()
        embeddings = self.encoder.embed_windows(windows).numpy()
        return Embedded(embeddings, cpu_seconds() - before)

    def hour_cpu_s(self) -> float | None:
        """A recording's price: windows share their frames, so that counts, not the windows' own price."""
        if isinstance(self.encoder, OnnxEncoder):
            return None
        noise = np.random.default_rng(0).standard_normal(TIMED_S * SAMPLE_RATE).astype(np.float32) * 0.1
        self.encoder.embed(noise[: 10 * SAMPLE_RATE])
        before = cpu_seconds()
        self.encoder.embed(noise)
        return (cpu_seconds() - before) * 3600 / TIMED_S

    def embed_all(self, audios: Sequence[Audio]) -> list[Tensor]:
        """Every window of each audio, as in a recording."""
        return [self.encoder.embed(audio) for audio in audios]

    def embed_samples_only(self, audios: Sequence[Audio]) -> list[Tensor]:
        """As `embed_all`, but for the first audio, the recording, which a verifier does not hear as a whole."""
        return [torch.zeros(0, 0), *self.embed_all(audios[1:])]


class PeerEmbedder:
    """A peer in its own environment; what it once embedded lies in `cache`."""

    def __init__(self, peer: Peer, python: Path, cache: Path) -> None:
        self.name = peer.name
        self.model_id = peer.worker
        self.cohort: Tensor | None = None
        self.peer = True
        self._peer, self._python, self._cache = peer, python, cache

    def embed(self, windows: Audio) -> Embedded:
        """(n, samples) → (n, d). PeerMissingError where the peer is not installed."""
        return embed_with_peer(self._peer, windows, self._python, self._cache)

    def hour_cpu_s(self) -> float | None:
        """None: a window costs what it costs."""
        return None

    def embed_all(self, audios: Sequence[Audio]) -> list[Tensor]:
        """Every window of each audio in one call of the worker."""
        windows = [cut_all(audio) for audio in audios]
        embedded = torch.from_numpy(normalised(self.embed(np.concatenate(windows)).embeddings))
        return list(torch.split(embedded, [len(part) for part in windows]))


def cut_all(audio: Audio) -> Audio:
    """Every window of an audio (samples,): (n, WINDOW_SAMPLES), one each half second, none of a shorter one."""
    if len(audio) < WINDOW_SAMPLES:
        return np.zeros((0, WINDOW_SAMPLES), np.float32)
    return np.lib.stride_tricks.sliding_window_view(audio, WINDOW_SAMPLES)[::HOP_SAMPLES]
