"""Safetensors that say what they are: a format's name and version beside the tensors, and all that using them needs.

Weights of the encoder, autoencoders and title models are such files. Whoever reads one gets tensors and metadata of the
kind that was asked for, or a ModelError that says which file is wrong in which way.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from voicemark import files
from voicemark.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Kind:
    """One kind of model file: what its metadata says, what people call it, and what to do about one that is no use."""

    format: str
    version: int
    noun: str
    remedy: str


@dataclass(frozen=True)
class Contents:
    """What a file holds: tensors by name, and text by key (`format` and `format_version` among it)."""

    tensors: "dict[str, Tensor]"
    metadata: dict[str, str]


def said(kind: Kind) -> dict[str, str]:
    """What the metadata of every file of `kind` says."""
    return {"format": kind.format, "format_version": str(kind.version)}


def write(path: Path, kind: Kind, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str]) -> None:
    """Replace `path` in one step by a file of `kind`. Raises ModelError when it cannot be written."""
    from safetensors.torch import save_file

    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as part:
            save_file(held, part, {**metadata, **said(kind)})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"the {kind.noun} cannot be written: {error}", path=path) from error


def read(path: Path, kind: Kind) -> Contents:
    """The contents of a file of `kind`.

    Raises ModelError for a file that is missing, corrupt, of another kind or of another format version.
    """
    return Contents(*_read(path, kind, "pt"))


def read_arrays(path: Path, kind: Kind) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """`read` without torch: arrays and metadata."""
    return _read(path, kind, "numpy")


def _read(path: Path, kind: Kind, framework: str) -> tuple[dict[str, Any], dict[str, str]]:
    if not path.is_file():
        raise ModelError(f"there is no such {kind.noun}", path=path, hint=kind.remedy)
    try:
        with safe_open(path, framework=framework) as file:
            metadata: dict[str, str] = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise corrupt(path, kind, error) from error
    if metadata.get("format") != kind.format:
        raise ModelError(f"this is no {kind.noun}", path=path, hint=kind.remedy)
    found = metadata.get("format_version", "none")
    if found != str(kind.version):
        raise ModelError(
            f"the {kind.noun} is of format version {found}; this program reads version {kind.version}",
            path=path,
            hint=kind.remedy,
        )
    return tensors, metadata


def is_kind(path: Path, kind: Kind) -> bool:
    """Whether the file says that it is one of `kind`, of whatever version."""
    try:
        with safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get("format") == kind.format
    except (OSError, SafetensorError, ValueError):
        return False


def corrupt(path: Path, kind: Kind, why: object) -> ModelError:
    """The error for a file whose contents are not what they should be."""
    return ModelError(f"the {kind.noun} is corrupt: {why}", path=path, hint=kind.remedy)


def settings(kind: type[Settings], metadata: Mapping[str, str], key: str) -> Settings:
    """A settings dataclass from its JSON, which names all its fields and no other; lists become tuples.

    Raises KeyError, TypeError or ValueError where that is not so.
    """
    raw: dict[str, Any] = json.loads(metadata[key])
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if set(raw) != names:
        raise ValueError(f"keys {sorted(set(raw) ^ names)} of {key}")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()})


def array_bytes(arrays: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """What `tensor_bytes` gives of the same file."""
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        yield f"{name};torch.{array.dtype};{arrays[name].shape};".encode()
        yield array.tobytes()


def tensor_bytes(tensors: "Mapping[str, Tensor]") -> Iterator[bytes]:
    """Names, types, shapes and values of all tensors, in the names' order."""
    import torch

    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        yield f"{name};{tensor.dtype};{tuple(tensor.shape)};".encode()
        yield tensor.flatten().view(torch.uint8).numpy().tobytes()


def identity(prefix: str, parts: Iterable[bytes]) -> str:
    """`PREFIX-<8 hex of SHA-256>`: an id that two models share only where they hold the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return f"{prefix}-{digest.hexdigest()[:8]}"
