"""`voicemark play`: a player, at the place."""

import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain

BEFORE_S = 1.0
"""A player begins so long before the voice."""


def play(
    what: Annotated[
        str, typer.Argument(help="A recording, or the number of a marker in the database.", metavar="MARKER|RECORDING")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    voice: Annotated[str | None, typer.Option(help="Begin where this voice is heard first.")] = None,
    at: Annotated[str | None, typer.Option(help="Begin there: HH:MM:SS, MM:SS or seconds.")] = None,
    player: Annotated[str | None, typer.Option(help="mpv or vlc; else whichever is installed.")] = None,
    show: Annotated[bool, typer.Option("--print", help="Print the command instead.")] = False,
) -> None:
    """Play a recording where a voice is heard: with mpv, which shows the voices as chapters, or VLC."""
    from voicemark.config import load_config
    from voicemark.config.model import parse_clock
    from voicemark.errors import ConfigError, RecordingError
    from voicemark.export.chapters import Ffmetadata
    from voicemark.export.load import load_recording, with_file_times
    from voicemark.export.players import PLAYERS, command, file_at, installed
    from voicemark.store.called import check_voice
    from voicemark.store.connections import plain
    from voicemark.store.database import open_to_read
    from voicemark.store.queries import place_of_marker

    if player is not None and player not in PLAYERS:
        raise ConfigError(f"'{player}' is no player that is known; there are: {', '.join(PLAYERS)}")
    try:
        moment = None if at is None else parse_clock(at)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    start_s = float(moment) if isinstance(moment, float | int) else None
    database = open_to_read(load_config(config).database.path)
    try:
        with database.reading() as session:
            if voice is not None:
                check_voice(plain(session), voice, part=False)
            path = Path(what)
            if what.isdigit() and not path.exists():
                path, begins_s = place_of_marker(plain(session), int(what))
                start_s = begins_s if start_s is None else start_s
            recording = load_recording(session, path)
    finally:
        database.close()
    if start_s is not None and recording.duration_s is not None and not start_s < recording.duration_s:
        raise RecordingError(
            f"{at} is not within it", path=recording.path, hint=f"it is {recording.duration_s:.1f} s long"
        )
    recording = with_file_times(recording)
    if start_s is None:
        wanted = recording if voice is None else recording.only(voice)
        if voice is not None and not wanted.markers:
            raise ConfigError(
                f"'{voice}' is not heard in {path}", hint=f"`voicemark markers --recording '{path.name}'` lists who is"
            )
        start_s = wanted.markers[0].start_s if wanted.markers else 0.0
    number, file = file_at(recording, start_s)
    files = [one.path for one in recording.files[number:]]
    begin_s = max(0.0, start_s - file.start_s - (0.0 if at is not None else BEFORE_S))
    program = installed(player)
    if program is None and not show:
        complain(f"no player was found ({player or ', '.join(PLAYERS)}); this is the command")
    if show or program is None:
        told = shlex.join(command(program or player or PLAYERS[0], files, begin_s))
        typer.echo(told.encode("utf-8", "backslashreplace").decode())
        return
    with TemporaryDirectory(prefix="voicemark-") as folder:
        chapters = Path(folder, "chapters.ffmetadata")
        chapters.write_bytes(Ffmetadata().render(recording.file_part(file)))
        done = subprocess.run(command(program, files, begin_s, chapters), check=False)
    if done.returncode:
        raise typer.Exit(1)
