"""Exporting a recording: each format to its place, never over a file that someone else wrote.

By default everything goes to the export folder, where recordings' paths are mirrored. In place, which the owner must
ask for, players' formats lie where players look for them, and those that the recorder writes too are merged.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeGuard

from voicemark.config import ExportSection
from voicemark.errors import ConfigError, ExportError, RecordingError
from voicemark.export.base import MarkedRecording, MergingWriter, Writer
from voicemark.export.chapters import Ffmetadata, MatroskaChapters
from voicemark.export.cuts import Cuts
from voicemark.export.edl import Edl
from voicemark.export.files import make_folder, mirrored, read_present, write_atomically
from voicemark.export.ledger import Ledger, Place
from voicemark.export.load import with_file_times, with_frames
from voicemark.export.rttm import Rttm, RttmTurns
from voicemark.export.sm import SceneMarkers
from voicemark.export.tables import Csv, Json
from voicemark.export.vdr_marks import VdrMarks
from voicemark.export.webvtt import WebVtt
from voicemark.store.paths import path_to_text

WRITERS: dict[str, Writer] = {
    writer.name: writer
    for writer in (
        Edl(),
        SceneMarkers(),
        VdrMarks(),
        Cuts(),
        Ffmetadata(),
        MatroskaChapters(),
        WebVtt(),
        Rttm(),
        RttmTurns(),
        Json(),
        Csv(),
    )
}


def writer_for(name: str) -> Writer:
    """The format's writer. Raises `ConfigError` that names the formats."""
    try:
        return WRITERS[name]
    except KeyError:
        raise ConfigError(f"'{name}' is no export format; there are: {', '.join(WRITERS)}") from None


def export_recording(recording: MarkedRecording, formats: Sequence[str], settings: ExportSection) -> list[Path]:
    """Write `recording`'s markers in each of `formats`; returns the files that now hold them.

    Without markers, files for players that an earlier export wrote are removed again; and so is what it wrote where
    the recording lay before it moved. When one format fails the others are still written. Raises `ExportError` with
    every failure, `ConfigError` for an unknown format.
    """
    writers = [writer_for(name) for name in dict.fromkeys(formats)]
    written: list[Path] = []
    failures: list[ExportError] = []
    if not writers:
        return written
    recording = _prepared(recording, writers, settings)
    with Ledger(settings.folder) as ledger:
        for writer in writers:
            if settings.in_place:
                places = list(writer.targets(recording))
            else:
                places = [(mirrored(settings.folder, recording.path, writer.suffix), recording)]
            for position, (target, part) in enumerate(places):
                place = Place(target, f"{recording.content}:{writer.name}:{position}", recording.path)
                try:
                    if settings.in_place and _merges(writer):
                        there = _merge(writer, part, place, ledger)
                    else:
                        there = _replace(writer, part, place, ledger, mirror=not settings.in_place)
                        _leave_nothing_behind(recording, place, ledger)
                except ExportError as error:
                    failures.append(error if error.path else ExportError(error.what, path=target, hint=error.hint))
                else:
                    written += [target] if there else []
    if failures:
        raise _joined(failures)
    return written


def _prepared(recording: MarkedRecording, writers: Sequence[Writer], settings: ExportSection) -> MarkedRecording:
    """With what these formats need to know of the recording's own files. Raises `ExportError`."""
    if recording.recorder == "vdr" and any(isinstance(writer, VdrMarks) for writer in writers):
        recording = with_frames(recording)
    if settings.in_place and any(writer.per_file for writer in writers):
        try:
            recording = with_file_times(recording)
        except RecordingError as error:
            raise ExportError(error.what, path=error.path, hint=error.hint) from error
    return recording


def _merges(writer: Writer) -> TypeGuard[MergingWriter]:
    return hasattr(writer, "merge")


def _replace(writer: Writer, part: MarkedRecording, place: Place, ledger: Ledger, *, mirror: bool) -> bool:
    """Write a file that is ours alone; returns whether there is one now."""
    target = place.target
    present = read_present(target)
    wanted = part.markers or not writer.for_player
    data = writer.render(part) if wanted else b""
    if present is not None and present != data and not ledger.knows(present):
        if not wanted:
            return False
        raise ExportError(
            "was written by someone else, or changed since it was exported",
            path=target,
            hint="move it away, or export to another folder with --output",
        )
    if not wanted:
        if present is not None:
            _remove(target)
        return False
    ledger.remember(data, place)
    if present != data:
        if mirror:
            make_folder(target.parent)
        write_atomically(target, data, present=present)
    return True


def _leave_nothing_behind(recording: MarkedRecording, place: Place, ledger: Ledger) -> None:
    """Take away what was written for `recording` where no recording is any more; a file changed by its owner stays."""
    if not recording.content:
        return  # So are all that are being written.
    for old in ledger.elsewhere(place):
        if old.recording not in recording.copies and not os.path.lexists(old.recording):
            remove_if_ours(old.target, ledger)
            ledger.forget(old)


def _merge(writer: MergingWriter, part: MarkedRecording, place: Place, ledger: Ledger) -> bool:
    """Put our entries among those of others; returns whether any of ours are there now."""
    target = place.target
    present = read_present(target)
    # By path, and by content, so that a renamed recording's entries are still known.
    names = [path_to_text(target), place.made]
    earlier = ledger.entries(names)
    data, added = writer.merge(present or b"", earlier, writer.entries(part))
    ledger.remember_entries(names, added)
    if not data:
        if present is not None and earlier:
            _remove(target)
    elif data != present:
        write_atomically(target, data, present=present)
    ledger.forget_entries(names, added)
    return bool(added)


def remove_if_ours(target: Path, ledger: Ledger) -> None:
    """Take away a file that is exactly what was once written. Raises `ExportError`."""
    present = read_present(target)
    if present is not None and ledger.knows(present):
        _remove(target)


def _remove(target: Path) -> None:
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"cannot be removed: {error.strerror}", path=target) from error


def _joined(failures: Sequence[ExportError]) -> ExportError:
    first, *others = failures
    if not others:
        return first
    return ExportError("; ".join(map(str, failures)))
