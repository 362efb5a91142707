"""`voicemark web`: where it listens, what it refuses, and that it serves over every kind of socket."""

import importlib.util
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.commands import run
from support.page import small_archive

from voicemark.web.security.passwords import Passwords

PROGRAM = "from voicemark.cli.main import run; run()"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    small_archive(tmp_path / "v.db").close()
    path = tmp_path / "config.toml"
    path.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/v.db"\n[web]\npassword_file = "{tmp_path}/password"\n')
    return path


@pytest.fixture
def open_config(config: Path) -> Path:
    """Without a password."""
    path = config.with_name("open.toml")
    path.write_text(config.read_text().replace("password_file", "# password_file"))
    return path


@contextmanager
def served(config: Path, *arguments: str, fd: int | None = None) -> Iterator[str]:
    """A process that serves the page; where, as it says itself."""
    command = [sys.executable, "-c", PROGRAM, "web", "--config", str(config), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=() if fd is None else (fd,))
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().removeprefix("voicemark: the page is at ")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (0, -signal.SIGTERM)


def test_it_serves_this_machine_and_ends_at_a_signal(open_config: Path) -> None:
    with served(open_config, "--port", "0") as where:
        answer = httpx.get(where)
        assert answer.status_code == 200 and "Tagesschau" in answer.text
        assert httpx.get(where, headers={"Host": "evil.example"}).status_code == 421


def test_it_serves_on_a_socket_that_was_handed_over(open_config: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as given,
        served(open_config, "--fd", str(given.fileno()), fd=given.fileno()),
    ):
        port = given.getsockname()[1]
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_it_serves_on_a_unix_socket_for_owner_and_group(open_config: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))  # by one that was killed
    with served(open_config, "--socket", str(path)) as where:
        assert where == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            assert client.get("http://localhost/").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_start_for_other_machines_without_a_password(open_config: Path, host: str) -> None:
    done = run("web", "--config", open_config, "--host", host)
    assert done.returncode == 2
    assert "no password is set" in done.stderr and "--new-password" in done.stderr


def test_a_password_file_that_is_not_there_is_an_error_not_an_open_door(config: Path) -> None:
    done = run("web", "--config", config, "--port", "0")
    assert done.returncode == 2 and "password file cannot be read" in done.stderr


def test_a_taken_port_and_contradictions_are_said_so(open_config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("web", "--config", open_config, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2 and "cannot listen on" in done.stderr
    assert run("web", "--config", open_config, "--fd", "3", "--port", "1").returncode == 2


def test_without_what_it_is_made_with_the_extra_is_named(open_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    done = run("web", "--config", open_config)
    assert done.returncode == 2
    assert "uvicorn" in done.stderr and "voicemark[web]" in done.stderr


def test_a_password_and_a_token_can_be_made(config: Path, tmp_path: Path) -> None:
    for password in ("correct horse battery", "another one entirely"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "web", "--config", config, "--new-password"],
            input=f"{password}\n", capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert password not in done.stdout + done.stderr
        token = run("web", "--config", config, "--new-token").stdout.strip()
    read = Passwords.read(tmp_path / "password")
    assert read.accept("another one entirely") and not read.accept("correct horse battery")
    assert read.accept_token(token) and len(read.tokens) == 2


def test_there_must_be_a_place_for_the_password(open_config: Path) -> None:
    done = run("web", "--config", open_config, "--new-token")
    assert done.returncode == 2 and "password_file" in done.stderr
