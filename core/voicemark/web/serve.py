"""The page's process: where it listens is checked first, then uvicorn serves it until a signal ends it."""

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from voicemark.config import Config
from voicemark.errors import ConfigError
from voicemark.web.app import make_app
from voicemark.web.patience import PatientProtocol
from voicemark.web.security.binding import Binding, check_binding
from voicemark.web.security.passwords import Passwords

AT_ONCE = 64
"""Connections; whoever comes beyond is told to try again."""
IDLE_S = 10
ENDS_WITHIN_S = 3
BACKLOG = 64
OWNER_AND_GROUP = 0o117
"""What a Unix socket's mode lacks: a reverse proxy is in the group."""


def serve(config: Config, binding: Binding, told: Callable[[str], None]) -> None:
    """Serve the page until a signal ends it; `told` is called with where, once it listens.

    Raises `ConfigError` when others than this machine would be let in without a password, or the address is taken.
    """
    passwords = None if config.web.password_file is None else Passwords.read(config.web.password_file)
    address = check_binding(binding, password=passwords is not None)
    app = make_app(config, address=address, passwords=passwords)
    with listening(binding) as given:
        behind_proxy = given.family == socket.AF_UNIX
        settings = uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=behind_proxy,
            forwarded_allow_ips="*" if behind_proxy else None,
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=ENDS_WITHIN_S,
        )
        told(where(given))
        uvicorn.Server(settings).run(sockets=[given])


def listening(binding: Binding) -> socket.socket:
    """A socket that listens there. Raises `ConfigError` where that cannot be."""
    if binding.fd is not None:
        return socket.socket(fileno=binding.fd)
    try:
        if binding.socket is not None:
            return _unix(binding.socket)
        family = socket.AF_INET6 if ":" in binding.host else socket.AF_INET
        given = socket.socket(family)
        given.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        given.bind((binding.host.strip("[]"), binding.port))
        given.listen(BACKLOG)
        return given
    except OSError as error:
        place = str(binding.socket) if binding.socket else f"{binding.host}, port {binding.port}"
        raise ConfigError(
            f"cannot listen on {place}: {error.strerror}", hint="is the page running already? [web] port or --port"
        ) from error


def where(given: socket.socket) -> str:
    """What a person types, or a proxy is told, to get there."""
    if given.family == socket.AF_UNIX:
        return str(given.getsockname())
    host, port, *_ = given.getsockname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _unix(path: Path) -> socket.socket:
    """One that owner and group may use; what a process that is no more has left there is taken away."""
    given = socket.socket(socket.AF_UNIX)
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _answers(path):
            path.unlink()
    before = os.umask(OWNER_AND_GROUP)
    try:
        given.bind(str(path))
    finally:
        os.umask(before)
    given.listen(BACKLOG)
    return given


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True
