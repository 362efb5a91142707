"""What runs: a scheduler, a machine's workers, and all of that in one process for one machine.

A worker computes nothing itself (`voicemark.cluster.post`), so all workers of a machine are one small process, with a
process for each recording that is being heard.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, Scheduler, SpecCluster, Worker

from voicemark.cluster.dask_settings import NO_PAGES, set_up
from voicemark.cluster.errors import ClusterError
from voicemark.cluster.roots import Roots
from voicemark.cluster.security import checked_address, greet, host_and_port, security_for
from voicemark.cluster.tasks import Hearing
from voicemark.cluster.wire import Settings
from voicemark.config import ClusterSection, Config

log = logging.getLogger(__name__)

AGAIN_S = 5.0
"""How often a worker whose scheduler is away looks for it."""
CONNECT_S = 30.0


def settings_of(config: Config, roots: Roots) -> Settings:
    """What this machine hears with."""
    service = config.service
    return Settings(config.encoder, dict(roots.folders), service.nice, service.idle_io)


@contextmanager
def local_client(workers: int, settings: Settings) -> Iterator[Client]:
    """A scheduler and its workers in this process: the same as on several machines, without a network."""
    set_up()
    inside = {**NO_PAGES, "protocol": "inproc://"}
    options = [_worker_options(settings, f"here-{slot + 1}") | inside for slot in range(workers)]
    cluster = SpecCluster(
        scheduler={"cls": Scheduler, "options": inside},
        workers={slot: {"cls": Worker, "options": one} for slot, one in enumerate(options)},
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


@contextmanager
def remote_client(address: str, section: ClusterSection) -> Iterator[Client]:
    """Who gives orders to a scheduler elsewhere. Raises `ClusterError`."""
    set_up()
    address = checked_address(address)
    security = security_for(address, section)
    greet(address, section)
    try:
        client = Client(address, security=security, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"the scheduler at {address} does not let us in: {error}",
            hint="both sides need the same versions of distributed, and certificates of one authority",
        ) from error
    with client:
        yield client


def run_scheduler(address: str, section: ClusterSection, *, ready: Callable[[str], None]) -> None:
    """A scheduler at `address`, until SIGTERM or SIGINT; `ready` is told where it listens. Raises `ClusterError`."""
    set_up(logging.WARNING)  # It tells of strangers.
    address = checked_address(address)
    security = security_for(address, section)
    host, port = host_and_port(address)

    async def serve(ending: asyncio.Event) -> None:
        try:
            scheduler = await Scheduler(
                host=host, port=port, protocol=address.partition("://")[0], security=security, **NO_PAGES
            )
        except OSError as error:
            raise ClusterError(f"cannot listen at {address}: {error.strerror or error}") from error
        ready(scheduler.address)
        try:
            await _first(ending.wait(), scheduler.finished())
        finally:
            await scheduler.close()

    asyncio.run(_until_told(serve))


def run_workers(
    address: str,
    section: ClusterSection,
    settings: Settings,
    *,
    workers: int,
    first_port: int | None = None,
    stay: bool = True,
    ready: Callable[[str], None],
) -> None:
    """This machine's workers, until SIGTERM or SIGINT. They look for a scheduler that is away, and join again, if they
    are to `stay`. Raises `ClusterError`."""
    set_up()
    address = checked_address(address)
    security = security_for(address, section)

    async def serve(ending: asyncio.Event) -> None:
        said = None
        while not ending.is_set():
            try:
                await asyncio.to_thread(greet, address, section)
                await _work(ending)
                reason: object = "the scheduler has gone"
            except ClusterError as error:
                reason = error
                if not stay:
                    raise
            if not stay:
                return
            if str(reason) != said and not ending.is_set():
                log.warning("%s; it is looked for every %.0f s", reason, AGAIN_S)
                said = str(reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), AGAIN_S)

    async def _work(ending: asyncio.Event) -> None:
        here = [
            Worker(
                address,
                security=security,
                port=None if first_port is None else first_port + slot,
                **NO_PAGES,
                **_worker_options(settings, f"{socket.gethostname()}-{os.getpid()}-{slot + 1}"),
            )
            for slot in range(workers)
        ]
        try:
            try:
                for worker in here:
                    await worker
            except (OSError, ValueError, RuntimeError) as error:
                raise ClusterError(f"cannot join the scheduler at {address}: {error}") from error
            ready(address)
            await _first(ending.wait(), *(worker.finished() for worker in here))
        finally:
            await asyncio.gather(*(worker.close() for worker in here), return_exceptions=True)

    asyncio.run(_until_told(serve))


def _worker_options(settings: Settings, name: str) -> dict[str, Any]:
    return {
        "nthreads": 1,
        "name": name,
        "memory_limit": 0,
        "plugins": (Hearing(settings),),
        "death_timeout": CONNECT_S,
    }


async def _until_told(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """`serve` is told by its event when SIGTERM or SIGINT comes."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    await serve(ending)


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Until one of them has ended; the others are left."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
