"""Which file system a folder is on: inotify tells nothing of what another machine writes (NFS, SMB, FUSE …)."""

import re
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")

REMOTE = frozenset(
    {"9p", "afs", "afp", "beegfs", "ceph", "cifs", "coda", "gfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)

_OCTAL = re.compile(rb"\\([0-7]{3})")


def file_system(folder: Path, mountinfo: bytes | None = None) -> str | None:
    """The type of the file system that holds `folder`, as in `/proc/self/mountinfo` (proc(5)); None if unknown."""
    try:
        table = MOUNTINFO.read_bytes() if mountinfo is None else mountinfo
    except OSError:
        return None
    place = folder.resolve()
    best, depth = None, -1
    for line in table.splitlines():
        fields = line.split(b" ")
        if b"-" not in fields[6:]:
            continue
        kind = fields[fields.index(b"-", 6) + 1]
        point = Path(
            _OCTAL.sub(lambda code: bytes([int(code[1], 8) & 255]), fields[4]).decode("utf-8", "surrogateescape")
        )
        # A later line lies over an earlier one at the same point.
        if (place == point or point in place.parents) and len(point.parts) >= depth:
            best, depth = kind.decode("ascii", "replace"), len(point.parts)
    return best


def has_events(folder: Path) -> bool:
    """Does inotify see everything that happens in `folder`? Where that is not known, no."""
    kind = file_system(folder)
    return kind is not None and kind not in REMOTE and not kind.startswith("fuse")
