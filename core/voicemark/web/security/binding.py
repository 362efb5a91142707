"""Where the page may listen: on this machine alone, unless a password or a reverse proxy stands before it."""

import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from voicemark.errors import ConfigError


@dataclass(frozen=True)
class Binding:
    """Where to listen; one of the three."""

    host: str = ""
    port: int = 0
    fd: int | None = None
    """A listening socket that was handed over, as systemd does."""
    socket: Path | None = None
    """A Unix socket, for a reverse proxy."""


def address_of(binding: Binding) -> str | None:
    """The address listened on; None for a Unix socket. Raises `ConfigError`."""
    if binding.socket is not None:
        return None
    if binding.fd is None:
        return binding.host
    try:
        with socket.socket(fileno=os.dup(binding.fd)) as given:
            return None if given.family == socket.AF_UNIX else str(given.getsockname()[0])
    except OSError as error:
        raise ConfigError(
            f"--fd {binding.fd} is no listening socket: {error.strerror}", hint="systemd's first one is 3"
        ) from error


def check_binding(binding: Binding, *, password: bool) -> str | None:
    """As `address_of`; raises `ConfigError` where others than this machine would be let in without a password."""
    address = address_of(binding)
    if address is None or password or is_loopback(address):
        return address
    raise ConfigError(
        f"{address} can be reached from other machines, and no password is set",
        hint="make one with `voicemark web --new-password` and name it in [web] password_file; or listen on "
        "127.0.0.1, or with --socket PATH behind a reverse proxy that asks for one",
    )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it."""
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
