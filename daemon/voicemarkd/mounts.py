"""Which file system a folder is on, and where that is mounted.

inotify tells nothing of what another machine writes (NFS, SMB, FUSE …). And what is not there because its disk is away
was not deleted: so of every recording the place is remembered at which its disk was mounted.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from voicemark.patience import NoAnswerError, real_path

MOUNTINFO = Path("/proc/self/mountinfo")

REMOTE = frozenset(
    {"9p", "afs", "afp", "beegfs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)

_OCTAL = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True)
class Mounts:
    """What is mounted where: place → type of the file system; of several at one place, the uppermost."""

    kinds: dict[str, str]

    @classmethod
    def read(cls, mountinfo: bytes | None = None) -> Self:
        """As `/proc/self/mountinfo` (proc(5)) says it now; nothing where there is none."""
        try:
            table = MOUNTINFO.read_bytes() if mountinfo is None else mountinfo
        except OSError:
            table = b""
        kinds: dict[str, str] = {}
        for line in table.splitlines():
            fields = line.split(b" ")
            if b"-" in fields[6:]:
                kind = fields[fields.index(b"-", 6) + 1]
                point = _OCTAL.sub(lambda code: bytes([int(code[1], 8) & 255]), fields[4])
                kinds[os.fsdecode(point)] = kind.decode("ascii", "replace")
        return cls(kinds)

    def of(self, path: Path) -> str | None:
        """The place at which the file system is mounted that holds `path`, links followed; None if unknown. Raises
        `NoAnswerError`."""
        place = real_path(path)
        while place not in self.kinds:
            above = os.path.dirname(place)  # noqa: PTH120 (as text: a look asks this of every recording)
            if above == place:
                return None
            place = above
        return place

    def has(self, point: str) -> bool:
        """Is a file system mounted at `point`? (Not so where autofs only waits for somebody to ask.)"""
        return self.kinds.get(point, "autofs") != "autofs"


def file_system(folder: Path, mountinfo: bytes | None = None) -> str | None:
    """The type of the file system that holds `folder`; None if unknown."""
    mounts = Mounts.read(mountinfo)
    try:
        point = mounts.of(folder)
    except NoAnswerError:
        return None
    return None if point is None else mounts.kinds[point]


def has_events(folder: Path) -> bool:
    """Does inotify see everything that happens in `folder`? Where that is not known, no."""
    kind = file_system(folder)
    return kind is not None and kind not in REMOTE and not kind.startswith("fuse")
