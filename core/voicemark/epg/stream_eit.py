"""What the recorded stream itself tells of its programmes: EIT, the service's name, and the time of day.

EIT on PID 0x12 (the own service's present/following and schedule), PAT and SDT for which service that is, TDT and TOT
on PID 0x14 for the clock, PCR for where on the recording's timeline all that stands. ETSI EN 300 468; ISO/IEC 13818-1.

A recording of 2 GB costs little: short ones are read whole, of long ones windows at even distances. Present/following
is repeated every two seconds and the clock every thirty, so a window of some seconds has the
first and often the second.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from voicemark.clean_text import name_text, one_line
from voicemark.containers import MAYBE_STREAM_SUFFIXES, STREAM_SUFFIXES
from voicemark.epg.channels import channel_key
from voicemark.epg.dvb_text import decode_text
from voicemark.epg.eit import (
    PRESENT_FOLLOWING,
    SCHEDULE,
    EitEvent,
    EitSection,
    crc32_mpeg,
    descriptors,
    parse_mjd_time,
    parse_section,
)
from voicemark.epg.stream_clock import runs_of, start_of
from voicemark.foreign import ANYWHERE, opened, read_bytes
from voicemark.mpegts import PACKET, PCR_WRAP_S, Packet, SectionAssembler, alignment, packets
from voicemark.patience import within_patience

PAT, SDT, EIT, TDT = 0x00, 0x11, 0x12, 0x14
HEAD = 24 << 20  # bytes read at the beginning of a longer one: at 6 Mbit/s enough for the clock, every 30 s
WINDOW = 4 << 20
WINDOWS = 40
WHOLE = HEAD + WINDOWS * WINDOW  # 184 MiB: a recording up to this size is read whole
BLOCK = 8 << 20
CARRIED = 1 << 10  # bytes of a block looked at again with the next: a packet may lie across
MAX_SECTIONS = 10_000  # different ones; a whole transponder's schedule has some thousand
MAX_EVENTS = 1 << 17  # parsed and kept; ten days of thirty services have a fourth of it
MAX_TAKEN = 1 << 18  # sections looked at: EIT as it comes on a whole transponder, for a quarter of an hour
PROBED = 4096  # bytes
MAX_TOLD = 10_000  # times of day, and changes of the present event, that are kept


@dataclass(frozen=True)
class Sighting:
    """The event that the broadcaster called present at a moment of the recording."""

    at_s: float
    event_id: int


@dataclass(frozen=True)
class StreamEpg:
    """What the stream tells; empty where it tells nothing."""

    service_id: int | None = None
    service_name: str | None = None
    provider: str | None = None
    events: tuple[EitEvent, ...] = ()
    """Of the own service, by start."""
    sightings: tuple[Sighting, ...] = ()
    started_at: datetime | None = None
    """Time of day (UTC) at the recording's first moment, by the broadcaster's clock."""
    jumps: tuple[tuple[float, datetime], ...] = ()
    """Where in the recording (seconds) that clock goes on at another time than the one that followed: something was
    cut out there."""
    notes: tuple[str, ...] = ()


@dataclass
class _Place:
    """A window of a file and how far into the whole recording it begins."""

    file: Path
    offset: int
    length: int
    before: int


@dataclass
class _Gathered:
    """What all windows together gave."""

    services: Counter[int] = field(default_factory=Counter)
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    events: dict[tuple[int, int, bool], EitEvent] = field(default_factory=dict)
    present: list[tuple[float, int, int]] = field(default_factory=list)  # seconds, service, event
    """First and last of each run of one event."""
    running: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Service → its present event, and where the last sighting of it stands in `present` (-1: only the first does)."""
    taken: int = 0
    parsed: int = 0
    clocks: list[tuple[float, datetime]] = field(default_factory=list)
    first_pcr: tuple[int, float] | None = None
    pcr_zero: float = 0.0
    """Where on the timeline the first PCR stands."""
    seen: dict[bytes, EitSection] = field(default_factory=dict)


def read_stream_epg(
    files: Sequence[Path],
    duration_s: float,
    channel: str | None = None,
    begins: Mapping[int, float] | None = None,
) -> StreamEpg:
    """The EPG inside a recording's transport stream files, on a timeline of `duration_s` seconds.

    `channel`: the recorder's name for the channel, which decides where a stream holds several services. `begins`: the
    numbers of files before which the recording was interrupted, and where on the timeline they begin (seconds). Files
    that are no transport streams tell nothing; what cannot be read is told in `notes`. Never raises for what is in the
    files.
    """
    notes: list[str] = []
    begins = begins or {}
    gathered = _Gathered()
    sizes = [_size(file) if _is_stream(file) else 0 for file in files]
    total = sum(sizes)
    if total < PACKET:
        return StreamEpg()
    restarts = {files[number]: at_s for number, at_s in begins.items() if 0 < number < len(files)}
    for place in _places(files, sizes):
        if (at_s := restarts.pop(place.file, None)) is not None:
            gathered.first_pcr, gathered.pcr_zero = None, at_s
        try:
            _read_place(place, total, duration_s, gathered)
        except OSError as error:
            notes.append(f"{name_text(place.file.name)} cannot be read for its EPG: {error.strerror}")
    return _result(gathered, channel, notes, min((at_s for at_s in begins.values() if at_s > 0), default=math.inf))


def _places(files: Sequence[Path], sizes: Sequence[int]) -> Iterator[_Place]:
    """The windows to read, in order: all there is of a short recording, head and even distances of a long one."""
    total = sum(sizes)
    if total <= WHOLE:
        spans = [(0, total)]
    else:
        step = (total - WINDOW) / (WINDOWS - 1)
        starts = [int(step * index) for index in range(1, WINDOWS)]
        spans = [(0, HEAD), *((start, start + WINDOW) for start in starts if start >= HEAD)]
    before = 0
    for file, size in zip(files, sizes, strict=True):
        for start, end in spans:
            first, last = max(start, before), min(end, before + size)
            if first < last:
                yield _Place(file, first - before, last - first, first)
        before += size


def _read_place(place: _Place, total: int, duration_s: float, gathered: _Gathered) -> None:
    assemblers = {pid: SectionAssembler() for pid in (PAT, SDT, EIT, TDT)}
    clock: float | None = None  # seconds since the recording's first PCR
    done = -1  # where the last packet was: what is carried over may hold it again
    with opened(place.file, ANYWHERE) as file:
        file.seek(place.offset)
        at, left, carried = place.before, place.length, b""
        while left > 0 and (fresh := file.read(min(BLOCK, left))):
            block = carried + fresh
            for packet in packets(block, assemblers):
                byte = at + packet.at
                if byte <= done:
                    continue
                done = byte
                now = _clock(packet, gathered)
                clock = clock if now is None else now
                if packet.pid in assemblers:
                    seconds = _position(byte, total, duration_s, clock)
                    for section in assemblers[packet.pid].feed(packet.data):
                        _take_section(packet.pid, section, seconds, gathered)
            carried = block[-CARRIED:]
            at += len(block) - len(carried)
            left -= len(fresh)


def _clock(packet: Packet, gathered: _Gathered) -> float | None:
    """Seconds on the timeline, by the piece's first PCR and the PID that carried it; over a wrap of the clock, too."""
    pcr = packet.pcr_s
    if pcr is None:
        return None
    if gathered.first_pcr is None:
        gathered.first_pcr = (packet.pid, pcr)
    pid, first = gathered.first_pcr
    return gathered.pcr_zero + (pcr - first) % PCR_WRAP_S if pid == packet.pid else None


def _position(byte: int, total: int, duration_s: float, clock: float | None) -> float:
    """Seconds from the recording's start: by PCR where it agrees with the place in the file, else by that place.

    Bit rates vary, but not so much that a fifth of the recording lies between the two; a clock started anew does.
    """
    by_place = byte / total * duration_s
    if clock is None or abs(clock - by_place) > max(60.0, 0.2 * duration_s):
        return by_place
    return clock


def _take_section(pid: int, section: bytes, seconds: float, gathered: _Gathered) -> None:
    gathered.taken += 1
    if gathered.taken > MAX_TAKEN:
        return
    if pid == TDT:
        if section[0] in (0x70, 0x73) and len(section) >= 8 and (section[0] == 0x70 or crc32_mpeg(section) == 0):
            moment = parse_mjd_time(section[3:8])
            if moment is not None and len(gathered.clocks) < MAX_TOLD:
                gathered.clocks.append((seconds, moment))
        return
    if pid == PAT:
        if section[0] == 0x00 and len(section) >= 12 and crc32_mpeg(section) == 0:
            numbers = [int.from_bytes(section[at : at + 2], "big") for at in range(8, len(section) - 7, 4)]
            gathered.services.update({number for number in numbers if number})
        return
    if pid == SDT:
        if section[0] == 0x42 and crc32_mpeg(section) == 0:
            gathered.names.update(_service_names(section[11:-4]))
        return
    parsed = gathered.seen.get(section)
    if parsed is None:
        parsed = parse_section(section) if gathered.parsed < MAX_EVENTS else None
        gathered.parsed += len(parsed.events) if parsed else 0
        if parsed is None or not parsed.current or parsed.table_id not in (PRESENT_FOLLOWING, *SCHEDULE):
            return
        if len(gathered.seen) < MAX_SECTIONS:
            gathered.seen[section] = parsed
        elif parsed.table_id != PRESENT_FOLLOWING:
            return
        for event in parsed.events:
            _keep(parsed, event, gathered)
    if parsed.table_id == PRESENT_FOLLOWING and parsed.section_number == 0 and parsed.events:
        _sight(seconds, parsed.service_id, parsed.events[0].event_id, gathered)


def _sight(seconds: float, service: int, event: int, gathered: _Gathered) -> None:
    """Of the same event seen again and again only the last time is kept beside the first: borders lie between."""
    known, last = gathered.running.get(service, (-1, -1))
    if known == event and last >= 0:
        gathered.present[last] = (seconds, service, event)
    elif len(gathered.present) < MAX_TOLD:
        gathered.present.append((seconds, service, event))
        gathered.running[service] = (event, len(gathered.present) - 1 if known == event else -1)


def _keep(section: EitSection, event: EitEvent, gathered: _Gathered) -> None:
    """Events are kept once for each table; of two tellings the one with the fuller text."""
    near = section.table_id == PRESENT_FOLLOWING
    key = (section.service_id, event.event_id, near)
    known = gathered.events.get(key)
    if known is None or len(event.description or "") >= len(known.description or ""):
        gathered.events[key] = event


def _service_names(loop: bytes) -> Iterator[tuple[int, tuple[str, str]]]:
    """Service ids with provider and name, from the loop of an SDT section (EN 300 468, 5.2.3 and 6.2.33)."""
    at = 0
    while at + 5 <= len(loop):
        length = int.from_bytes(loop[at + 3 : at + 5], "big") & 0x0FFF
        for tag, body in descriptors(loop[at + 5 : at + 5 + length]):
            if tag == 0x48 and len(body) >= 3:
                provider = body[2 : 2 + body[1]]
                name = body[3 + body[1] : 3 + body[1] + body[2 + body[1]]] if 2 + body[1] < len(body) else b""
                names = (one_line(decode_text(provider)), one_line(decode_text(name)))
                yield int.from_bytes(loop[at : at + 2], "big"), names
        at += 5 + length


def _result(gathered: _Gathered, channel: str | None, notes: list[str], piece_end_s: float) -> StreamEpg:
    clocks = [clock for clock in gathered.clocks if clock[0] < piece_end_s]
    first, jumps = runs_of(clocks)
    service = _own_service(gathered, channel)
    provider, name = gathered.names.get(service, ("", "")) if service is not None else ("", "")
    if service is None and gathered.events:
        notes.append("the stream holds several services and none has the channel's name: its EIT is not used")
    events: dict[int, EitEvent] = {}
    for near in (False, True):
        for (owner, event_id, present), event in gathered.events.items():
            if owner == service and present == near and event.title:
                events[event_id] = event
    sightings = [Sighting(at, event) for at, owner, event in gathered.present if owner == service and event in events]
    return StreamEpg(
        service_id=service,
        service_name=name or None,
        provider=provider or None,
        events=tuple(sorted(events.values(), key=lambda event: (event.start is None, event.start, event.event_id))),
        sightings=tuple(sorted(sightings, key=lambda sighting: sighting.at_s)),
        started_at=start_of(first),
        jumps=jumps,
        notes=tuple(notes),
    )


def _own_service(gathered: _Gathered, channel: str | None) -> int | None:
    """The only service in the PAT, or in the EIT; else the one that bears the channel's name."""
    told = Counter(owner for owner, _, _ in gathered.events)
    for found in (gathered.services, told):
        if len(found) == 1:
            return next(iter(found))
    if channel:
        same = [service for service, (_, name) in gathered.names.items() if channel_key(name) == channel_key(channel)]
        if same:
            return same[0]
    return None


def _is_stream(path: Path) -> bool:
    """By its suffix; where that leaves it open, by its first packets."""
    suffix = path.suffix.lower()
    if suffix not in MAYBE_STREAM_SUFFIXES:
        return suffix in STREAM_SUFFIXES
    with contextlib.suppress(OSError):
        found = alignment(read_bytes(path, PROBED, ANYWHERE))
        return found is not None and found[1] < PROBED // 2
    return False


def _size(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return within_patience(path, path.stat).st_size
    return 0
