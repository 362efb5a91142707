"""`voicemark playlist`: all that is heard of a voice, as a playlist."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain

XSPF, M3U = ".xspf", (".m3u", ".m3u8")
"""Endings of playlists' files."""


def playlist(
    name: Annotated[str, typer.Argument(help="The voice's name.", metavar="NAME")],
    config: ConfigOption = DEFAULT_CONFIG,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write there (.m3u or .xspf) instead of to the screen.")
    ] = None,
    m3u: Annotated[bool, typer.Option("--m3u", help="M3U instead of XSPF.")] = False,
) -> None:
    """Make a playlist of everything that is heard of the voice NAME, by date; one entry for each stretch."""
    from voicemark.actions.playlist import entries_in
    from voicemark.config import load_config
    from voicemark.errors import ConfigError, ExportError, VoicemarkError
    from voicemark.export import playlist as playlists
    from voicemark.export.files import read_present, write_atomically
    from voicemark.store.called import check_voice
    from voicemark.store.database import open_to_read
    from voicemark.store.paths import text_to_path
    from voicemark.store.queries import MarkerFilter, find_markers

    ending = None if output is None else output.suffix.lower()
    if m3u and ending == XSPF:
        raise ConfigError(f"--m3u is another format than {output} is named for", hint=f"{', '.join(M3U)} are M3U")
    if ending is not None and not m3u and ending not in (XSPF, *M3U):
        raise ConfigError(f"{output}: no playlist has this ending", hint=f"there are: {', '.join((XSPF, *M3U))}")
    database = open_to_read(load_config(config).database.path)
    entries: list[playlists.Entry] = []
    try:
        with database.snapshot() as connection:
            check_voice(connection, name, part=False)
            found = find_markers(connection, MarkerFilter(speaker=name))
            paths = {marker.recording: None for marker in found if marker.speaker.casefold() == name.casefold()}
        for path in map(text_to_path, paths):
            try:
                entries += entries_in(database.reading, path, name)
            except VoicemarkError as error:
                complain(error)
    finally:
        database.close()
    if not entries:
        complain(f"no recording in which '{name}' is heard and that is there")
        raise typer.Exit(1)
    data = (playlists.m3u if m3u or ending in M3U else playlists.xspf)(entries, name)
    if output is None:
        sys.stdout.buffer.write(data)
        return
    present = read_present(output)
    if present is not None and playlists.OURS not in present[:500]:
        raise ExportError("was written by someone else", path=output, hint="choose another name; nothing was changed")
    write_atomically(output, data, present=present)
    typer.echo(f"{output}: {len(entries)} stretches")
