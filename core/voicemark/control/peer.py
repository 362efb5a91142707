"""Who speaks: the kernel says it of every connection over a Unix socket, and nobody can say it in another's name."""

import os
import pwd
import socket
import struct
from dataclasses import dataclass

SO_PEERGROUPS = getattr(socket, "SO_PEERGROUPS", 59)
"""Linux's number (asm-generic/socket.h), which Python's module does not have."""
MOST_GROUPS = 256
"""As many as Python lets be asked for; of a user in more the first alone counts."""
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Peer:
    """The process at the other end, as it was when it connected."""

    pid: int
    uid: int
    groups: frozenset[int]

    @classmethod
    def of(cls, connection: socket.socket) -> "Peer":
        """Whoever connected. Raises `OSError`."""
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, gid = _CREDENTIALS.unpack(told)
        try:
            more = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 4 * MOST_GROUPS)
        except OSError:
            more = b""
        return cls(pid, uid, frozenset((gid, *struct.unpack(f"{len(more) // 4}I", more))))

    def may_speak(self, group: int) -> bool:
        """The service's own user, root, and the members of the socket's `group` may."""
        return self.uid in (0, os.getuid()) or group in self.groups

    @property
    def name(self) -> str:
        """The user's name, or number where it has none here."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"user {self.uid}"
