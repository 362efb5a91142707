"""The state of the work for Prometheus: a file that node_exporter's textfile collector reads."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from voicemark.actions.status import read_status
from voicemark.errors import ExportError
from voicemark.export.files import read_present, write_atomically
from voicemark.store.database import Database


def write_metrics(database: Database, path: Path) -> None:
    """Write the state of `database` to `path` for node_exporter's textfile collector; the file is replaced whole.

    Raises `DatabaseError`, and `ExportError` when the file cannot be written.
    """
    status = read_status(database)
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, value: float | None) -> None:
        if value is not None:
            Gauge(f"voicemark_{name}", help_text, registry=registry).set(value)

    jobs = Gauge("voicemark_jobs", "Jobs by state.", ["state"], registry=registry)
    for state, count in status.queue.items():
        jobs.labels(state).set(count)
    gauge("recordings", "Recordings that are there.", status.recordings)
    gauge("recordings_deleted", "Recordings that were deleted and whose markers are kept.", status.deleted)
    gauge("markers", "Markers in the database.", status.markers)
    gauge("done_seconds", "Seconds of recordings that have been heard.", status.hours_done * 3600)
    gauge(
        "to_do_seconds",
        "Seconds of recordings still to be heard (estimated from file sizes).",
        None if status.hours_to_do is None else status.hours_to_do * 3600,
    )
    gauge("speed_ratio", "Seconds of recordings heard in a second of work.", status.speed)
    gauge(
        "last_done_timestamp_seconds",
        "When a recording was last done.",
        status.last_done.timestamp() if status.last_done else None,
    )
    try:
        write_atomically(path, generate_latest(registry), present=read_present(path))
    except ExportError as error:
        raise ExportError(f"the metrics file {error.what}", path=path, hint="see [service] metrics_file") from error
