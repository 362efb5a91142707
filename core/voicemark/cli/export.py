"""`voicemark export`: the markers of recordings as files for players and other programs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain


def export(
    format: Annotated[
        str,
        typer.Argument(
            help="edl, sm, vdr-marks, cuts, ffmetadata, matroska, webvtt, rttm, rttm-turns, json or csv.",
            metavar="FORMAT",
        ),
    ],
    recordings: Annotated[list[Path], typer.Argument(help="Recordings in the database.", metavar="RECORDING...")],
    config: ConfigOption = DEFAULT_CONFIG,
    speaker: Annotated[str | None, typer.Option(help="Only this voice.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the files, instead of [export] folder; - prints them.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write beside the recordings, where players look.")
    ] = False,
) -> None:
    """Write the markers of RECORDINGs as FORMAT, and print where; never over a file that someone else wrote."""
    from voicemark.config import load_config
    from voicemark.errors import ConfigError, VoicemarkError
    from voicemark.export.load import load_recording, with_frames
    from voicemark.export.write import export_recording, writer_for
    from voicemark.store.called import check_voice
    from voicemark.store.database import open_database, open_to_read
    from voicemark.store.exports import ExportRecord

    if output is not None and in_place:
        raise ConfigError("--output and --in-place exclude each other")
    writer = writer_for(format)
    settings = load_config(config)
    where = settings.export.model_copy(
        update={"folder": settings.export.folder if output is None else output.absolute(), "in_place": in_place}
    )
    printed = output == Path("-")
    database = (open_to_read if printed else open_database)(settings.database.path)
    failed = False
    if speaker is not None:
        with database.snapshot() as connection:
            check_voice(connection, speaker, part=False)
    for path in recordings:
        try:
            with database.reading() as session:
                recording = load_recording(session, path)
            if speaker is not None:
                recording = recording.only(speaker)
                if not recording.markers:
                    complain(f"{path}: {speaker} is not heard in it, so nothing is written")
                    continue
            if printed:
                sys.stdout.buffer.write(writer.render(with_frames(recording)))
                continue
            written = export_recording(recording, [format], where, ExportRecord(database, recording.path))
        except ConfigError:
            raise
        except VoicemarkError as error:
            complain(error)
            failed = True
            continue
        for file in written:
            typer.echo(str(file).encode("utf-8", "backslashreplace").decode())
        if not written:
            complain(f"{path}: no markers, so there is nothing to write")
    database.close()
    if failed:
        raise typer.Exit(1)
