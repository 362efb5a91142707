"""Speaker models in ONNX that anybody can compute, made where they are needed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONVENTION = {"sample_rate": "16000", "normalize_samples": "1", "feature_normalize_type": "global-mean"}


def tiny_model(
    path: Path, metadata: dict[str, str], bins: int = 80, dim: int = 6, frames: bool = False, seed: int = 0
) -> Path:
    """(N, T, bins) → (N, dim): the mean of the features' squares over time, times a fixed matrix.

    With `frames` it also tells these squares, as (N, bins, T).
    """
    import onnx

    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    matrix = np.random.default_rng(seed).standard_normal((bins, dim)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "x"], ["squares"]),
            helper.make_node("ReduceMean", ["squares"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["mean", "matrix"], ["embedding"]),
            *([helper.make_node("Transpose", ["squares"], ["frames"], perm=[0, 2, 1])] if frames else []),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", float32, ["N", "T", bins])],
        [
            helper.make_tensor_value_info("embedding", float32, ["N", dim]),
            *([helper.make_tensor_value_info("frames", float32, ["N", bins, "T"])] if frames else []),
        ],
        [onnx.numpy_helper.from_array(matrix, "matrix")],
    )
    return _saved(graph, path, metadata)


def on_samples(path: Path, metadata: dict[str, str]) -> Path:
    """(N, samples) → (N, 1): the mean of the samples themselves."""
    import onnx

    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["samples"], ["embedding"], axes=[1], keepdims=1)],
        "samples",
        [helper.make_tensor_value_info("samples", float32, ["N", "S"])],
        [helper.make_tensor_value_info("embedding", float32, ["N", 1])],
    )
    return _saved(graph, path, metadata)


def some_audio(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise of a level of its own, at 16 kHz."""
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(seconds * 16_000)) * (1 + rng.random())).astype(np.float32)


def _saved(graph: Any, path: Path, metadata: dict[str, str]) -> Path:
    import onnx

    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)
    return path
