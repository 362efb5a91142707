"""voicemark: at which minutes of a TV recording is a known voice heard?"""

from pathlib import Path
from typing import TYPE_CHECKING

from voicemark.version import __version__ as __version__

if TYPE_CHECKING:
    from voicemark.config import Config
    from voicemark.store.queries import MarkerView
    from voicemark.voice.encoder import Encoder
    from voicemark.voice.onnx_encoder import OnnxEncoder


def load_encoder(weights: Path | str | None = None, device: str = "auto") -> "Encoder | OnnxEncoder":
    """The shipped speaker encoder, or that of a weights file or an ONNX model; see `voicemark.voice.encoder.Encoder`.

    `device` is `auto` (the GPU where there is one), `cpu` or `cuda`. Raises ModelError for weights that are
    missing, corrupt or of another format version.
    """
    from voicemark.voice import load  # imports torch, which takes a second: only when it is asked for

    return load.load_encoder(weights, device)


def scan(path: Path | str, config: "Config") -> "list[MarkerView]":
    """Scan the recordings at or below `path` and return their markers; see `voicemark.actions.scan.scan`."""
    from voicemark.actions import scan as action

    return action.scan(path, config)
