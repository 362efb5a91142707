"""Where the service is spoken to: a Unix socket, and how it is reached and made.

An address of such a socket has at most 107 bytes, and folders have longer names: a socket is reached through its
opened folder (`/proc/self/fd`), which is besides the same folder throughout, whatever is renamed meanwhile.
"""

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicemark.config import Config
from voicemark.errors import Trouble, VoicemarkError

MODE = 0o660
"""Its user and its group may speak to the service; which peers are heard besides, `voicemark.control.peer` says."""
BACKLOG = 128


class ControlError(VoicemarkError):
    """The service cannot be spoken to, or does not answer."""

    trouble = Trouble.PLACE


class BusyError(ControlError):
    """The service has done nothing, as too many ask or the request was too slow."""


class OtherListensError(ControlError):
    """Somebody else listens there already."""


def socket_of(config: Config) -> Path:
    """The socket of the service that works on the database of `config`."""
    database = config.database.path
    return config.service.control or database.with_name(database.name + "-control")


def connected(path: Path, timeout_s: float) -> socket.socket | None:
    """A connection to whoever listens at `path`; None where nobody does. Raises `ControlError`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Where many wait, a socket that does not block is refused at once; one that does waits as long as it is told here.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", int(timeout_s), 0))
    try:
        with _reached(path) as (_, address):
            connection.connect(address)
        connection.settimeout(timeout_s)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        if isinstance(error, PermissionError):
            hint = "run the command as the service's user, or join its group"
            raise ControlError("this user may not speak to the service", path=path, hint=hint) from error
        said = "does not answer" if isinstance(error, TimeoutError | BlockingIOError) else error.strerror or str(error)
        raise ControlError(f"the service cannot be spoken to: {said}", path=path) from error
    return connection


def listen(path: Path) -> socket.socket:
    """A socket that listens at `path`, in place of one that nobody listens at any more; not blocking.

    Raises `OtherListensError`, and `ControlError` that says why it cannot be made.
    """
    if (other := connected(path, 2.0)) is not None:
        other.close()
        raise OtherListensError("another service listens there already", path=path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made = f".{path.name}.{os.getpid()}"
    try:
        with _reached(path) as (folder, _):
            _refuse_other_files(path, folder)
            with suppress(FileNotFoundError):
                os.unlink(made, dir_fd=folder)
            listener.bind(f"/proc/self/fd/{folder}/{made}")
            try:
                # Before it listens, and under another name: nobody meets it with other rights.
                os.chmod(made, MODE, dir_fd=folder)
                listener.listen(BACKLOG)
                listener.setblocking(False)
                os.rename(made, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(made, dir_fd=folder)
                raise
    except OSError as error:
        listener.close()
        if isinstance(error, ControlError):
            raise
        raise ControlError(
            f"no socket can be made there: {error.strerror or error}",
            path=path,
            hint="make its folder, with the right for the service to write there, or set [service] control",
        ) from error
    return listener


def stands_at(path: Path) -> tuple[int, int] | None:
    """Which file stands at `path` (device, number); None for none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _refuse_other_files(path: Path, folder: int) -> None:
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(0, "something else stands there, which is left alone")


@contextmanager
def _reached(path: Path) -> Iterator[tuple[int, str]]:
    """The folder of `path`, opened, and an address of what is called so in it. Raises `OSError`."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder, f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
