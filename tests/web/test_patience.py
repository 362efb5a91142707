"""A client that is slow, silent or one of many holds nobody else up."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from voicemark.web import patience
from voicemark.web.patience import PatientProtocol

PATIENT_S = 60.0


@pytest.fixture
def address(page_of_archive: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server that waits for a fifth of a second only."""
    monkeypatch.setattr(patience, "HEAD_WITHIN_S", 0.2)
    monkeypatch.setattr(patience, "BODY_WITHIN_S", 0.2)
    settings = uvicorn.Config(page_of_archive, http=PatientProtocol, ws="none", lifespan="off", log_level="error")
    server = uvicorn.Server(settings)
    with socket.create_server(("127.0.0.1", 0)) as given:
        thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[given]),))
        thread.start()
        yield given.getsockname()
        server.should_exit = True
        thread.join()


def left(address: tuple[str, int], said: bytes) -> bytes:
    """What comes before the server hangs up on somebody who says no more."""
    with socket.create_connection(address, PATIENT_S) as connection:
        connection.sendall(said)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(address: tuple[str, int], said: bytes) -> None:
    assert left(address, said) == b""


def test_neither_is_the_second_one_of_a_connection(address: tuple[str, int]) -> None:
    answer = left(address, b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT")
    assert answer.count(b"HTTP/1.1 200") == 1


def test_nor_a_form_that_does_not_come(address: tuple[str, int]) -> None:
    head = b"POST /language HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nConnection: close\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlanguage="
    assert left(address, head + form).startswith(b"HTTP/1.1 408")


def test_others_are_answered_while_many_say_nothing(address: tuple[str, int]) -> None:
    silent = [socket.create_connection(address, PATIENT_S) for _ in range(50)]
    assert httpx.get(f"http://127.0.0.1:{address[1]}/", timeout=PATIENT_S).status_code == 200
    for one in silent:
        one.close()
