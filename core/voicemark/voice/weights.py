"""A model says what it is: weights with their feature settings, dimensions, format version and id, in one file.

The file is safetensors. Its metadata carries everything needed to use the tensors; its `model_id` is a hash of
them, so that a stored embedding can name the weights it came from and two files of one id embed alike. Two extra
tensors (n, dim) may come along: `crowd`, the background that embeddings are centred on (`hubness.py`) and therefore
part of the id, and `cohort`, embeddings of strangers for making scores comparable, which changes no embedding and is
not.
Both are rows of length 1 and stored as a recording's windows are, in a byte per component (`quantisation.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from voicemark import model_files
from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.voice.network import EncoderConfig, SpeakerNet
from voicemark.voice.quantisation import quantise, restore

WEIGHTS = model_files.Kind(
    format="voicemark-encoder",
    version=3,
    noun="weights file",
    remedy="fetch or train it again, with a program of the same release; without a path, the shipped one is taken",
)
COHORT = "cohort"
BACKGROUND = "crowd"  # as files of this format version call it
DEFAULT_WEIGHTS = Path(__file__).with_name("models") / "default.safetensors"


@dataclass(frozen=True)
class ModelFile:
    """What a weights file holds. `tensors` is the network's state, `about` free text for people (training run).

    `background` and `cohort`, where there are any, are rows (n, dim) of length 1: see `hubness.py` and `score_norm.py`.
    """

    model_id: str
    tensors: dict[str, Tensor]
    network: EncoderConfig
    features: FeatureSettings
    grid: WindowGrid
    background: Tensor | None = None
    cohort: Tensor | None = None
    about: dict[str, str] = field(default_factory=dict)

    def build(self) -> SpeakerNet:
        """The network with these weights, float32, on the CPU, in evaluation mode."""
        with torch.device("meta"):  # What it begins with is replaced at once, and need not be drawn.
            net = SpeakerNet(self.network)
        try:
            net.load_state_dict({name: tensor.float() for name, tensor in self.tensors.items()}, assign=True)
        except RuntimeError as error:
            raise ModelError(f"weights do not fit the dimensions that they name: {error}") from error
        return net.eval()


def model_id(tensors: Mapping[str, Tensor], *settings: object) -> str:
    """`vm<format version>-<8 hex>`: SHA-256 over names, types, shapes and values, and the settings."""
    text = json.dumps([asdict(s) for s in settings], sort_keys=True)  # type: ignore[call-overload]
    return model_files.identity(f"vm{WEIGHTS.version}", [*model_files.tensor_bytes(tensors), text.encode()])


def packed(
    net: SpeakerNet,
    features: FeatureSettings,
    grid: WindowGrid,
    *,
    background: Tensor | None = None,
    about: Mapping[str, str] | None = None,
    dtype: torch.dtype = torch.float16,
) -> ModelFile:
    """`net` (not fused) and what belongs to it, rounded as a file holds them: what `load` gives after `write`."""
    tensors = {
        name: tensor.detach().cpu().to(dtype).contiguous()
        for name, tensor in net.state_dict().items()
        if tensor.is_floating_point()
    }
    identity = model_id(_embedding(tensors, background), net.config, features, grid)
    background = None if background is None else _rows(_stored(background))
    return ModelFile(identity, tensors, net.config, features, grid, background, about=dict(about or {}))


def write(path: Path, model: ModelFile) -> None:
    """Write `model`, as `packed` makes it or after `dataclasses.replace(model, cohort=…)`; replaces `path` in one step.

    Raises ModelError when the file cannot be written.
    """
    metadata = {
        "model_id": model.model_id,
        "network": json.dumps(asdict(model.network)),
        "features": json.dumps(asdict(model.features)),
        "windows": json.dumps(asdict(model.grid)),
        "about": json.dumps(model.about),
    }
    tensors = _embedding(model.tensors, model.background)
    if model.cohort is not None:
        tensors[COHORT] = _stored(model.cohort)
    model_files.write(path, WEIGHTS, tensors, metadata)


def load(path: Path | None = None) -> ModelFile:
    """Read a weights file; None means the weights that voicemark ships.

    Raises ModelError for a file that is missing, corrupt, of another kind or of another format version.
    """
    path = path or DEFAULT_WEIGHTS
    contents = model_files.read(path, WEIGHTS)
    tensors, metadata = contents.tensors, contents.metadata
    cohort = tensors.pop(COHORT, None)
    try:
        network = model_files.settings(EncoderConfig, metadata, "network")
        features = model_files.settings(FeatureSettings, metadata, "features")
        grid = model_files.settings(WindowGrid, metadata, "windows")
        about: dict[str, str] = json.loads(metadata.get("about", "{}"))
    except (KeyError, TypeError, ValueError) as error:
        raise model_files.corrupt(path, WEIGHTS, f"settings ({error})") from error
    identity = model_id(tensors, network, features, grid)
    if identity != metadata.get("model_id"):
        raise model_files.corrupt(path, WEIGHTS, "it does not match its id")
    background, cohort = (None if rows is None else _rows(rows) for rows in (tensors.pop(BACKGROUND, None), cohort))
    return ModelFile(identity, tensors, network, features, grid, background, cohort, about)


def _embedding(tensors: Mapping[str, Tensor], background: Tensor | None) -> dict[str, Tensor]:
    """Every tensor that an embedding depends on, as it is stored."""
    return {**tensors} if background is None else {**tensors, BACKGROUND: _stored(background)}


def _stored(rows: Tensor) -> Tensor:
    """(n, dim) of length 1 → int8. What was read and is stored again stays the same, so the id does too."""
    return torch.from_numpy(quantise(rows.detach().cpu().float().numpy()))


def _rows(stored: Tensor) -> Tensor:
    """int8 (n, dim) → float32 of length 1."""
    return torch.from_numpy(restore(stored.numpy()))
