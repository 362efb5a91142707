"""Those who hear: which workers there are, which of them may be given something, and what came back.

One recording at a time is given to a worker, by its address, so that it is always known who has what. A worker that
joins is asked first who it is; one that is unfit (another version, another model) is never given anything. Nothing here
knows the job table: what a failure means to a job is the coordinator's to decide (`voicemark.cluster.coordinator`).
"""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from distributed import Client

from voicemark.cluster.answers import Answer, unpack_answer
from voicemark.cluster.errors import SchedulerLostError
from voicemark.cluster.tasks import hear, introduce
from voicemark.cluster.wire import Failure, Machine, Order, WireError, pack_order

log = logging.getLogger(__name__)

INTRODUCTION_S = 600.0
"""A worker that has not said who it is after so long is left alone until it joins anew."""
PARTING_S = 2.0
"""So long after a worker has gone it is known whether it died or left."""
LOOK_S = 0.5
GRACE_S = 300.0
"""A worker ends what takes too long by itself; after so much more it is given up."""


UNKNOWN = Machine()


@dataclass
class Member:
    """A worker, as far as it is known."""

    address: str
    name: str
    host: str
    seen: float
    """When it last gave a sign of life, seconds since 1970 by the scheduler's clock."""
    machine: Machine | None = None
    unfit: str | None = None
    """Why it is never given anything."""
    paused_until: float = float("-inf")
    """By the monotonic clock."""
    trouble: str | None = None
    """What it failed at last, while it fails."""
    failed_in_a_row: int = 0
    heard_s: float = 0.0
    took_s: float = 0.0
    future: Any = None
    order: Order | None = None
    gives_up_at: float = 0.0

    @property
    def roots(self) -> frozenset[str]:
        """Those that it has."""
        return frozenset() if self.machine is None else frozenset(self.machine.roots)


@dataclass(frozen=True)
class Came:
    """What became of an order."""

    member: Member
    order: Order
    answer: Answer


@dataclass
class Crew:
    """The workers of one scheduler. Used by one thread."""

    client: Client
    members: dict[str, Member] = field(default_factory=dict)
    _looked_at: float = float("-inf")
    _done: SimpleQueue[tuple[Member, Any]] = field(default_factory=SimpleQueue)

    def look(self) -> list[Came]:
        """Who is there now; of whoever has gone with an order, that its worker died. Raises `SchedulerLostError`
        when the scheduler has gone."""
        if time.monotonic() - self._looked_at < LOOK_S:
            return []
        if self.client.status != "running":
            raise SchedulerLostError("the scheduler has gone", hint="start it again")
        try:
            # Not `scheduler_info`: what it returns is overwritten, without workers, by the client's own looks.
            scheduler: Any = self.client.scheduler
            present: dict[str, Any] = self.client.sync(scheduler.identity, n_workers=-1)["workers"]
        except (OSError, RuntimeError, ValueError) as error:
            raise SchedulerLostError("the scheduler does not answer any more", hint="start it again") from error
        self._looked_at = time.monotonic()
        for address, told in present.items():
            if address not in self.members:
                self._welcome(address, told)
            self.members[address].seen = told["last_seen"]
        gone = [member for address, member in self.members.items() if address not in present]
        for member in gone:
            del self.members[member.address]
        return [came for member in gone if (came := self._taken(member, _fate(member))) is not None]

    def idle(self) -> Iterator[Member]:
        """Those that can be given something."""
        now = time.monotonic()
        for member in self.members.values():
            known = member.machine is not None and member.unfit is None
            if known and member.order is None and member.paused_until <= now:
                yield member

    def give(self, member: Member, order: Order) -> None:
        """An order, to one that is idle."""
        member.order = order
        member.gives_up_at = time.monotonic() + order.limit_s + GRACE_S
        self._submit(member, hear, pack_order(order))

    def came(self, wait_s: float) -> Came | None:
        """The next that is done, or that takes far too long; None when there is none after `wait_s`."""
        for member in self.members.values():
            if time.monotonic() > member.gives_up_at and member.future is not None:
                member.unfit = "it does not answer"
                return self._taken(member, _lost(member.unfit))
        try:
            member, future = self._done.get(timeout=wait_s)
        except Empty:
            return None
        if future is not member.future:
            return None  # It was forgotten meanwhile: a late answer.
        answer = _answer_of(future)
        if answer.machine == UNKNOWN and answer.failure is not None:
            member.unfit = answer.failure.what  # Lost: if it comes back, it joins anew.
        if member.order is None:
            self._introduced(member, answer)
            return None
        self._note(member, answer)
        return self._taken(member, answer)

    def forget(self, member: Member) -> None:
        """Nobody waits for what it hears any more; it stops soon."""
        future, member.future, member.order = member.future, None, None
        if future is not None:
            with suppress(Exception):  # The scheduler may have gone: then nobody waits either.
                future.release() if future.done() else future.cancel(force=True)

    def leave(self) -> None:
        """Forget all that is in hand."""
        for member in self.members.values():
            self.forget(member)

    def _welcome(self, address: str, told: dict[str, Any]) -> None:
        member = Member(address, str(told["name"]), str(told["host"]), told["last_seen"])
        self.members[address] = member
        member.gives_up_at = time.monotonic() + INTRODUCTION_S
        self._submit(member, introduce)

    def _introduced(self, member: Member, answer: Answer) -> None:
        member.future = None
        member.machine = answer.machine
        member.host = answer.machine.host or member.host
        if answer.failure is not None:
            member.unfit = answer.failure.what
            log.warning("worker %s is not used: %s", member.name, answer.failure.what)

    def _note(self, member: Member, answer: Answer) -> None:
        """What its answer says of the worker itself."""
        failure = answer.failure
        if failure is None:
            member.failed_in_a_row, member.trouble = 0, None
            return
        member.failed_in_a_row += 1
        member.trouble = failure.what
        if failure.trouble == "unfit":
            member.unfit = failure.what
            log.warning("worker %s is not used any more: %s", member.name, failure.what)
        if failure.pause_s > 0:
            member.paused_until = time.monotonic() + failure.pause_s
            log.warning("worker %s pauses for %.0f s: %s", member.name, failure.pause_s, failure.what)

    def _submit(self, member: Member, function: Any, *arguments: bytes) -> None:
        try:
            future = self.client.submit(
                function,
                *arguments,
                key=f"voicemark-{uuid.uuid4()}",
                workers=[member.address],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )
        except Exception as error:  # Dask's own words for a client that has closed are of no class of their own.
            raise SchedulerLostError(f"nothing can be given to it: {error}", hint="start it again") from error
        member.future = future
        future.add_done_callback(lambda done: self._done.put((member, done)))

    def _taken(self, member: Member, answer: Answer) -> Came | None:
        """It has its hands free again. None when it had no order."""
        order = member.order
        self.forget(member)
        return None if order is None else Came(member, order, answer)


def _fate(member: Member) -> Answer:
    """Of a worker that has gone: what it left, or how it went."""
    if member.future is None:
        return _lost("the worker has left")
    try:
        member.future.exception(timeout=PARTING_S)
    except TimeoutError:
        return _lost("the worker that heard it has left")
    except Exception:  # Told below.
        log.debug("of a worker that has gone", exc_info=True)
    return _answer_of(member.future)


def _answer_of(future: Any) -> Answer:
    """What a worker said, or what became of it."""
    try:
        return unpack_answer(future.result(timeout=60))
    except WireError as error:
        return Answer(UNKNOWN, failure=Failure("own", str(error)))
    except Exception as error:  # Whatever a worker, Dask or the network makes of it; some classes have several homes.
        kind = type(error).__name__
        log.info("a worker was lost: %s: %s", kind, error)
        if kind == "KilledWorker":
            return Answer(UNKNOWN, failure=Failure("item", "the worker that heard it ended without a word", died=True))
        if isinstance(error, OSError | TimeoutError) or kind in ("CancelledError", "FutureCancelledError"):
            return _lost("the worker that heard it was lost")
        return Answer(UNKNOWN, failure=Failure("own", repr(error)))


def _lost(what: str) -> Answer:
    return Answer(UNKNOWN, failure=Failure("unfit", what))
