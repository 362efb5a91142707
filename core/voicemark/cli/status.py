"""`voicemark status`: how far the work is."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption

if TYPE_CHECKING:
    from voicemark.store.cluster_workers import ClusterWorker


def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show the queue, the speed, what failed, and how to try it again."""
    from voicemark.actions.health import obstacles
    from voicemark.actions.status import read_status
    from voicemark.config import load_config
    from voicemark.store.reader import open_reader
    from voicemark.store.sqlite_file import LOCKED_AFTER_S

    settings = load_config(config)
    database = open_reader(settings.database.path, busy_timeout_s=LOCKED_AFTER_S)
    try:
        found = read_status(database)
        in_the_way = list(obstacles(database, settings))
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps({**asdict(found), "obstacles": in_the_way}, default=_plain, ensure_ascii=False))
        return

    def line(name: str, value: object) -> None:
        typer.echo(f"{name:<12} {value}")

    line("recordings", f"{found.recordings}" + (f" ({found.deleted} deleted)" if found.deleted else ""))
    line("markers", found.markers)
    line("queue", ", ".join(f"{count} {state}" for state, count in found.queue.items()))
    line("done", f"{found.hours_done:.1f} hours")
    line("to do", _to_do(found.hours_to_do))
    line("speed", "unknown yet" if found.speed is None else f"{found.speed:.0f} × real time")
    for held in found.held:
        at = "" if held.heard_s is None else f", at {held.heard_s / 60:.0f} min"
        line("hearing", f"{held.recording}{at}" + (f" (on {held.machine})" if held.machine else ""))
    for worker in found.workers:
        line("worker", _words(worker))
    if found.last_done:
        line("last done", f"{found.last_done.astimezone():%Y-%m-%d %H:%M:%S}")
    if found.last_error and found.last_error_at:
        line("last error", f"{found.last_error_at.astimezone():%Y-%m-%d %H:%M:%S} {found.last_error}")
    for obstacle in in_the_way:
        line("in the way", obstacle)
    for one in found.waiting:
        line("waits", f"{one.subject}, since {one.since.astimezone():%Y-%m-%d %H:%M:%S}: {one.reason}")
    for unread in found.out_of_reach:
        line("waits", f"{unread.recording}: {unread.waits_for} – tried {unread.tried} times; again by itself")
    for aside in found.set_aside:
        line("set aside", f"{aside.error} – after {aside.attempts} tries; again with: {aside.retry}")


def _to_do(hours: float | None) -> str:
    if hours is None:
        return "unknown yet"
    return f"about {hours:.1f} hours" if hours else "nothing"


def _words(worker: "ClusterWorker") -> str:
    """One worker of a cluster."""
    words = [f"{worker.name}, voicemark {worker.program or 'unknown'}"]
    if worker.recording is not None and worker.since is not None:
        words.append(f"hears {worker.recording} since {worker.since.astimezone():%H:%M:%S}")
    if worker.speed is not None:
        words.append(f"{worker.speed:.0f} × real time")
    words.append(f"last seen {worker.seen_at.astimezone():%H:%M:%S}")
    if worker.failed_in_a_row:
        words.append(f"failed {worker.failed_in_a_row} times in a row")
    if worker.trouble:
        words.append(worker.trouble)
    return "; ".join(words)


def _plain(value: Any) -> str:
    """Paths and moments as text."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text.encode("utf-8", "backslashreplace").decode()
