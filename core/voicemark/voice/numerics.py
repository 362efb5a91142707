"""In which numbers the network's convolutions are computed: 32-bit floats, bfloat16, or 8-bit integers.

All three are the same weights, and nearly all of an hour's cost. Integers are twice as cheap on any x86-64 processor
with AVX2, and more with VNNI or AMX; they need the network quantised beforehand (`voicemark train quantise`), which
lies beside the weights. bfloat16 helps where a processor computes with it (AVX512-BF16, AMX). What tells voices apart
stays as good, and embeddings of the three can be compared with each other: docs/performance.md has the figures.

Features, pooling and everything behind it are computed in 32-bit floats in any case.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voicemark.errors import ModelError
from voicemark.voice.network import SpeakerNet

MODEL_ID = "model_id"  # key of a quantised network's metadata: the weights that it was made from
SUFFIX = ".int8.onnx"
REMEDY = '`voicemark train quantise` makes it; `[encoder] numerics = "auto"` does without'


class Numerics(StrEnum):
    """What the convolutions are computed in."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


@dataclass(frozen=True)
class Convolutions:
    """The convolutional part of a network: (batch, n_mels, T), its mean taken away, → (batch, channels, T / 4)."""

    numerics: Numerics
    compute: Callable[[Tensor], Tensor]


def quantised_beside(weights: Path) -> Path:
    """Where the quantised network of a weights file lies."""
    return weights.with_name(weights.stem + SUFFIX)


def best(device: torch.device, quantised: bool) -> Numerics:
    """The cheapest that the processor computes well; `quantised` says whether integers could be used."""
    if device.type != "cpu" or platform.machine() not in ("x86_64", "AMD64"):
        return Numerics.FP32  # Elsewhere nothing was measured.
    if quantised and torch.cpu._is_avx2_supported():
        return Numerics.INT8
    return Numerics.BF16 if torch.cpu._is_avx512_bf16_supported() else Numerics.FP32


def convolutions(
    net: SpeakerNet, model_id: str, device: torch.device, wanted: str = "fp32", quantised: Path | None = None
) -> Convolutions:
    """Those of `net`, fused and on `device`, computed as `wanted`; `auto` is the `best` there is.

    `quantised` is the file with integers. Raises ModelError where that is wanted and cannot be used.
    """
    if wanted == "auto":
        session = None if quantised is None or not quantised.is_file() else _session_or_none(quantised, model_id)
        numerics = best(device, session is not None)
    else:
        numerics = Numerics(wanted)
        session = _session(quantised, model_id, device) if numerics is Numerics.INT8 else None
    if numerics is Numerics.INT8:
        return Convolutions(numerics, partial(_in_integers, session))
    if numerics is Numerics.BF16:
        for part in (net.stem, net.trunk, net.head):
            part.to(torch.bfloat16)
        return Convolutions(numerics, lambda x: net.convolve(x.bfloat16()).float())
    return Convolutions(numerics, net.convolve)


def _in_integers(session: Any, x: Tensor) -> Tensor:
    [frames] = session.run(None, {"mel": x.numpy()})
    return torch.from_numpy(frames)


def _session_or_none(path: Path, model_id: str) -> Any:
    """None where it cannot be used; what is made of other weights is as good as not there."""
    try:
        return _session(path, model_id, torch.device("cpu"))
    except ModelError:
        return None


def _session(path: Path | None, model_id: str, device: torch.device) -> Any:
    if path is None or not path.is_file():
        raise ModelError("there is no quantised network of these weights", path=path, hint=REMEDY)
    if device.type != "cpu":
        raise ModelError(f"integers are computed by the processor, not by {device.type}", path=path, hint=REMEDY)
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("integers need onnxruntime", path=path, hint="pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # Waiting threads cost nothing.
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        made_of = session.get_modelmeta().custom_metadata_map.get(MODEL_ID)
        if made_of == model_id:
            session.run(None, {"mel": np.zeros((1, session.get_inputs()[0].shape[1], 8), np.float32)})
    except Exception as error:  # ONNX Runtime raises its own classes
        raise ModelError(f"the quantised network cannot be used: {error}", path=path, hint=REMEDY) from error
    if made_of != model_id:
        raise ModelError(f"the quantised network is of {made_of}, the weights are {model_id}", path=path, hint=REMEDY)
    return session
