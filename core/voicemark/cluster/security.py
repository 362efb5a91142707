"""Who may talk to whom: off this machine only what is encrypted, and only who has a certificate of our authority.

What Dask carries is run by whoever receives it. So an open port would be open to everybody's programs, and there is no
way to switch that on: an address that others can reach is `tls://`, or nothing starts.
"""

import ipaddress
import socket
import ssl
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from voicemark.cluster.errors import ClusterError
from voicemark.config import ClusterSection

DEFAULT_PORT = 8786
ANSWER_S = 10.0
MAKE = "make them with `voicemark cluster certificates`, and see docs/cluster.md"


def checked_address(address: str) -> str:
    """`tls://host:port` or, on this machine alone, `tcp://127.0.0.1:port`; the port is added where it is missing.

    Raises `ClusterError` for anything else.
    """
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in ("tls", "tcp"):
        raise ClusterError(f"'{address}' is no address of a scheduler", hint="write tls://HOST:8786")
    host, port = _split(address, rest)
    if scheme == "tcp" and not is_loopback(host):
        raise ClusterError(
            f"'{address}' can be reached by others, and tcp:// is neither encrypted nor closed to strangers",
            hint=f"write tls://, which needs certificates: {MAKE}",
        )
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def host_and_port(address: str) -> tuple[str, int]:
    """Of an address that was checked."""
    return _split(address, address.partition("://")[2])


def _split(address: str, rest: str) -> tuple[str, int]:
    host, separator, port = rest.rpartition(":")
    if not separator or rest.endswith("]"):
        host, port = rest, str(DEFAULT_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ClusterError(f"'{address}' is no address of a scheduler", hint="write tls://HOST:8786")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Does it lead to this machine alone, whatever a name server says?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def security_for(address: str, section: ClusterSection) -> Any:
    """Dask's `Security` for an address that was checked; None where none is needed. Raises `ClusterError` when the
    certificates that the configuration names are missing or cannot be used."""
    if not address.startswith("tls://"):
        return None
    files = _files(section)
    _context(*files)
    from distributed import Security

    authority, certificate, key = map(str, files)
    return Security(
        require_encryption=True,
        tls_ca_file=authority,
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
    )


def greet(address: str, section: ClusterSection, *, patience_s: float = ANSWER_S) -> None:
    """Is there somebody at `address`, and do we trust each other? Dask itself would say no more than "timed out".

    Raises `ClusterError` in words.
    """
    host, port = host_and_port(address)
    try:
        with socket.create_connection((host, port), timeout=patience_s) as plain:
            if address.startswith("tls://"):
                _shake_hands(plain, section)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or (error.reason or str(error)).replace("_", " ").lower()
        raise ClusterError(
            f"the scheduler at {address} and this machine do not accept each other's certificates: {reason}",
            hint=f"both must be signed by the same authority: {MAKE}",
        ) from error
    except OSError as error:
        raise ClusterError(
            f"no scheduler answers at {address}: {error.strerror or error}",
            hint="start one there with `voicemark cluster scheduler`, and look at the firewall",
        ) from error


def _shake_hands(plain: socket.socket, section: ClusterSection) -> None:
    """With TLS 1.3 the other side's refusal comes after our own handshake, as the first thing that is read; one that
    accepts us speaks first, too: Dask's greeting."""
    with _context(*_files(section)).wrap_socket(plain) as secured, suppress(TimeoutError):
        if not secured.recv(1):
            raise ConnectionResetError("it closes the connection")


def _files(section: ClusterSection) -> tuple[Path, Path, Path]:
    missing = [name for name in ("authority", "certificate", "key") if getattr(section, name) is None]
    if missing or section.authority is None or section.certificate is None or section.key is None:
        raise ClusterError(f"tls:// needs [cluster] {', '.join(missing)} in the configuration", hint=MAKE)
    for file in (section.authority, section.certificate, section.key):
        if not file.is_file():
            raise ClusterError("there is no such certificate or key", path=file, hint=MAKE)
    if stat.S_IMODE(section.key.stat().st_mode) & 0o077:
        raise ClusterError(
            "this key is open to others, who could run programs with it", path=section.key, hint="chmod 600"
        )
    return section.authority, section.certificate, section.key


def _context(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """As Dask makes it: the other side's certificate must be signed by our authority; its name says nothing."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(authority))
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(str(certificate), str(key))
    except PermissionError as error:
        raise ClusterError(f"{error.strerror}", path=error.filename or key) from error
    except (ssl.SSLError, OSError) as error:
        raise ClusterError(
            f"certificate and key do not belong together, or cannot be read: {error}", path=certificate, hint=MAKE
        ) from error
    return context
