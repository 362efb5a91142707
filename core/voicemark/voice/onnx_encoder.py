"""Any speaker network in ONNX, behind the interface of our own encoder.

What it expects is read from the file's metadata, in the convention of the models that sherpa-onnx publishes
(k2-fsa/sherpa-onnx, csrc/speaker-embedding-extractor-model-meta-data.h): `sample_rate`; `normalize_samples`, 1
for samples in [-1, 1], 0 for 16-bit range; `feature_normalize_type`, `global-mean` where each bin's mean is taken
away; `framework`. WeSpeaker's files leave the type out although that network wants the mean taken away and a
Hamming window (wenet-e2e/wespeaker, wespeaker/bin/infer_onnx.py): it is treated as its own inference does. A file
whose input has two dimensions, (batch, samples), brings features of its own and gets samples in [-1, 1] at 16 kHz.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.voice.base import SILENCE_DBFS, OnGrid, WindowBatch
from voicemark.voice.fbank import BINS, Fbank

BATCH = 16
EXTRA = "pip install 'voicemark[onnx]'"


class OnnxEncoder(OnGrid):
    """A loaded ONNX speaker model: `embed`, `embed_windows`, `embed_blocks` as `voicemark.voice.encoder.Encoder`.

    Embeddings are float32 of unit length, zeros for windows below -65 dBFS. Every window is computed by itself:
    these networks look at a window as a whole. It brings no cohort.
    """

    cohort: Tensor | None = None
    numerics: str | None = None

    def __init__(self, path: Path, session: Any, device: torch.device) -> None:
        metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
        if metadata.get("framework") == "nemo":
            raise ModelError("a NeMo model hears other features than Kaldi's filter bank", path=path)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        shape = list(inputs[0].shape)
        takes_samples = len(shape) == 2
        takes_fbank = len(shape) == 3 and (shape[2] in (BINS, None) or isinstance(shape[2], str))
        if len(inputs) != 1 or not (takes_samples or takes_fbank):
            raise ModelError(f"takes {shape}, not one input (batch, frames, {BINS}) or (batch, samples)", path=path)
        try:
            rate = int(metadata.get("sample_rate", "16000"))
            in_unit_range = int(metadata.get("normalize_samples", "1")) == 1
        except ValueError as error:
            raise ModelError(f"metadata cannot be read: {error}", path=path) from error
        wespeaker = metadata.get("framework") == "wespeaker"
        kind = metadata.get("feature_normalize_type") or ("global-mean" if wespeaker else "")
        if kind not in ("", "global-mean"):
            raise ModelError(f"unknown feature_normalize_type '{kind}'", path=path, hint="known: global-mean")
        full_scale = 1.0 if in_unit_range else 32768.0
        self._features: Callable[[NDArray[np.float32]], NDArray[np.float32]]
        if takes_samples:
            self._features = lambda audio: audio * np.float32(full_scale)
        else:
            self._features = Fbank(
                rate,
                full_scale=full_scale,
                subtract_mean=kind == "global-mean",
                window="hamming" if wespeaker else "povey",
            )
        self.model_id = "onnx-" + hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        self.device = device
        self.grid = WindowGrid(rate, 2 * rate, rate // 2)
        self._session = session
        self._input = inputs[0].name
        self._output = outputs[0].name
        self.further_outputs = tuple(output.name for output in outputs[1:])
        self.batch = 1 if shape[0] == 1 else BATCH
        silence = np.zeros((1, self.grid.length), np.float32)
        try:
            self.dim = self._run(silence).shape[1]
        except Exception as error:  # ONNX Runtime raises its own classes
            raise ModelError(f"does not run on a window: {error}", path=path) from error

    def embed(self, waveform: Tensor | NDArray[np.float32]) -> Tensor:
        """Every window of `waveform` (samples,): → (windows, dim). Audio shorter than a window gives none."""
        audio = np.asarray(waveform, np.float32).reshape(-1)
        count = self.grid.count(len(audio))
        if not count:
            return torch.zeros(0, self.dim)
        windows = np.lib.stride_tricks.sliding_window_view(audio, self.grid.length)[:: self.grid.hop]
        return self.embed_windows(windows[:count])

    def embed_windows(self, batch: Tensor | NDArray[np.float32]) -> Tensor:
        """Each row of `batch` (n, samples) as one window by itself: → (n, dim). Longer rows are cut at the end.

        Raises ValueError for rows that do not hold a whole window.
        """
        audio = np.asarray(batch, np.float32)
        if audio.ndim != 2 or audio.shape[1] < self.grid.length:
            raise ValueError(f"expected (n, {self.grid.length}) samples, got {audio.shape}")
        audio = audio[:, : self.grid.length]
        embeddings = np.zeros((len(audio), self.dim), np.float32)
        loud = np.mean(np.square(audio), axis=1) >= 10 ** (SILENCE_DBFS / 10)
        heard = np.flatnonzero(loud)
        for start in range(0, len(heard), self.batch):
            rows = heard[start : start + self.batch]
            embeddings[rows] = self._run(audio[rows])
        return torch.nn.functional.normalize(torch.from_numpy(embeddings), dim=1)

    def embed_blocks(self, blocks: Iterable[Tensor | NDArray[np.float32]]) -> Iterator[WindowBatch]:
        """Embed a stream of blocks (samples,) of any size; the same windows as `embed` of the whole, in order."""
        held = np.zeros(0, np.float32)
        first = 0
        for block in blocks:
            held = np.concatenate([held, np.asarray(block, np.float32).reshape(-1)])
            count = self.grid.count(len(held))
            if not count:
                continue
            embeddings = self.embed(held).numpy()
            starts = np.arange(first, first + count) * self.grid.hop / self.grid.sample_rate
            yield WindowBatch(first, starts, embeddings)
            first += count
            held = held[count * self.grid.hop :]

    def _run(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, length) samples → (n, dim), as the network gives them."""
        return self.outputs(audio)[0].reshape(len(audio), -1)

    def outputs(self, audio: NDArray[np.float32], *further: str) -> list[NDArray[np.float32]]:
        """What the network says of (n, length) samples: its embeddings, then the `further` outputs that are named."""
        results = self._session.run([self._output, *further], {self._input: self._features(audio)})
        return [np.asarray(result, np.float32) for result in results]


def load_onnx_encoder(path: Path, device: torch.device | None = None, threads: int = 1) -> OnnxEncoder:
    """Loads an ONNX speaker model. ModelError where it cannot be used or the extra `onnx` is not installed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("ONNX models need onnxruntime", path=path, hint=EXTRA) from error
    if not path.is_file():
        raise ModelError("no such model", path=path)
    device = device or torch.device("cpu")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    available = onnxruntime.get_available_providers()
    wanted = ["CUDAExecutionProvider"] if device.type == "cuda" else []
    providers = [name for name in wanted if name in available] + ["CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # ONNX Runtime raises its own classes
        raise ModelError(f"cannot be loaded: {error}", path=path) from error
    return OnnxEncoder(path, session, device)
