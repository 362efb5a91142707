"""What systemd is told (sd_notify(3)): one datagram per message, nothing at all when systemd did not start us."""

import os
import socket
import time


def notify(*assignments: str) -> bool:
    """Send `KEY=value` lines to the service manager. False when there is none, or it does not take them."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # An abstract socket.
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.settimeout(1.0)
            link.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True


def reloading() -> None:
    """The configuration is being read again; `notify("READY=1")` ends that."""
    microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify("RELOADING=1", f"MONOTONIC_USEC={microseconds}")
