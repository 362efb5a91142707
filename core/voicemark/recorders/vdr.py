"""VDR: a `.rec` directory is one recording, its `00001.ts` … (or `001.vdr` …) files are one timeline.

    <folders>/<Title>/YYYY-MM-DD.hh.mm.<channel>-<resume id>.rec     since VDR 1.7
    <folders>/<Title>/YYYY-MM-DD.hh.mm.<priority>.<lifetime>.rec     PES recordings before that

`.rec` becomes `.del` on deletion; `.timer` lies in the directory while VDR writes into it. Format: vdr.5; names:
VDR's recording.c (`ExchangeChars`, `cRecording::cRecording`).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from voicemark.clean_text import clean, decoded, name_text, one_line
from voicemark.epg.epgdata import EventLines, channel_line
from voicemark.errors import RecordingError, RecordingVanishedError
from voicemark.foreign import OWN_FOLDER, LeadsOutError, Reach, read_bytes, size_of
from voicemark.guard import unit
from voicemark.recorders.careful import careful_read, careful_recognise, careful_state
from voicemark.recorders.ignore import NOTHING_MORE, Ignore
from voicemark.recorders.local_time import aware, other_readings
from voicemark.recorders.tree import Listing, find_below, is_folder
from voicemark.recording import Programme, Recording, RecordingState

MAX_INFO = 1 << 20  # bytes of an info file that are read
MARGIN_STOP_S = 600.0  # VDR's MarginStop, unless its owner has set another
FRESH_S = 60.0  # a file written so recently may still be written

_DIRECTORY = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)\.(\d\d?)[.:](\d\d?)\.(?:(\d+)-(\d+)|(\d\d?)\.(\d\d?))\.(rec|del)", re.ASCII
)
_TS_FILE = re.compile(r"\d{5}\.ts", re.ASCII)
_PES_FILE = re.compile(r"\d{3}\.vdr", re.ASCII)
_BELONGS = re.compile(
    r"\d{5}\.ts|\d{3}\.vdr|(info|index|marks|resume|summary)(\..*)?|\.timer", re.ASCII
)  # what VDR writes into the directory
_HEX = re.compile(r"#([0-9A-Fa-f]{2})?")
_ENCODED = frozenset(b'"\\/:*?|<>#.')  # what VDR writes as #XX


@dataclass(frozen=True)
class Name:
    """What a recording's directory name and the name of the directory around it tell."""

    title: str
    started_at: datetime | None
    edited: bool


class Vdr:
    """Recordings of VDR. `zone`: the time zone in which it names directories (none: this machine's); `reach`: where
    links to files may lead."""

    name = "vdr"

    def __init__(self, zone: str | None = None, reach: Reach = OWN_FOLDER, ignore: Ignore = NOTHING_MORE) -> None:
        self.zone = zone
        self.ignore = ignore
        self.reach = reach

    def find(self, root: Path) -> Iterator[Path]:
        """All `.rec` directories at or below `root`; deleted ones are hidden."""
        return find_below(root, self.recognise, self.find_in, is_recording_name, self.ignore)

    def find_in(self, listing: Listing) -> Iterator[Path]:
        """The recordings among the directories in one folder."""
        return (listing / name for name in listing.folders if name.endswith(".rec") and is_recording_name(name))

    @careful_recognise
    def recognise(self, path: Path) -> Path | None:
        """The directory, for itself and for the files that VDR writes into it."""
        if is_recording_name(path.name):
            return path
        if is_recording_name(path.parent.name) and _BELONGS.fullmatch(path.name):
            return path.parent
        return None

    @careful_read
    def read(self, path: Path) -> Recording:
        """Files, title, times and streams; what the `info` lacks comes from the names of the directories."""
        names = _names_in(path)
        named = read_name(path, self.zone)
        files, notes = _media(path, names, self.reach)
        info = Info()
        for info_name in ("info", "info.vdr", "summary.vdr"):
            if info_name in names:
                info = read_info(path / info_name, notes, self.reach)
                break
        else:
            notes.append("there is no info file: title and time are from the directory's name")
        told = info.event.title is not None or info.event.start is not None
        programme = info.event.programme("vdr-info", info.channel, title=named.title) if told else None
        programme = programme or Programme(title=named.title, source="vdr-name", channel=info.channel)
        return Recording(
            path=path,
            recorder=self.name,
            files=files,
            started_at=named.started_at,
            other_starts=other_readings(named.started_at, self.zone),
            programmes=(programme,),
            streams=tuple(info.event.streams),
            expected_duration_s=_expected(programme, named, info),
            supposed_s=MARGIN_STOP_S if info.margin_stop_s is None else 0.0,
            frame_rate=info.frame_rate,
            edited=named.edited,
            notes=tuple(notes),
        )

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """Its `info`."""
        return path / "info", path / "info.vdr"

    @careful_state
    def state(self, path: Path, now: datetime) -> RecordingState:
        """By `.timer` and `.del`.

        VDR before 2.3.9 wrote no `.timer`: a recording of today whose media were written within the last minute is
        therefore `UNKNOWN` and not yet `FINISHED`.
        """
        if path.suffix == ".del":
            return RecordingState.DELETED
        try:
            names = _names_in(path)
        except RecordingError:
            return RecordingState.DELETED if is_folder(path.with_suffix(".del")) else RecordingState.UNKNOWN
        if ".timer" in names:
            return RecordingState.RECORDING
        started_at = read_name(path, self.zone).started_at
        if started_at is not None and timedelta() <= now - started_at < timedelta(days=1):
            media = [name for name in names if _TS_FILE.fullmatch(name) or _PES_FILE.fullmatch(name)]
            if not media or now.timestamp() - _modified(path / max(media)) < FRESH_S:
                return RecordingState.UNKNOWN
        return RecordingState.FINISHED


def is_recording_name(name: str) -> bool:
    """Whether a directory of that name is a recording (or a deleted one)."""
    return name.endswith((".rec", ".del")) and _DIRECTORY.fullmatch(name) is not None


def read_name(path: Path, zone: str | None = None) -> Name:
    """Title and start from `…/Title/2024-01-31.20.15.3-0.rec`, for lack of an `info`."""
    match = _DIRECTORY.fullmatch(path.name)
    started_at = None
    if match:
        year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
        started_at = aware(year, month, day, hour, minute, zone=zone)
    folder = unescape(path.parent.name)
    bare = folder.lstrip("%")
    title = one_line(bare.removeprefix("@")) or one_line(folder) or name_text(path.stem)
    return Name(title, started_at, edited=folder.startswith("%"))


def unescape(name: str) -> str:
    """A directory's name as the title that VDR made it from: `_` is a blank, `~` a slash, `#3A` a colon.

    VDR encodes characters as `#XX` only with `--dirnames`, and then every `#` too; a name with another `#` in it was
    written without, and keeps all of them.
    """
    raw = os.fsencode(name)
    text = decoded(raw)
    codes = [int(digits, 16) if digits else -1 for digits in _HEX.findall(text)]
    if codes and all(code in _ENCODED for code in codes):
        text = "".join(
            chr(int(piece, 16)) if index % 2 else _exchanged(piece) for index, piece in enumerate(_HEX.split(text))
        )
    else:
        text = _exchanged(text)
    return one_line(text)


def _exchanged(text: str) -> str:
    return text.translate({ord("_"): " ", ord("~"): "/", 1: "'", 2: "/", 3: ":"})


@dataclass
class Info:
    """What an `info` file says."""

    event: EventLines
    channel: str | None = None
    frame_rate: float | None = None
    margin_stop_s: float | None = None
    """The margin behind the programme, where it is said."""

    def __init__(self) -> None:
        self.event = EventLines()


def read_info(path: Path, notes: list[str], reach: Reach = OWN_FOLDER) -> Info:
    """The `info` (or `info.vdr`, or ancient `summary.vdr`) at `path`; what is wrong with it is added to `notes`."""
    info = Info()
    with unit(path.name, notes.append):
        _fill(info, path.name, read_bytes(path, MAX_INFO + 1, reach), notes)
    return info


def _fill(info: Info, name: str, raw: bytes, notes: list[str]) -> None:
    if len(raw) > MAX_INFO:
        notes.append(f"{name} is larger than {MAX_INFO} bytes; the rest was passed over")
        raw = raw[:MAX_INFO]
    if name == "summary.vdr":
        _read_summary(decoded(raw), info)
        return
    for number, line in enumerate(raw.split(b"\n"), start=1):
        text = decoded(line).strip("\r\0")
        if text and not _take_line(info, text[0], text[1:].strip()) and len(notes) < 8:
            notes.append(f"{name}, line {number} is not understood: {one_line(text, 40)!r}")


def _take_line(info: Info, letter: str, text: str) -> bool:
    match letter:
        case "C":
            identity, name = channel_line(text)
            info.channel = name or one_line(identity) or None
        case "F":
            info.frame_rate = _frame_rate(text)
            return info.frame_rate is not None
        case "@":
            stop = re.search(r"<bstop>(\d{1,5})</bstop>", text, re.ASCII)  # epgsearch's margin, in seconds
            if stop:
                info.margin_stop_s = float(stop[1])
        case "L" | "P" | "O" | "#":
            pass
        case _:
            return info.event.add(letter, text)
    return True


def _frame_rate(text: str) -> float | None:
    """The first of an `F` line's numbers: frames per second (`25`, `29.97 1920 1080 i 16:9`)."""
    match = re.match(r"\d{1,4}(\.\d{1,9})?(?=\s|$)", text, re.ASCII)
    return float(match[0]) if match and 1 <= float(match[0]) <= 1000 else None


def _read_summary(text: str, info: Info) -> None:
    """Title, subtitle and description, parted by empty lines; two parts are title and description."""
    title, *rest = [part for part in re.split(r"\n\s*\n", text.strip(), maxsplit=2) if part.strip()] or [""]
    info.event.title = one_line(title) or None
    if len(rest) == 2 and len(rest[0]) <= 80:
        info.event.subtitle = one_line(rest.pop(0)) or None
    info.event.description = clean("\n".join(rest)) or None


def _expected(programme: Programme, named: Name, info: Info) -> float | None:
    """From the directory's time to the programme's end and VDR's margin behind it, in seconds."""
    if programme.duration_s is None:
        return None
    if named.edited or named.started_at is None or programme.start is None:
        return programme.duration_s
    lead = (programme.start - named.started_at).total_seconds()
    margin_s = MARGIN_STOP_S if info.margin_stop_s is None else info.margin_stop_s
    return programme.duration_s + (lead if 0 <= lead < 86400 else 0.0) + margin_s


def _names_in(path: Path) -> frozenset[str]:
    try:
        with os.scandir(path) as entries:
            return frozenset(entry.name for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        raise RecordingVanishedError("there is no such recording", path=path) from None
    except OSError as error:
        raise RecordingError(f"cannot be read: {error.strerror}", path=path, hint="check its permissions") from error


def _media(path: Path, names: frozenset[str], reach: Reach) -> tuple[tuple[Path, ...], list[str]]:
    """The media files in playing order, and a note for each part that is missing or leads out of reach."""
    notes: list[str] = []
    led_out: LeadsOutError | None = None
    for pattern, digits in ((_TS_FILE, slice(0, 5)), (_PES_FILE, slice(0, 3))):
        found = sorted(name for name in names if pattern.fullmatch(name) and int(name[digits]) > 0)
        parts = []
        for name in found:
            try:
                if size_of(path / name, reach) > 0:
                    parts.append(name)
            except LeadsOutError as error:
                led_out = error
                notes.append(f"{name} {error.what}")
            except OSError:
                continue
        notes = notes[:8]
        if not parts:
            continue
        numbers = {int(name[digits]) for name in parts}
        missing = [number for number in range(1, max(numbers)) if number not in numbers]
        if missing:
            shown = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
            notes.append(f"part {shown} of {max(numbers)} is missing or empty")
        return tuple(path / name for name in parts), notes
    if led_out is not None:
        raise RecordingError(led_out.what, path=led_out.path, hint=led_out.hint)
    raise RecordingError("there is no media file in this recording", path=path)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
