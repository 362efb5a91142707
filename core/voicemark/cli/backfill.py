"""`voicemark backfill`: everything that is still to be heard, on all cores of this machine or on several machines."""

import os
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.cluster import SchedulerOption, check_extra
from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicemark.cluster.coordinator import Backfill
    from voicemark.cluster.outcomes import Listener

INTERRUPTED = 130


def backfill(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Recordings, or folders of them; none: the watched folders.")
    ] = None,
    scheduler: SchedulerOption = None,
    workers: Annotated[
        int, typer.Option(help="Without a scheduler: recordings at once on this machine; 0: one for each core.", min=0)
    ] = 0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Hear everything that is ready, several recordings at a time; the service may run meanwhile."""
    check_extra()
    from voicemark.actions.recogniser import make_recogniser
    from voicemark.actions.status import read_status
    from voicemark.cluster.coordinator import Backfill
    from voicemark.cluster.line import Line
    from voicemark.cluster.roots import Roots
    from voicemark.cluster.serving import local_client, remote_client, settings_of
    from voicemark.config import load_config
    from voicemark.store.database import open_database

    settings = load_config(config)
    database = open_database(settings.database.path)
    try:
        made = make_recogniser(settings, database)
        for report in made.reports:
            for problem in (*report.problems, *([report.error] if report.error else [])):
                complain(problem)
        if scheduler is None:
            roots = Roots.of({})
            count = workers or len(os.sched_getaffinity(0))
            line = Line(lambda: local_client(count, settings_of(settings, roots)), stands=True)
        else:
            roots = Roots.of(settings.cluster.roots)
            address = scheduler
            line = Line(lambda: remote_client(address, settings.cluster))
        with line:
            run = Backfill(
                settings,
                database,
                made.recogniser,
                line,
                roots,
                paths=paths or [watch.path for watch in settings.watch],
                listener=_listener(),
            )
            with _ended_by_signals(run):
                run.run()
        queue = read_status(database).queue
    finally:
        database.close()
    left = ", ".join(f"{count} {state}" for state, count in queue.items() if count)
    messages().print(f"voicemark: {run.outcomes.done} heard; the queue: {left or 'empty'}", markup=False)
    if not paths and not settings.watch:
        complain("no folder is named, and none is watched: only what is in the queue was looked at")
    if run.ended:
        raise typer.Exit(INTERRUPTED)
    if run.unreached:
        complain("some recordings are ready and lie below roots that no worker has (see [cluster] roots on each)")
    if run.outcomes.failed or run.unreached or any(report.error is not None for report in made.reports):
        raise typer.Exit(1)


@contextmanager
def _ended_by_signals(run: "Backfill") -> "Iterator[None]":
    """SIGTERM and Ctrl-C give back what is in hand; a second one ends at once."""

    def told(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        run.end()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(ValueError):
                signal.signal(number, handler)


def _listener() -> "Listener":
    """A line for each recording, on standard error."""
    from voicemark.actions.scan import Outcome, Status
    from voicemark.cluster.outcomes import Listener

    class Narrator(Listener):
        """Tells a person what goes on."""

        def finished(self, outcome: Outcome) -> None:
            if outcome.status is Status.FAILED:
                complain(f"{outcome.path}: {outcome.reason}")
                return
            reason = f" ({outcome.reason})" if outcome.reason else ""
            messages().print(f"{outcome.path}: {outcome.status}{reason}", markup=False)

        def waits(self, reason: str) -> None:
            complain(f"waits {reason}")

    return Narrator()
