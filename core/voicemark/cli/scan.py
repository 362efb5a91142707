"""`voicemark scan`: recordings through the pipeline, now."""

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn

from voicemark.cli.markers import NO_MARKERS, show_markers
from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, complain, messages, print_json

if TYPE_CHECKING:
    from voicemark.actions.scan import Listener


def scan(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Recordings: files, .rec directories, or folders of them; none: the watched folders."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Hear so many at once; else as [service] recordings_at_once says.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Scan recordings and list the markers found in them."""
    from voicemark.actions.scan import Scan, Status
    from voicemark.config import load_config
    from voicemark.errors import ConfigError
    from voicemark.store.database import open_database
    from voicemark.store.queries import MarkerFilter, find_markers

    settings = load_config(config)
    wanted = paths or [watch.path for watch in settings.watch]
    if not wanted:
        raise ConfigError(
            "no recording is named, and no folder is watched",
            path=config,
            hint="say `voicemark scan PATH`, or set [[watch]] path",
        )
    database = open_database(settings.database.path)
    try:
        scanning = Scan(settings, database, make_listener(), jobs=jobs)
        outcomes = list(scanning.paths(wanted))
        with database.snapshot() as connection:
            markers = find_markers(connection, MarkerFilter(paths=[outcome.path for outcome in outcomes]))
            if as_json:
                print_json(markers)
            elif (first := next(markers, None)) is not None:
                show_markers(chain((first,), markers))
            elif any(outcome.status is not Status.FAILED for outcome in outcomes):  # Else it is not known.
                typer.echo(NO_MARKERS)
    finally:
        database.close()
    if scanning.waits or scanning.unheard or any(outcome.status is Status.FAILED for outcome in outcomes):
        raise typer.Exit(1)


def make_listener() -> "Listener":
    """Progress bars on a terminal, a line for each recording otherwise; always on standard error."""
    from voicemark.actions.scan import Listener, Outcome, Status
    from voicemark.enrolment.enrolment import VoiceReport

    class Narrator(Listener):
        """Tells a person what goes on."""

        def __init__(self) -> None:
            self._console = messages()
            self._tasks: dict[Path, TaskID] = {}
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[at]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )

        def enrolled(self, reports: Sequence[VoiceReport]) -> None:
            for report in reports:
                for problem in (*report.problems, *([report.error] if report.error else [])):
                    complain(problem)

        def started(self, path: Path, expected_s: float | None) -> None:
            if sys.stderr.isatty():
                if not self._tasks:
                    self._progress.start()
                self._tasks[path] = self._progress.add_task(path.name, total=expected_s, at="0:00")

        def heard(self, path: Path, seconds: float) -> None:
            if (task := self._tasks.get(path)) is not None:
                expected = self._progress.tasks[self._progress.task_ids.index(task)].total
                total = None if expected is None else max(expected, seconds)
                self._progress.update(task, completed=seconds, total=total, at=clock(seconds))

        def finished(self, outcome: Outcome) -> None:
            if (task := self._tasks.pop(outcome.path, None)) is not None:
                self._progress.remove_task(task)
                if not self._tasks:
                    self._progress.stop()
            if outcome.status is Status.FAILED:
                complain(outcome.reason)
                return
            reason = f" ({outcome.reason})" if outcome.reason else ""
            self._console.print(f"{outcome.path}: {outcome.status}{reason}", markup=False)
            for note in outcome.notes:
                self._console.print(f"  {note}", markup=False)

    return Narrator()
