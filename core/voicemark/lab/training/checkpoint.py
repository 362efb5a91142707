"""A training run's state on disk: written whole, and taken up only by a run that it belongs to."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from voicemark import files
from voicemark.errors import ModelError


def save_checkpoint(path: Path, version: int, network: object, state: Mapping[str, Any]) -> None:
    """Write `state`, and which network of which version of the format it is of; replaces `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as part:
        torch.save({**state, "version": version, "network": network}, part)


def load_checkpoint(path: Path | None, version: int, network: object) -> dict[str, Any] | None:
    """What was saved, on the CPU; None where there is no checkpoint.

    Raises ModelError when it is unreadable or of another version or network.
    """
    if path is None or not path.is_file():
        return None
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise unusable(path, error) from error
    if saved.get("version") != version or saved.get("network") != network:
        raise ModelError("checkpoint of another version or network", path=path, hint="move it away to begin anew")
    return saved


def unusable(path: Path, error: Exception) -> ModelError:
    """The error for a checkpoint whose contents do not fit."""
    return ModelError(f"checkpoint cannot be used: {error}", path=path, hint="move it away to begin anew")
