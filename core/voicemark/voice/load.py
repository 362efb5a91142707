"""An encoder from what the owner names: the shipped weights, a weights file, or any ONNX speaker model."""

import os
from pathlib import Path
from typing import overload

import torch

from voicemark.config import EncoderSection
from voicemark.errors import ModelError
from voicemark.voice import weights as weights_file
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.batching import batched_on_gpu
from voicemark.voice.encoder import Encoder
from voicemark.voice.numerics import quantised_beside
from voicemark.voice.onnx_encoder import OnnxEncoder, load_onnx_encoder


def pick_device(device: str) -> torch.device:
    """`auto` is the GPU where torch sees one, else the CPU. Raises ModelError for a device that is not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f"device {device!r} cannot be used: {error}", hint="use auto, cpu or cuda") from error
    return chosen


@overload
def load_encoder(weights: None = None, device: str = "auto", numerics: str = "auto") -> Encoder: ...


@overload
def load_encoder(weights: Path | str | None, device: str = "auto", numerics: str = "auto") -> Encoder | OnnxEncoder: ...


def load_encoder(
    weights: Path | str | None = None, device: str = "auto", numerics: str = "auto"
) -> Encoder | OnnxEncoder:
    """The encoder of a weights file or of an ONNX speaker model (`.onnx`), or the shipped one.

    `numerics` says what weights are computed in (`voicemark.voice.numerics`); an ONNX model is as it is. Raises
    ModelError when it cannot be used.
    """
    path = None if weights is None else Path(weights)
    if path is not None and path.suffix.lower() == ".onnx":
        return load_onnx_encoder(path, pick_device(device), torch.get_num_threads())
    quantised = quantised_beside(path or weights_file.DEFAULT_WEIGHTS)
    return Encoder(weights_file.load(path), pick_device(device), numerics, quantised)


def configured_encoder(section: EncoderSection, device: str | None = None) -> SpeakerEncoder:
    """The encoder that the configuration names, on its device or another, with its threads: the same at every entry.

    On a GPU, whatever uses it at once is computed together. Raises ModelError.
    """
    use_threads(section)
    encoder = load_encoder(section.model, device or section.device, section.numerics)
    if encoder.device.type != "cuda" or isinstance(encoder, OnnxEncoder):
        return encoder
    return batched_on_gpu(encoder, lambda: _our_own(section), section.device_memory_mb << 20)


def _our_own(section: EncoderSection) -> Encoder:
    """On the CPU, of the same weights."""
    encoder = load_encoder(section.model, "cpu", section.numerics)
    assert isinstance(encoder, Encoder)
    return encoder


def use_threads(section: EncoderSection) -> None:
    """Compute with as many threads from now on as the configuration says."""
    torch.set_num_threads(section.threads or len(os.sched_getaffinity(0)))
