"""`voicemark export`: the markers of recordings as files for players and other programs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain

if TYPE_CHECKING:
    from voicemark.export.base import Writer


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
        Path | None,
        typer.Option(
            help="Folder for the files, instead of [export] folder; of one RECORDING also a file with the format's "
            "ending; - prints them."
        ),
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
    printed = output == Path("-")
    file = None if output is None or printed else _file(output, writer, len(recordings))
    folder = settings.export.folder if output is None or file is not None else output.absolute()
    where = settings.export.model_copy(update={"folder": folder, "in_place": in_place})
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
            record = ExportRecord(database, recording.path)
            written = export_recording(recording, [format], where, record, file=file)
        except ConfigError:
            raise
        except VoicemarkError as error:
            complain(error)
            failed = True
            continue
        for target in written:
            typer.echo(str(target).encode("utf-8", "backslashreplace").decode())
        if not written:
            complain(f"{path}: no markers, so there is nothing to write")
    database.close()
    if failed:
        raise typer.Exit(1)


def _file(output: Path, writer: "Writer", recordings: int) -> Path | None:
    """The one file that `output` names; None for a folder, which is whatever has no ending of a format's file.

    Raises `ConfigError` where it names a file of another format, or one for several recordings.
    """
    from voicemark.errors import ConfigError
    from voicemark.export.write import WRITERS

    endings = {Path(f"x{one.suffix}").suffix for one in WRITERS.values()}
    ending = Path(f"x{writer.suffix}").suffix
    if output.is_dir() or (output.suffix.lower() not in endings and not output.exists()):
        return None
    if output.suffix.lower() != ending:
        raise ConfigError(f"{output}: a file of {writer.name} ends in {ending}", hint="or name a folder")
    if recordings > 1:
        raise ConfigError(f"{output}: is one file, for {recordings} recordings", hint="name a folder")
    return output.absolute()
