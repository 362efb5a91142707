"""The network in 8-bit integers, from its weights and some minutes of speech: an ONNX file for `voice/numerics.py`.

Static quantisation as ONNX Runtime computes it: what goes from layer to layer is unsigned and of a scale each, from
zero to the largest value that the speech has led to (everything stands behind a relu, or is a sum of such); weights are
signed, of a scale for each output channel. The first and the last convolution stay in floats.

Weights take 7 bits and not 8: on processors without VNNI two products are added in 16 bits, which 8 bits overflow. So
every processor computes the same integers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from voicemark import files
from voicemark.audio.features import LogMel
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.errors import ModelError
from voicemark.lab.corpus.clips import read_mono, read_utterances, seeded
from voicemark.lab.corpus.mixing import Audio
from voicemark.voice.network import ConvBlock, SpeakerNet
from voicemark.voice.numerics import MODEL_ID
from voicemark.voice.weights import ModelFile

CHUNK_S = 48  # of speech, of several voices one after the other
CHUNKS = 8
LARGEST_WEIGHT, LARGEST_VALUE = 63, 255
OPSET, IR = 13, 8  # what ONNX Runtime 1.17 and later reads


def speech(corpus: Path, *, chunks: int = CHUNKS, seed: int = 0) -> list[Audio]:
    """Chunks (samples,) of CHUNK_S from the training split, of as many voices as fit; the same for the same seed.

    Raises VoicemarkError where the corpus cannot be read.
    """
    utterances = read_utterances(corpus, "train", per_speaker=1, seed=seed)
    length, made, parts = CHUNK_S * SAMPLE_RATE, [], np.zeros(0, np.float32)
    for number in seeded(seed, "calibration").permutation(len(utterances)):
        parts = np.concatenate((parts, read_mono(utterances[number].path)))
        if len(parts) >= length:
            made.append(parts[:length])
            parts = parts[:0]
        if len(made) == chunks:
            break
    return made or [parts]


def quantised(model: ModelFile, audio: Sequence[Audio]) -> bytes:
    """The network of `model` as an ONNX file that takes `mel` (N, n_mels, T), its mean taken away, and gives `frames`.

    `audio` are chunks of speech (samples,) that say how large values become.
    """
    net = model.build().fuse()
    log_mel = LogMel(model.features)
    ranges = [0.0] * (2 * len(blocks(net)))
    with torch.inference_mode():
        for chunk in audio:
            x = net.prepare(log_mel(torch.from_numpy(chunk)[None]))
            for k, (of_conv, after) in enumerate(_values(net, x)):
                ranges[2 * k] = max(ranges[2 * k], float(of_conv.max()))
                ranges[2 * k + 1] = max(ranges[2 * k + 1], float(after.max()))
    return _Graph(net, model.model_id, [max(one, 1e-6) / LARGEST_VALUE for one in ranges]).serialised()


def write(path: Path, data: bytes) -> None:
    """Replace `path` in one step. Raises ModelError when it cannot be written."""
    try:
        files.write_bytes(path, data)
    except OSError as error:
        raise ModelError(f"the quantised network cannot be written: {error}", path=path) from error


def blocks(net: SpeakerNet) -> list[ConvBlock]:
    """Every convolution in order."""
    return [block for block in (*net.stem, *net.trunk, net.head) if isinstance(block, ConvBlock)]


def _values(net: SpeakerNet, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Of each block, what its convolution gives and what it passes on."""
    for block in blocks(net):
        y = block(x)
        yield y - x if block.residual else y, y
        x = y


@dataclass
class _Graph:
    """Nodes and constants of the ONNX graph, put together in the network's order."""

    net: SpeakerNet
    model_id: str
    scales: Sequence[float]
    """Of each block: of what its convolution gives, and of what it passes on."""

    def serialised(self) -> bytes:
        from onnx import TensorProto, helper

        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._constant("zero", np.array(0, np.uint8))
        layers = blocks(self.net)
        last = len(layers) - 1
        at = self._conv_float("mel", layers[0], "first")
        for k, block in enumerate(layers[:last]):
            at = self._conv_integer(at, block, k) if k else self._rounded(at, self.scales[1], "first")
        self._conv_float(at, layers[last], "frames")
        channels = layers[last].conv.out_channels
        graph = helper.make_graph(
            self._nodes,
            "voicemark",
            [helper.make_tensor_value_info("mel", TensorProto.FLOAT, ["N", layers[0].conv.in_channels, "T"])],
            [helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["N", channels, "F"])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        helper.set_model_props(model, {MODEL_ID: self.model_id})
        data: bytes = model.SerializeToString()
        return data

    def _conv_integer(self, at: str, block: ConvBlock, k: int) -> str:
        """From values of the layer before to those that this one passes on, both as floats of 256 steps."""
        weight, bias = _parameters(block.conv)
        steps = np.maximum(np.abs(weight).max(axis=(1, 2)), 1e-9) / LARGEST_WEIGHT
        rounded = np.rint(weight / steps[:, None, None]).astype(np.int8)
        before = self.scales[2 * (k - 1) + 1]
        of_bias = np.rint(bias / (before * steps)).astype(np.int32)
        weights = self._weights(f"w{k}", rounded, steps)
        biases = self._weights(f"b{k}", of_bias, before * steps)
        self._node("Conv", [at, weights, biases], f"c{k}", **_shape(block.conv))
        own = self._rounded(self._node("Relu", [f"c{k}"], f"r{k}"), self.scales[2 * k], f"o{k}")
        if not block.residual:
            return own
        return self._rounded(self._node("Add", [at, own], f"a{k}"), self.scales[2 * k + 1], f"s{k}")

    def _conv_float(self, at: str, block: ConvBlock, name: str) -> str:
        weight, bias = _parameters(block.conv)
        self._constant(f"{name}.w", weight.astype(np.float32))
        self._constant(f"{name}.b", bias.astype(np.float32))
        self._node("Conv", [at, f"{name}.w", f"{name}.b"], f"{name}.c", **_shape(block.conv))
        return self._node("Relu", [f"{name}.c"], name)

    def _rounded(self, at: str, scale: float, name: str) -> str:
        self._constant(f"{name}.s", np.array(scale, np.float32))
        self._node("QuantizeLinear", [at, f"{name}.s", "zero"], f"{name}.q")
        return self._node("DequantizeLinear", [f"{name}.q", f"{name}.s", "zero"], f"{name}.d")

    def _weights(self, name: str, values: NDArray[Any], scales: NDArray[Any]) -> str:
        self._constant(name, values)
        self._constant(f"{name}.s", scales.astype(np.float32))
        self._constant(f"{name}.z", np.zeros(len(scales), values.dtype))
        return self._node("DequantizeLinear", [name, f"{name}.s", f"{name}.z"], f"{name}.d", axis=0)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, values: NDArray[Any]) -> None:
        from onnx import numpy_helper

        self._constants.append(numpy_helper.from_array(values, name))


def _parameters(conv: nn.Conv1d) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    assert conv.bias is not None  # fused
    return conv.weight.detach().double().numpy(), conv.bias.detach().double().numpy()


def _shape(conv: nn.Conv1d) -> dict[str, list[int]]:
    (kernel,), (stride,), (dilation,) = conv.kernel_size, conv.stride, conv.dilation
    around = dilation * (kernel // 2)
    return {"kernel_shape": [kernel], "strides": [stride], "dilations": [dilation], "pads": [around, around]}
