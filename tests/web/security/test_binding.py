"""Where the page listens without a password: nowhere that another machine reaches."""

import socket
from pathlib import Path

import pytest

from voicemark.errors import ConfigError
from voicemark.web.security.binding import Binding, check_binding


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "[::1]"])
def test_this_machine_alone_needs_no_password(host: str) -> None:
    assert check_binding(Binding(host, 8765), password=False) == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "tv.example", "", "::ffff:192.168.1.5"])
def test_any_other_address_needs_one(host: str) -> None:
    with pytest.raises(ConfigError, match="no password is set") as raised:
        check_binding(Binding(host, 8765), password=False)
    assert "--new-password" in (raised.value.hint or "")
    assert check_binding(Binding(host, 8765), password=True) == host


def test_a_unix_socket_is_its_proxys_business(tmp_path: Path) -> None:
    assert check_binding(Binding(socket=tmp_path / "s"), password=False) is None


def test_of_a_socket_that_was_handed_over_the_address_counts(tmp_path: Path) -> None:
    with socket.socket() as here, socket.socket() as everywhere, socket.socket(socket.AF_UNIX) as unix:
        here.bind(("127.0.0.1", 0))
        everywhere.bind(("0.0.0.0", 0))
        unix.bind(str(tmp_path / "s"))
        assert check_binding(Binding(fd=here.fileno()), password=False) == "127.0.0.1"
        assert check_binding(Binding(fd=unix.fileno()), password=False) is None
        with pytest.raises(ConfigError, match="no password is set"):
            check_binding(Binding(fd=everywhere.fileno()), password=False)
        assert here.getsockname()  # still open


def test_what_is_no_socket_is_said_so(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file, pytest.raises(ConfigError, match="no listening socket"):
        check_binding(Binding(fd=file.fileno()), password=False)
