"""torchaudio beside a CPU-only torch: its compiled parts are stood in for, its transforms are pure torch.

The published torchaudio wheel is built against CUDA. Beside a CPU build of torch its compiled extension cannot
be loaded (`libc10_cuda.so` is missing), and `import torchaudio` fails although nothing here uses that
extension. `import_torchaudio` imports it as it is where it works, and otherwise with a stand-in for the one
module that loads the extension, which says what torchaudio's own says when built without it
(torchaudio/_extension/__init__.py).
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

EXTENSION = "torchaudio._extension"


def extension_stand_in() -> ModuleType:
    """A module that tells torchaudio it was built without compiled parts."""

    def identity(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    module = ModuleType(EXTENSION, "Stand-in: compiled parts are not available on this machine.")
    vars(module).update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=identity,
    )
    return module


def import_torchaudio() -> ModuleType:
    """`torchaudio`, with the stand-in only where the real extension cannot be loaded.

    Raises `ImportError` when torchaudio is not installed at all.
    """
    try:
        return importlib.import_module("torchaudio")
    except ModuleNotFoundError:
        raise
    except (ImportError, OSError):
        for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
            del sys.modules[name]  # the failed import left half of them behind
        sys.modules[EXTENSION] = extension_stand_in()
        return importlib.import_module("torchaudio")
