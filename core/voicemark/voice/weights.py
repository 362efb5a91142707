"""A model says what it is: weights with their feature settings, dimensions, format version and id, in one file.

The file is safetensors. Its metadata carries everything needed to use the tensors; its `model_id` is a hash of
them, so that a stored embedding can name the weights it came from and two files of one id embed alike. Two extra
tensors (n, dim) may come along: `crowd`, the background that embeddings are centred on (`hubness.py`) and therefore
part of the id, and `cohort`, embeddings of strangers for making scores comparable, which changes no embedding and is
not.
Both are rows of length 1 and stored as a recording's windows are, in a byte per component (`quantisation.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.voice.network import EncoderConfig, SpeakerNet
from voicemark.voice.quantisation import quantise, restore

FORMAT = "voicemark-encoder"
FORMAT_VERSION = 3
COHORT = "cohort"
BACKGROUND = "crowd"  # as files of this format version call it
DEFAULT_WEIGHTS = Path(__file__).with_name("models") / "default.safetensors"

Settings = TypeVar("Settings", FeatureSettings, EncoderConfig, WindowGrid)


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
        net = SpeakerNet(self.network)
        try:
            net.load_state_dict({name: tensor.float() for name, tensor in self.tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"weights do not fit the dimensions that they name: {error}") from error
        return net.eval()


def model_id(tensors: Mapping[str, Tensor], *settings: object) -> str:
    """`vm<format version>-<8 hex>`: SHA-256 over names, types, shapes and values, and the settings."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name};{tensor.dtype};{tuple(tensor.shape)};".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    digest.update(json.dumps([asdict(s) for s in settings], sort_keys=True).encode())  # type: ignore[call-overload]
    return f"vm{FORMAT_VERSION}-{digest.hexdigest()[:8]}"


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
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "model_id": model.model_id,
        "network": json.dumps(asdict(model.network)),
        "features": json.dumps(asdict(model.features)),
        "windows": json.dumps(asdict(model.grid)),
        "about": json.dumps(model.about),
    }
    tensors = _embedding(model.tensors, model.background)
    if model.cohort is not None:
        tensors[COHORT] = _stored(model.cohort)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, part, metadata)
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise ModelError(f"weights cannot be written: {error}", path=path) from error


def load(path: Path | None = None) -> ModelFile:
    """Read a weights file; None means the weights that voicemark ships.

    Raises ModelError for a file that is missing, corrupt, of another kind or of another format version.
    """
    path = path or DEFAULT_WEIGHTS
    if not path.is_file():
        raise ModelError("no such weights file", path=path, hint="check the path, or leave it out for the default")
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelError(f"weights are corrupt: {error}", path=path, hint="fetch or train them again") from error
    return _checked(path, metadata, tensors)


def _checked(path: Path, metadata: dict[str, str], tensors: dict[str, Tensor]) -> ModelFile:
    if metadata.get("format") != FORMAT:
        raise ModelError("not the weights of a voicemark encoder", path=path)
    version = metadata.get("format_version", "none")
    if version != str(FORMAT_VERSION):
        raise ModelError(
            f"weights are of format version {version}; this program reads version {FORMAT_VERSION}",
            path=path,
            hint="use weights and program of the same release, or train again",
        )
    cohort = tensors.pop(COHORT, None)
    network = _settings(EncoderConfig, metadata, "network", path)
    features = _settings(FeatureSettings, metadata, "features", path)
    grid = _settings(WindowGrid, metadata, "windows", path)
    if model_id(tensors, network, features, grid) != metadata.get("model_id"):
        raise ModelError("weights are corrupt: they do not match their id", path=path, hint="fetch them again")
    background, cohort = (
        None if stored is None else _rows(stored) for stored in (tensors.pop(BACKGROUND, None), cohort)
    )
    about: dict[str, str] = json.loads(metadata.get("about", "{}"))
    return ModelFile(metadata["model_id"], tensors, network, features, grid, background, cohort, about)


def _embedding(tensors: Mapping[str, Tensor], background: Tensor | None) -> dict[str, Tensor]:
    """Every tensor that an embedding depends on, as it is stored."""
    return {**tensors} if background is None else {**tensors, BACKGROUND: _stored(background)}


def _stored(rows: Tensor) -> Tensor:
    """(n, dim) of length 1 → int8. What was read and is stored again stays the same, so the id does too."""
    return torch.from_numpy(quantise(rows.detach().cpu().float().numpy()))


def _rows(stored: Tensor) -> Tensor:
    """int8 (n, dim) → float32 of length 1."""
    return torch.from_numpy(restore(stored.numpy()))


def _settings(kind: type[Settings], metadata: dict[str, str], key: str, path: Path) -> Settings:
    """A settings dataclass from its JSON; lists become tuples."""
    try:
        raw: dict[str, Any] = json.loads(metadata[key])
        names = {f.name for f in fields(kind)}
        if set(raw) != names:
            raise ValueError(f"keys {sorted(set(raw) ^ names)}")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in raw.items()}
        return kind(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"weights are corrupt: {key} settings ({error})", path=path) from error
