"""Exporting a recording: each format to its place, never over a file that someone else wrote.

By default everything goes to the export folder, where recordings' paths are mirrored. In place, which the owner must
ask for, players' formats lie where players look for them, and those that the recorder writes too are merged.
"""

import hashlib
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
from voicemark.export.files import mirrored, read_present, write_atomically
from voicemark.export.ledger import Ledger, Place
from voicemark.export.load import with_file_times, with_frames
from voicemark.export.modes import like, make_folders
from voicemark.export.rttm import Rttm, RttmTurns
from voicemark.export.sm import SceneMarkers
from voicemark.export.tables import Csv, Json
from voicemark.export.vdr_marks import VdrMarks
from voicemark.export.webvtt import WebVtt
from voicemark.store.exports import ExportRecord
from voicemark.store.paths import path_to_text
from voicemark.version import __version__

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


def export_recording(
    recording: MarkedRecording,
    formats: Sequence[str],
    settings: ExportSection,
    record: ExportRecord | None = None,
    *,
    file: Path | None = None,
) -> list[Path]:
    """Write `recording`'s markers in each of `formats`; returns the files that now hold them.

    Without markers, files for players that an earlier export wrote are removed again; and so is what it wrote where
    the recording lay before it moved. When one format fails the others are still written. Raises `ExportError` with
    every failure, `ConfigError` for an unknown format. In `record` it is noted what is written where and whom it names.
    `file`: written instead of one in the export folder, for one format.
    """
    writers = [writer_for(name) for name in dict.fromkeys(formats)]
    written: list[Path] = []
    failures: list[ExportError] = []
    if not writers:
        return written
    key = _made_of(recording, settings)
    recording = _prepared(recording, writers, settings)
    settled: dict[Path, tuple[str, bytes | None, frozenset[str], str]] = {}
    with Ledger(settings.folder) as ledger:
        for writer in writers:
            for position, (target, part) in enumerate(
                [(file, recording)] if file is not None else _places(writer, recording, settings, record)
            ):
                place = Place(target, f"{recording.content}:{writer.name}:{position}", recording.path)
                voices = frozenset(marker.speaker for marker in part.markers)
                try:
                    data = None
                    if settings.in_place and _merges(writer):
                        there = _merge(writer, part, place, ledger)
                        voices = frozenset()  # Entries of these formats name nobody.
                    else:
                        data = _replace(writer, part, place, ledger, settings, record)
                        there = data is not None
                        _leave_nothing_behind(recording, place, ledger)
                    settled[target] = writer.name, data, voices if there else frozenset(), f"{key} {_stamp(target)}"
                except ExportError as error:
                    failures.append(error if error.path else ExportError(error.what, path=target, hint=error.hint))
                else:
                    written += [target] if there else []
    if record is not None:
        record.settle(settled)
    if failures:
        raise _joined(failures)
    return written


def is_current(
    recording: MarkedRecording, formats: Sequence[str], settings: ExportSection, record: ExportRecord
) -> bool:
    """Are the files of `recording` there as they were written, and would they be written just so again? Reads no file.

    So an unchanged archive costs nothing at a start, although some formats need to look into the recordings.
    """
    key = _made_of(recording, settings)
    targets = [target for name in formats for target, _ in _places(writer_for(name), recording, settings, record)]
    return all(record.made_of(target) == f"{key} {_stamp(target)}" for target in targets)


def _made_of(recording: MarkedRecording, settings: ExportSection) -> str:
    """Differs when anything does that the files are made of: markers, texts, VDR's index, this program."""
    index = _stamp(recording.path / "index") if recording.recorder == "vdr" else ""
    told = repr((__version__, settings.in_place, index, recording))
    return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _stamp(path: Path) -> str:
    try:
        stat = path.lstat()
    except OSError:
        return "-"
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def _places(
    writer: Writer, recording: MarkedRecording, settings: ExportSection, record: ExportRecord | None
) -> list[tuple[Path, MarkedRecording]]:
    """Where the format's files go, and what belongs in each.

    Of two recordings in one folder that differ in their suffix alone (`X.ts`, `X.mkv`) the first has the name that
    players look for; the other one's file is called after its whole name.
    """
    if not settings.in_place:
        return [(mirrored(settings.folder, recording.path, writer.suffix), recording)]
    places = []
    for target, part in writer.targets(recording):
        owner = None if record is None else record.owner(target)
        if owner is not None and os.path.lexists(owner):
            media = part.files[0].path
            places.append((media.with_name(media.name + writer.suffix), part))
        else:
            places.append((target, part))
    return places


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


def _replace(
    writer: Writer,
    part: MarkedRecording,
    place: Place,
    ledger: Ledger,
    settings: ExportSection,
    record: ExportRecord | None,
) -> bytes | None:
    """Write a file that is ours alone; returns what is in it, None when there is none now."""
    target = place.target
    present = read_present(target)
    wanted = part.markers or not writer.for_player
    data = writer.render(part) if wanted else b""
    if present is not None and present != data and not ledger.knows(present):
        if not wanted:
            return None
        raise ExportError(
            "was written by someone else, or changed since it was exported",
            path=target,
            hint="move it away, or export to another folder with --output",
        )
    if not wanted:
        if present is not None:
            _remove(target)
        return None
    ledger.remember(data, place)
    first = present is None or (record is not None and record.made_of(target) is None)
    if record is not None:
        record.note(target, writer.name, data, {marker.speaker for marker in part.markers})
    if present != data:
        if not settings.in_place:
            make_folders(target.parent)
        write_atomically(target, data, present=present)
    if first:  # Later its mode and owner are its owner's to choose.
        like(target, part.files[0].path if settings.in_place else target.parent)
    return data


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
