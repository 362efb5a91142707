"""A recording's files as they are to be read: those that are one transport stream together, any other by itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voicemark.audio.packets import is_transport
from voicemark.audio.program_map import ProgramMaps
from voicemark.audio.transport import first_maps
from voicemark.errors import unreadable


@dataclass(frozen=True)
class TransportPart:
    """Files that are one transport stream."""

    files: tuple[Path, ...]
    maps: ProgramMaps


@dataclass(frozen=True)
class FilePart:
    """A file of another container."""

    file: Path


def parts_of(files: Sequence[Path]) -> list[TransportPart | FilePart]:
    """The files as they are to be read: transport streams that follow each other are one."""
    parts: list[TransportPart | FilePart] = []
    for file in files:
        with reading_errors((file,)):
            maps = first_maps([file])
        before = parts[-1] if parts else None
        if maps is None and not (isinstance(before, TransportPart) and is_transport(file)):
            parts.append(FilePart(file))
        elif isinstance(before, TransportPart):
            parts[-1] = TransportPart((*before.files, file), before.maps)
        elif maps is not None:
            parts.append(TransportPart((file,), maps))
    return parts


@contextmanager
def reading_errors(files: Sequence[Path]) -> Iterator[None]:
    """Says of an `OSError` what it means for the recording."""
    try:
        yield
    except OSError as error:
        raise unreadable(error, files[0]) from error
