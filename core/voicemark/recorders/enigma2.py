"""Enigma2 boxes: a `.ts` file with `.ts.meta` and `.eit` beside it.

    20240131 2015 - Das Erste - Tatort.ts        188- or 192-byte packets
    20240131 2015 - Das Erste - Tatort.ts.meta   ten lines (OpenPLi's metaparser.cpp)
    20240131 2015 - Das Erste - Tatort.eit       one EIT event

There is no sign of a recording in progress; a length in `.meta` with the file's own size tells that it is finished.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from voicemark.bounds import COUNT, duration, moment
from voicemark.clean_text import clean, decoded, one_line
from voicemark.epg.eit import EitEvent, read_eit_file
from voicemark.errors import RecordingVanishedError
from voicemark.foreign import OWN_FOLDER, ForeignError, ForeignMissingError, Reach, read_bytes, size_of
from voicemark.guard import unit
from voicemark.recorders.careful import careful_read, careful_recognise, careful_state
from voicemark.recorders.ignore import NOTHING_MORE, Ignore
from voicemark.recorders.names import read_file_name
from voicemark.recorders.tree import Listing, find_below, is_file, is_hidden
from voicemark.recording import Programme, Recording, RecordingState

MAX_META = 64 * 1024  # bytes; Enigma2 reads 4096 of each of ten lines
PTS_HZ = 90_000

_TIMED, _DATED = re.compile(r"\d{8} \d{4} - "), re.compile(r"\d{8} - ")
_BY_EVENT = re.compile(r" - \d{8} \d{4}_")
_FILE = re.compile(r"(?:meta|ap|sc|cuts|\d{3})", re.IGNORECASE)


@dataclass(frozen=True)
class Meta:
    """What a `.ts.meta` file says."""

    channel: str | None = None
    name: str | None = None
    description: str | None = None
    started_at: datetime | None = None
    length_s: float | None = None
    file_size: int | None = None
    packet_size: int = 188
    scrambled: bool = False


class Enigma2:
    """Recordings of Enigma2 boxes. `zone`: the time zone in which the box names files (none: this machine's);
    `reach`: where links to files may lead."""

    name = "enigma2"

    def __init__(self, zone: str | None = None, reach: Reach = OWN_FOLDER, ignore: Ignore = NOTHING_MORE) -> None:
        self.zone = zone
        self.ignore = ignore
        self.reach = reach

    def find(self, root: Path) -> Iterator[Path]:
        """All `.ts` files at or below `root`, with or without `.meta`."""
        return find_below(root, self.recognise, self.find_in, is_hidden, self.ignore)

    def find_in(self, listing: Listing) -> Iterator[Path]:
        """The `.ts` files in one folder."""
        names = sorted(listing.files)
        return (listing / name for name in names if name.lower().endswith(".ts") and not is_hidden(name))

    def owns(self, name: str, siblings: frozenset[str]) -> bool:
        """Whether a `.ts` file bears Enigma2's signs: `.meta` or `.eit` beside it, or its way of naming."""
        return name.endswith(".ts") and (
            f"{name}.meta" in siblings or f"{name[:-3]}.eit" in siblings or is_box_name(name[:-3])
        )

    @careful_recognise
    def recognise(self, path: Path) -> Path | None:
        """The `.ts` file, for itself and for its `.meta`, `.eit`, `.ap`, `.sc`, `.cuts` and `.001` … files."""
        name = path.name
        stem, _, suffix = name.rpartition(".")
        media = stem if _FILE.fullmatch(suffix) else name
        if suffix.lower() == "eit":
            media = f"{stem}.ts"
        if not media.lower().endswith(".ts") or name.startswith("."):
            return None
        found = path.with_name(media)
        return found if is_file(found) else None

    @careful_read
    def read(self, path: Path) -> Recording:
        """Title from `.meta` (else `.eit`, else the name), the rest from wherever it stands."""
        try:
            size_of(path, self.reach)
        except ForeignMissingError:
            raise RecordingVanishedError("there is no such recording", path=path) from None
        notes: list[str] = []
        meta = read_meta(path.with_name(f"{path.name}.meta"), notes, self.reach)
        event = _read_event(path.with_suffix(".eit"), notes, self.reach)
        named = read_file_name(path.stem, zone=self.zone)
        if meta is None and event is None:
            notes.append("there is neither .meta nor .eit: title and time are from the file's name")
        if meta is not None and meta.scrambled:
            notes.append(".meta says that it is scrambled")
        started_at = meta.started_at if meta else None
        programme = _programme(meta, event) or Programme(named.title, "name", subtitle=named.subtitle)
        length = meta.length_s if meta else None
        return Recording(
            path=path,
            recorder=self.name,
            files=_parts(path, self.reach),
            started_at=started_at or named.started_at,
            start_error_s=30.0 if started_at else named.start_error_s,
            other_starts=() if started_at else named.other_starts,
            programmes=(replace(programme, channel=programme.channel or named.channel),),
            streams=event.streams if event else (),
            expected_duration_s=length or programme.duration_s,
            notes=tuple(notes),
        )

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """`.meta` and `.eit`."""
        return path.with_name(f"{path.name}.meta"), path.with_suffix(".eit")

    @careful_state
    def state(self, path: Path, now: datetime) -> RecordingState:
        """`FINISHED` when `.meta` has a length and the file's own size, else `UNKNOWN`."""
        size = size_of(path, self.reach)
        meta = read_meta(path.with_name(f"{path.name}.meta"), [], self.reach)
        if meta is not None and meta.length_s and meta.file_size == size:
            return RecordingState.FINISHED
        return RecordingState.UNKNOWN


def is_box_name(stem: str) -> bool:
    """`20240131 2015 - Das Erste - Tatort`, `20240131 - Tatort`, `Tatort - 20240131 2015_Das Erste`."""
    if _TIMED.match(stem):
        title = stem.find(" - ", 17)
        if 0 < title < len(stem) - 3:
            return True
    elif (match := _DATED.match(stem)) is not None:
        return match.end() < len(stem)
    found = _BY_EVENT.search(stem, 1)
    return found is not None and found.end() < len(stem)


def read_meta(path: Path, notes: list[str], reach: Reach = OWN_FOLDER) -> Meta | None:
    """The `.ts.meta` at `path`, None when there is none; what is wrong with it is added to `notes`."""
    with unit(".meta", notes.append):
        try:
            return parse_meta(read_bytes(path, MAX_META, reach), notes)
        except ForeignMissingError:
            return None
    return None


def parse_meta(raw: bytes, notes: list[str]) -> Meta:
    """What the bytes of a `.ts.meta` say; what is wrong with it is added to `notes`. Any bytes are one."""
    lines = [decoded(line).strip("\r\0") for line in raw.split(b"\n")[:10]]
    lines += [""] * (10 - len(lines))
    started_at = moment(lines[3])
    ticks, size, packet = (COUNT(lines[index]) for index in (5, 6, 8))
    if lines[3].strip() not in ("", "0") and started_at is None:
        notes.append(".meta has no valid start time")
    return Meta(
        channel=_channel(lines[0]),
        name=one_line(lines[1]) or None,
        description=clean(lines[2]) or None,
        started_at=started_at,
        length_s=duration(ticks / PTS_HZ) if ticks else None,
        file_size=size or None,
        packet_size=packet if packet in (188, 192, 204) else 188,
        scrambled=lines[9].strip() == "1",
    )


def _channel(reference: str) -> str | None:
    """The name at the end of a service reference, `1:0:19:283D:3FB:1:C00000:0:0:0:<path>:<name>`, where it is there."""
    parts = reference.split(":", 11)
    return one_line(unquote(parts[11])) or None if len(parts) == 12 else None


def _read_event(path: Path, notes: list[str], reach: Reach) -> EitEvent | None:
    with unit(".eit", notes.append):
        try:
            return read_eit_file(path, reach)
        except ForeignMissingError:
            return None
    return None


def _programme(meta: Meta | None, event: EitEvent | None) -> Programme | None:
    channel = meta.channel if meta else None
    from_event = event.programme("enigma2-eit", channel) if event else None
    if meta is None or meta.name is None:
        return from_event
    if from_event is None:
        description = meta.description
        short = description is not None and len(description) <= 120 and "\n" not in description
        return Programme(
            title=meta.name,
            source="enigma2-meta",
            subtitle=description if short else None,
            description=None if short else description,
            channel=channel,
            start=event.start if event else None,
            duration_s=event.duration_s if event else None,
        )
    return replace(from_event, title=meta.name)


def _parts(path: Path, reach: Reach) -> tuple[Path, ...]:
    """The file, and the `.001`, `.002` … that Enigma1 and FAT disks split it into."""
    files = [path]
    with suppress(ForeignError):
        while len(files) < 1000:
            part = path.with_name(f"{path.name}.{len(files):03d}")
            size_of(part, reach)
            files.append(part)
    return tuple(files)
