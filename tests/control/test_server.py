"""The socket: who may ask, what is done with requests of every kind, and what its end leaves."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.control import client, server
from voicemark.control.answer import ServiceFaultError, answer_with
from voicemark.control.peer import Peer
from voicemark.control.place import ControlError, OtherListensError, connected, listen
from voicemark.control.server import ControlServer
from voicemark.control.wire import MOST_BYTES, Request, WireError, read_answer, read_request, write_error, write_request
from voicemark.errors import ConfigError, VoicemarkError
from voicemark.store.sqlite_errors import DatabaseUnavailableError

ASK = Request(Path("/var/lib/voicemark.db"), {"act": "name", "person": 17, "name": "Änna \udcff\n"})


class Doing:
    """What the service would do: notes what it is asked, and does as it is told."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.then: Callable[[], dict[str, Any]] = lambda: {"message": "done"}

    def __call__(self, request: Request, peer: Peer) -> dict[str, Any]:
        self.asked.append(request)
        return self.then()


@pytest.fixture
def doing() -> Doing:
    return Doing()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voicemark.db-control"


@pytest.fixture
def running(path: Path, doing: Doing) -> Iterator[ControlServer]:
    one = ControlServer(path, answer_with(doing))
    one.start()
    yield one
    one.stop()


def speak(path: Path, said: bytes) -> bytes:
    """What is answered to these bytes; nothing more is said."""
    connection = connected(path, 5.0)
    assert connection is not None
    with closing(connection):
        connection.settimeout(20)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_what_is_asked_is_done_and_answered(running: ControlServer, path: Path, doing: Doing) -> None:
    assert client.asked(path, ASK) == {"message": "done"}
    assert doing.asked == [ASK]


def test_without_a_service_nobody_answers(tmp_path: Path) -> None:
    assert client.asked(tmp_path / "none", ASK) is None
    assert client.asked(tmp_path / "no folder" / "none", ASK) is None


def test_only_its_user_and_its_group_may_open_the_socket(running: ControlServer, path: Path) -> None:
    status = path.lstat()
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o660


def test_a_path_longer_than_any_address_is_reached(tmp_path: Path, doing: Doing) -> None:
    path = tmp_path / ("a" * 200) / "control"
    path.parent.mkdir()
    one = ControlServer(path, answer_with(doing))
    one.start()
    assert client.asked(path, ASK) == {"message": "done"}
    one.stop()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("error", [ConfigError("is wrong", path="/x", hint="right it"), VoicemarkError("no")])
def test_an_error_arrives_as_it_was(running: ControlServer, path: Path, doing: Doing, error: VoicemarkError) -> None:
    def fails() -> dict[str, Any]:
        raise error

    doing.then = fails
    with pytest.raises(type(error)) as caught:
        client.asked(path, ASK)
    assert (caught.value.what, caught.value.path, caught.value.hint) == (error.what, error.path, error.hint)


def test_a_fault_of_the_program_ends_one_request_alone(running: ControlServer, path: Path, doing: Doing) -> None:
    doing.then = lambda: {"message": 1 / 0}
    with pytest.raises(ServiceFaultError):
        client.asked(path, ASK)
    doing.then = lambda: {"message": "done"}
    assert client.asked(path, ASK) == {"message": "done"}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\n",
        b"no json\n",
        b"[1]\n",
        b"null\n",
        b"[" * 100_000 + b"\n",
        b'{"voicemark": 2, "database": "/x", "act": {}}\n',
        b'{"voicemark": 1, "database": 5, "act": {}}\n',
        b'{"voicemark": 1, "database": "/x\\u0000", "act": {}}\n',
        b'{"voicemark": 1, "database": "/x", "act": []}\n',
        b"\xff\xfe\n",
        b"x" * (MOST_BYTES + 1) + b"\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        write_request(ASK)[:-1],
    ],
)
def test_what_is_no_request_is_refused_and_harms_nobody(
    running: ControlServer, path: Path, doing: Doing, said: bytes
) -> None:
    answered = speak(path, said)
    assert answered == b"" or "error" in json.loads(answered)
    assert doing.asked == []
    assert client.asked(path, ASK) == {"message": "done"}


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail_otherwise_than_in_words(line: bytes) -> None:
    for read in (read_request, read_answer):
        with suppress(WireError):
            read(line)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), st.binary(min_size=1, max_size=20))
def test_a_request_is_read_as_it_was_written(act: dict[str, Any], name: bytes) -> None:
    request = Request(Path("/x", os.fsdecode(name.replace(b"\0", b""))), act)
    assert read_request(write_request(request).rstrip(b"\n")) == request


@pytest.mark.parametrize("kind", [DatabaseUnavailableError, ControlError, WireError, VoicemarkError])
def test_errors_keep_their_class(kind: type[VoicemarkError]) -> None:
    with pytest.raises(kind) as caught:
        read_answer(write_error(kind("locked", path="/x", hint="wait")))
    assert type(caught.value) is kind


def test_a_request_that_comes_byte_by_byte_is_done(running: ControlServer, path: Path, doing: Doing) -> None:
    connection = connected(path, 5.0)
    assert connection is not None
    with closing(connection):
        for byte in write_request(ASK):
            connection.sendall(bytes([byte]))
        assert read_answer(connection.makefile("rb").readline()) == {"message": "done"}


def test_who_asks_too_slowly_is_sent_away_and_told_that_nothing_was_done(
    path: Path, doing: Doing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ASK_WITHIN_S", 0.3)
    one = ControlServer(path, answer_with(doing))
    one.start()
    connection = connected(path, 5.0)
    assert connection is not None
    with closing(connection):
        connection.settimeout(20)
        connection.sendall(b'{"voicemark"')
        with pytest.raises(ControlError, match="in time"):
            read_answer(connection.makefile("rb").readline())
    assert doing.asked == []
    one.stop()


def test_who_goes_without_hearing_the_answer_has_still_asked(running: ControlServer, path: Path, doing: Doing) -> None:
    for _ in range(20):
        connection = connected(path, 5.0)
        assert connection is not None
        connection.sendall(write_request(ASK))
        connection.close()
    assert client.asked(path, ASK) == {"message": "done"}
    assert len(doing.asked) == 21


def test_who_never_takes_a_long_answer_keeps_nobody_waiting(
    path: Path, doing: Doing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TAKE_WITHIN_S", 0.3)
    doing.then = lambda: {"message": "x" * 5_000_000}
    one = ControlServer(path, answer_with(doing))
    one.start()
    silent = connected(path, 5.0)
    assert silent is not None
    silent.sendall(write_request(ASK))
    while not doing.asked:
        time.sleep(0.01)
    doing.then = lambda: {"message": "done"}
    assert client.asked(path, ASK) == {"message": "done"}
    silent.close()
    one.stop()


def test_a_thousand_idle_connections_keep_nobody_from_asking(running: ControlServer, path: Path, doing: Doing) -> None:
    idle = [connected(path, 20.0) for _ in range(1000)]
    assert client.asked(path, ASK) == {"message": "done"}
    for connection in idle:
        assert connection is not None
        connection.close()
    assert client.asked(path, ASK) == {"message": "done"}


def test_many_at_once_are_done_one_after_another(running: ControlServer, path: Path, doing: Doing) -> None:
    at_once, most = 0, 0

    def slowly() -> dict[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.005)
        at_once -= 1
        return {"message": "done"}

    doing.then = slowly
    told: list[object] = []
    asking = [threading.Thread(target=lambda: told.append(client.asked(path, ASK))) for _ in range(40)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert (len(told), len(doing.asked), most) == (40, 40, 1)


def test_a_socket_that_a_killed_service_left_is_taken_over(path: Path, doing: Doing) -> None:
    left = listen(path)
    left.close()
    assert path.exists() and client.asked(path, ASK) is None
    one = ControlServer(path, answer_with(doing))
    one.start()
    assert client.asked(path, ASK) == {"message": "done"}
    one.stop()
    assert not path.exists()


def test_a_second_service_leaves_the_first_ones_socket_alone(running: ControlServer, path: Path, doing: Doing) -> None:
    with pytest.raises(OtherListensError):
        ControlServer(path, answer_with(Doing()))
    assert client.asked(path, ASK) == {"message": "done"} and len(doing.asked) == 1


def test_who_ends_later_does_not_take_away_anothers_socket(path: Path, doing: Doing) -> None:
    first = ControlServer(path, answer_with(Doing()))
    first.start()
    path.unlink()
    assert not first.is_reachable
    second = ControlServer(path, answer_with(doing))
    second.start()
    first.stop()
    assert second.is_reachable
    assert client.asked(path, ASK) == {"message": "done"} and len(doing.asked) == 1
    second.stop()


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(path: Path, what: str, tmp_path: Path) -> None:
    if what == "file":
        path.write_text("a database, say")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    before = path.lstat()
    with pytest.raises(ControlError):
        ControlServer(path, answer_with(Doing()))
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="folder"):
        ControlServer(tmp_path / "none" / "control", answer_with(Doing()))


def test_who_waits_when_the_service_ends_learns_that_nothing_was_done(path: Path, doing: Doing) -> None:
    one = ControlServer(path, answer_with(doing))
    one.start()
    connection = connected(path, 5.0)
    assert connection is not None
    with closing(connection):
        connection.settimeout(20)
        one.stop()
        with pytest.raises(ControlError, match="ends"):
            read_answer(connection.makefile("rb").readline())


def test_who_asks_while_the_service_dies_learns_that_it_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "control"
    program = (
        "import os, sys, pathlib; from voicemark.control.server import ControlServer;"
        "one = ControlServer(pathlib.Path(sys.argv[1]), lambda line, peer: os._exit(9)); print(flush=True); one.run()"
    )
    dying = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert dying.stdout is not None
    dying.stdout.readline()
    with dying, pytest.raises(ControlError, match="before it told"):
        client.asked(path, ASK)
    assert client.asked(path, ASK) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("member", [True, False])
def test_the_sockets_group_is_heard_and_strangers_are_not(doing: Doing, member: bool) -> None:
    """Also of strangers to whom somebody has opened the socket."""
    program = (
        "import os, sys, socket; os.setgroups([4711] if sys.argv[2] == 'True' else []); os.setgid(4712);"
        "os.setuid(4712); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(sys.stdin.buffer.read()); sys.stdout.write(s.makefile().readline())"
    )
    with TemporaryDirectory(prefix="voicemark-") as name:
        folder = Path(name)
        os.chown(folder, 0, 4711)
        folder.chmod(0o2711)
        one = ControlServer(folder / "control", answer_with(doing))
        one.start()
        one.path.chmod(0o666)
        told = subprocess.run(
            [sys.executable, "-S", "-c", program, one.path, str(member)], input=write_request(ASK), capture_output=True
        )
        one.stop()
    assert (len(doing.asked) == 1) is member, told
