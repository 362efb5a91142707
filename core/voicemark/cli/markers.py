"""`voicemark markers`: who is heard where, from the database."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, print_json
from voicemark.cli.table import print_table

if TYPE_CHECKING:
    from voicemark.store.queries import MarkerView

HEADINGS = ("voice", "minute", "from – to", "score", "programme", "channel", "recorded", "id")
NO_MARKERS = "no markers"
MOST_ROWS = 1000
"""More lines than that nobody reads, unless they ask for them."""


def markers(
    config: ConfigOption = DEFAULT_CONFIG,
    speaker: Annotated[str | None, typer.Option(help="Part of the voice's name.")] = None,
    title: Annotated[str | None, typer.Option(help="Part of the programme's title or subtitle.")] = None,
    channel: Annotated[str | None, typer.Option(help="Part of the channel's name.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Recordings from this day on.", formats=["%Y-%m-%d", "%Y-%m-%d %H:%M"])
    ] = None,
    recording: Annotated[str | None, typer.Option(help="Part of the recording's path.")] = None,
    type: Annotated[str | None, typer.Option(help="The programme's genre or guessed type.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Also more than {MOST_ROWS:,} of them; JSON is always whole.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List markers from the database; filters are combined. `voicemark play` takes their numbers (id)."""
    from voicemark.config import load_config
    from voicemark.store.called import check_asked, check_voice
    from voicemark.store.marker_batches import markers_in_batches
    from voicemark.store.queries import MarkerFilter
    from voicemark.store.reader import open_reader

    database = open_reader(load_config(config).database.path)
    wanted = MarkerFilter(
        speaker=speaker,
        title=title,
        channel=channel,
        since=since.astimezone() if since else None,
        recording=None if recording is None else _part(recording),
        type=type,
    )
    try:
        if speaker is not None:
            with database.snapshot() as connection:
                check_voice(connection, speaker, part=True)
        found = markers_in_batches(database, wanted)
        if (first := next(found, None)) is None:
            with database.snapshot() as connection:
                check_asked(connection, wanted)
        else:
            found = chain((first,), found)
        if as_json:
            print_json(found)
        else:
            show_markers(found, everything=everything)
    finally:
        database.close()


def _part(path: str) -> str:
    """Of a path as it is stored: none holds a `.` or `..`, which a shell's completion leaves."""
    from voicemark.named import named
    from voicemark.store.paths import path_to_text

    return path_to_text(named(Path(path))) if {".", ".."} & set(path.split("/")) else path


def show_markers(found: "Iterable[MarkerView]", *, everything: bool = False) -> None:
    """A table for people; one that has more than `MOST_ROWS` ends there and says so, unless `everything` is wanted."""
    rows = iter(found)
    shown = list(islice(rows, MOST_ROWS))
    if not shown:
        typer.echo(NO_MARKERS)
    while shown:
        following = list(islice(rows, 1))
        print_table(HEADINGS, [_cells(marker) for marker in shown], broken=HEADINGS.index("programme"))
        if following and not everything:
            typer.echo(
                f"only the first {MOST_ROWS:,} are shown; ask for less (--speaker, --since, …), "
                "or for the rest with `voicemark markers --all`",
                err=True,
            )
            return
        shown = list(islice(chain(following, rows), MOST_ROWS))


def _cells(marker: "MarkerView") -> tuple[str, ...]:
    return (
        marker.speaker,
        f"at min {marker.at_min:.1f}",
        f"{clock(marker.start_s)} – {clock(marker.end_s)}",
        f"{marker.score:.2f}",
        marker.title + (f" – {marker.subtitle}" if marker.subtitle else ""),
        marker.channel or "",
        marker.started_at.astimezone().strftime("%Y-%m-%d %H:%M") if marker.started_at else "",
        "" if marker.id is None else str(marker.id),
    )
