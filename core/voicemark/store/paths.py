"""Paths as text that SQLite can hold: file names are bytes, and not all bytes are UTF-8.

A byte that is not UTF-8 becomes `\\udcXX`, spelled out, and turns back into the byte. (A name that holds such a
spelling literally would turn into the byte; no recorder writes one.)
"""

import re
from pathlib import Path

_ESCAPED_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")


def path_to_text(path: Path) -> str:
    """Text that holds every path and can be encoded as UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def text_to_path(text: str) -> Path:
    """The path that `path_to_text` made `text` from."""
    return Path(_ESCAPED_BYTE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), text))
