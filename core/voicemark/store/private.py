"""Files that hold what is known of people's voices: their user's alone, whatever the umask.

A folder with the set-group-ID bit states a group: what is made in it belongs to that group (inode(7)), which may then
read the database too. The service's folder is made so by its tmpfiles; nothing needs to be configured.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

OWN, WITH_GROUP = 0o600, 0o640


def mode_in(folder: Path) -> int:
    """The mode of a private file in `folder`."""
    return WITH_GROUP if folder.stat().st_mode & stat.S_ISGID else OWN


def create_private(path: Path) -> int:
    """A descriptor of the new, empty file `path`. Raises `OSError`, also when something is there already.

    What root makes belongs to the owner of the folder: the service must be able to write it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, OWN)
    try:
        folder = path.parent.stat()
        if os.geteuid() == 0:
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        os.fchmod(descriptor, mode_in(path.parent))
    except BaseException:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def make_private(path: Path) -> None:
    """Take away what others may do with `path`, where this user may; an owner's own choice of a group stays."""
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o007:
            path.chmod(mode_in(path.parent))
