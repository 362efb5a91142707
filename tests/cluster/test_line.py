"""A line that was lost is tried with growing pauses, and the one who waits is told why."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import pytest

from voicemark.cluster import line as module
from voicemark.cluster.errors import ClusterError, SchedulerLostError
from voicemark.cluster.line import LONGEST_S, Line, pauses
from voicemark.cluster.serving import local_client
from voicemark.cluster.wire import Settings
from voicemark.config import EncoderSection

LOST = SchedulerLostError("the scheduler has gone")


def test_pauses_grow_and_stay_bearable() -> None:
    found = list(islice(pauses(), 10))
    assert found == sorted(found) and found[0] <= 1.0 and found[-1] == found[-2] == LONGEST_S
    assert sum(found[:4]) < LONGEST_S


def test_it_is_tried_until_the_scheduler_is_back_and_the_old_client_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_S", 0.01)
    refusals = [ClusterError("no scheduler answers"), ClusterError("no scheduler answers")]
    clients: list[object] = []
    told: list[str] = []

    @contextmanager
    def connect() -> Iterator[object]:
        if clients and refusals:
            raise refusals.pop()
        with local_client(0, Settings(EncoderSection(), {})) as client:
            clients.append(client)
            yield client

    with Line(connect) as line:  # type: ignore[arg-type]
        first = line.crew
        line.restore(LOST, threading.Event(), told.append)
        assert line.crew is not first and line.crew.client is clients[1] and line.crew.client.status == "running"
        assert first.client.status == "closed"
    assert clients[1].status == "closed"
    assert told == [f"for the scheduler to come back: {why}" for why in (LOST.what, *["no scheduler answers"] * 2)]


def test_who_is_to_end_does_not_wait_and_a_cluster_of_ones_own_is_not_waited_for() -> None:
    def connect() -> Iterator[object]:
        raise AssertionError("nobody is asked")

    ending = threading.Event()
    ending.set()
    Line(connect).restore(LOST, ending, lambda reason: None)  # type: ignore[arg-type]
    with pytest.raises(SchedulerLostError):
        Line(connect, stands=True).restore(LOST, threading.Event(), lambda reason: None)  # type: ignore[arg-type]
