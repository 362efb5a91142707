"""So much is cut at once, so much waits, and the rest is sent away."""

import os
import threading
import time
from concurrent.futures import Future

import pytest

from voicemark.web.sound.work import NICE, CuttingRoom, TooMuchError


def test_what_is_asked_is_done() -> None:
    room = CuttingRoom()
    assert room.ask("a", lambda: b"sound").result(20) == b"sound"


def test_what_goes_wrong_reaches_whoever_asked_and_nobody_else() -> None:
    room = CuttingRoom(at_once=1)
    failing = room.ask("a", lambda: bytes(1 // 0))
    right = room.ask("b", lambda: b"sound")
    with pytest.raises(ZeroDivisionError):
        failing.result(20)
    assert right.result(20) == b"sound"
    assert room.ask("a", lambda: b"again").result(20) == b"again"


def test_the_same_thing_is_cut_once_however_many_ask() -> None:
    room, go, times = CuttingRoom(), threading.Event(), []

    def cut() -> bytes:
        times.append(1)
        go.wait(20)
        return b"sound"

    asked = [room.ask("a", cut) for _ in range(50)]
    go.set()
    assert {one.result(20) for one in asked} == {b"sound"} and len(times) == 1


def test_two_hundred_at_once_are_cut_two_by_two_and_most_are_sent_away() -> None:
    room, go = CuttingRoom(at_once=2, most_waiting=16), threading.Event()
    lock, now, most = threading.Lock(), 0, 0

    def cut() -> bytes:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        go.wait(20)
        with lock:
            now -= 1
        return b"sound"

    taken: list[Future[bytes]] = []
    refused = 0
    for number in range(200):
        try:
            taken.append(room.ask(str(number), cut))
        except TooMuchError:
            refused += 1
    while now < 2:
        time.sleep(0.01)
    go.set()
    assert all(one.result(20) == b"sound" for one in taken)
    assert most == 2
    assert 16 <= len(taken) <= 18 and len(taken) + refused == 200
    assert room.ask("later", cut).result(20) == b"sound"


def test_cutting_comes_after_everything_else_and_the_others_are_as_before() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    room = CuttingRoom()
    told = room.ask("a", lambda: str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).encode())
    assert int(told.result(20)) >= NICE
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
