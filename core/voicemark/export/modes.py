"""Who may read an exported file: whoever may read what it stands beside, whatever the umask of the service is."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from voicemark.export.files import make_folder


def like(path: Path, model: Path) -> None:
    """Give the file `path` its folder's group, and the readers of `model` (a file of a recording, or a folder), as far
    as this user may."""
    with suppress(OSError):
        with suppress(OSError):
            os.chown(path, -1, path.parent.stat().st_gid, follow_symlinks=False)
        path.chmod(stat.S_IMODE(model.stat().st_mode) & 0o666 | 0o600)


def make_folders(folder: Path) -> None:
    """Make `folder` and what is missing above it, each open to whom the one above is. Raises `ExportError`."""
    missing = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        missing.append(place)
    make_folder(folder)
    for place in reversed(missing):
        with suppress(OSError):
            above = place.parent.stat()
            with suppress(OSError):
                os.chown(place, -1, above.st_gid, follow_symlinks=False)
            if stat.S_IMODE(above.st_mode) & stat.S_ISVTX:
                continue  # A place for everybody, such as /tmp: what is made in it is its maker's.
            place.chmod(stat.S_IMODE(above.st_mode) & 0o777 | 0o700)  # A service may not set the other bits.
