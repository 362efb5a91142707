"""`voicemark cluster …`: certificates, a scheduler, and this machine's workers."""

import importlib.util
import os
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, messages, screen
from voicemark.errors import ToolError

SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", help="Where the scheduler listens, such as tls://recorder.lan:8786.")
]


def check_extra() -> None:
    """Raises `ToolError` where the extra is not installed."""
    for package in ("distributed", "cryptography"):
        if importlib.util.find_spec(package) is None:
            raise ToolError(f"{package} is not installed", hint="pip install 'voicemark[cluster]'")


def certificates(
    folder: Annotated[Path, typer.Argument(help="Where they go, and where the authority is kept.")],
    machines: Annotated[list[str], typer.Argument(help="A name for each machine that gets one.", metavar="MACHINE…")],
    days: Annotated[int, typer.Option(help="How long they are good for.", min=1)] = 3650,
) -> None:
    """Make an authority and a certificate for each machine; those that are there already stay."""
    check_extra()
    from voicemark.cluster.certificates import authority_file, make_certificates

    for pair in make_certificates(folder, machines, days=days):
        screen().print(f"{pair.machine}: {pair.certificate}, {pair.key}, {authority_file(folder)}", markup=False)


def scheduler(
    listen: Annotated[str, typer.Option(help="Where others find it; tcp:// on this machine alone.")] = "tls://0.0.0.0",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a scheduler, which brings work from `voicemark backfill` to workers, until told to end."""
    check_extra()
    from voicemark.cluster.serving import run_scheduler
    from voicemark.config import load_config

    run_scheduler(listen, load_config(config).cluster, ready=lambda address: _say(f"a scheduler listens at {address}"))


def worker(
    scheduler: SchedulerOption = None,
    workers: Annotated[int, typer.Option(help="Recordings at once; 0: one for each core.", min=0)] = 0,
    first_port: Annotated[
        int | None, typer.Option(help="Port of the first worker, the others behind it; none: any that is free.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the scheduler does, in place of waiting.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Hear recordings for another machine, with this machine's model and its ways to the files, until told to end."""
    check_extra()
    from voicemark.cluster.roots import Roots
    from voicemark.cluster.serving import run_workers, settings_of
    from voicemark.config import load_config

    settings = load_config(config)
    address = scheduler or settings.cluster.scheduler
    if address is None:
        raise typer.BadParameter("say --scheduler, or set [cluster] scheduler")
    count = workers or len(os.sched_getaffinity(0))
    run_workers(
        address,
        settings.cluster,
        settings_of(settings, Roots.of(settings.cluster.roots)),
        workers=count,
        first_port=first_port,
        stay=not once,
        ready=lambda where: _say(f"{count} workers hear for {where}"),
    )


def _say(text: str) -> None:
    messages().print(f"voicemark: {text}", markup=False)
