"""EIT events and sections: what is on air on a service, as broadcast (ETSI EN 300 468, 5.2.4 and 6.2).

An Enigma2 `.eit` file is one such event, without a section around it. Lengths that lie are cut to what is there; broken
descriptors are passed over, the rest of the event is kept.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from voicemark.bounds import MAX_GENRES, MAX_STREAMS, within
from voicemark.clean_text import one_line
from voicemark.epg.dvb_text import decode_text, join_texts
from voicemark.epg.event import AUDIO_STREAMS, Event
from voicemark.errors import GuideError
from voicemark.foreign import OWN_FOLDER, Reach, read_bytes
from voicemark.languages import language_code
from voicemark.recording import StreamHint

PRESENT_FOLLOWING = 0x4E  # table ids, of the own transport stream
SCHEDULE = range(0x50, 0x60)
MAX_EIT_FILE = 1 << 16  # bytes; an event has at most 12 + 4095
SUBTITLE_LENGTH = 120  # characters; a longer short text is a description

_MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
_SHORT, _EXTENDED, _COMPONENT, _CONTENT, _RATING = 0x4D, 0x4E, 0x50, 0x54, 0x55
_AUDIO_DESCRIPTION = {0x02: (0x40, 0x47, 0x48), 0x06: (0x40, 0x44, 0x47, 0x48)}  # component types, table 26


@dataclass(frozen=True)
class EitEvent(Event):
    """One event. Times are UTC; None where undefined or no time at all."""

    event_id: int
    start: datetime | None
    duration_s: float | None
    running: int = 0
    """Running status: 1 not running, 2 in a few seconds, 3 pausing, 4 running (table 6)."""
    scrambled: bool = False
    title: str = ""
    subtitle: str | None = None
    description: str | None = None
    language: str | None = None
    content: tuple[int, ...] = ()
    age_rating: int | None = None
    streams: tuple[StreamHint, ...] = ()


@dataclass(frozen=True)
class EitSection:
    """One EIT section: some events of one service."""

    table_id: int
    service_id: int
    transport_stream_id: int
    original_network_id: int
    section_number: int
    current: bool
    events: tuple[EitEvent, ...]


def read_eit_file(path: Path, reach: Reach = OWN_FOLDER) -> EitEvent:
    """The event in an Enigma2 `.eit` file. Raises `ForeignError` when it cannot be read, `GuideError` when it
    holds no event."""
    raw = read_bytes(path, MAX_EIT_FILE, reach)
    event = next(parse_events(raw), None)
    if event is None or not (event.title or event.start):
        raise GuideError("holds no EIT event", path=path)
    return event


def parse_section(raw: bytes) -> EitSection | None:
    """An EIT section with its checksum; None when it is another table, too short, or damaged."""
    if len(raw) < 18 or not PRESENT_FOLLOWING <= raw[0] < 0x70:
        return None
    end = 3 + int.from_bytes(raw[1:3], "big") % 0x1000
    if not 18 <= end <= len(raw) or crc32_mpeg(raw[:end]) != 0:
        return None
    return EitSection(
        table_id=raw[0],
        service_id=int.from_bytes(raw[3:5], "big"),
        transport_stream_id=int.from_bytes(raw[8:10], "big"),
        original_network_id=int.from_bytes(raw[10:12], "big"),
        section_number=raw[6],
        current=bool(raw[5] & 1),
        events=tuple(parse_events(raw[14 : end - 4])),
    )


def parse_events(raw: bytes) -> Iterator[EitEvent]:
    """The events in a section's event loop (or in a `.eit` file), as far as there are whole headers."""
    at = 0
    while at + 12 <= len(raw):
        length = int.from_bytes(raw[at + 10 : at + 12], "big") & 0x0FFF
        yield _event(raw[at : at + 12], raw[at + 12 : at + 12 + length])
        at += 12 + length


def descriptors(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents of a descriptor loop; one that is longer than what is left ends it."""
    at = 0
    while at + 2 <= len(raw):
        tag, length = raw[at], raw[at + 1]
        if at + 2 + length > len(raw):
            return
        yield tag, raw[at + 2 : at + 2 + length]
        at += 2 + length


def parse_mjd_time(raw: bytes) -> datetime | None:
    """Five bytes, MJD and BCD hours, minutes, seconds, as UTC; None when undefined, no time, or out of
    bounds."""
    clock = [_bcd(byte) for byte in raw[2:5]]
    if len(clock) < 3 or raw == b"\xff" * 5:
        return None
    hour, minute, second = clock
    if hour is None or minute is None or second is None or hour > 23 or minute > 59 or second > 59:
        return None
    days = int.from_bytes(raw[:2], "big")
    return within(_MJD_EPOCH + timedelta(days=days, hours=hour, minutes=minute, seconds=second))


def parse_duration(raw: bytes) -> float | None:
    """Three BCD bytes, hours, minutes, seconds; None when undefined, zero, or no duration."""
    parts = [_bcd(byte) for byte in raw]
    if len(parts) < 3 or None in parts:
        return None
    hours, minutes, seconds = (part or 0 for part in parts)
    total = hours * 3600 + minutes * 60 + seconds
    return float(total) if minutes < 60 and seconds < 60 and total > 0 else None


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc32_mpeg(raw: bytes) -> int:
    """CRC-32/MPEG-2 (ISO/IEC 13818-1, annex A): 0 over a section with its checksum.

    It is zlib's CRC with the bits of each byte and of the result in reverse order, and without the last inversion.
    """
    mirrored = zlib.crc32(raw.translate(_MIRRORED)) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


def _bcd(byte: int) -> int | None:
    tens, ones = byte >> 4, byte & 0x0F
    return tens * 10 + ones if tens < 10 and ones < 10 else None


@dataclass
class _Texts:
    """The texts of an event in one language."""

    title: bytes = b""
    short: bytes = b""
    extended: dict[int, bytes] = field(default_factory=dict)
    items: dict[int, list[tuple[bytes, bytes]]] = field(default_factory=dict)

    def description(self) -> str:
        text = join_texts([self.extended[number] for number in sorted(self.extended)])
        lines = [
            f"{one_line(decode_text(name))}: {one_line(decode_text(value))}".strip(": ")
            for number in sorted(self.items)
            for name, value in self.items[number]
        ]
        return "\n".join(part for part in (text, *lines) if part)


def _event(header: bytes, loop: bytes) -> EitEvent:
    texts: dict[str, _Texts] = {}
    spoken_in: list[str] = []  # languages of the short events, in their order
    content: list[int] = []
    streams: list[StreamHint] = []
    age = None
    for tag, body in descriptors(loop):
        if tag == _SHORT and len(body) >= 5:
            spoken_in.append(_language(body[:3]))
            _short_event(texts.setdefault(spoken_in[-1], _Texts()), body)
        elif tag == _EXTENDED and len(body) >= 6:
            _extended_event(texts.setdefault(_language(body[1:4]), _Texts()), body)
        elif tag == _CONTENT:
            content += [code for code in body[0::2] if code]
        elif tag == _COMPONENT and len(body) >= 6:
            hint = _stream(body)
            streams += [hint] if hint else []
        elif tag == _RATING:
            ages = [rating + 3 for rating in body[3::4] if 1 <= rating <= 0x0F]
            age = max([age or 0, *ages]) or None
    language = next((key for key in spoken_in if texts[key].title), "")
    spoken = texts.get(language, _Texts())
    short = decode_text(spoken.short)
    description = spoken.description() or next((text for other in texts.values() if (text := other.description())), "")
    if not description and (len(short) > SUBTITLE_LENGTH or "\n" in short):
        short, description = "", short
    title, subtitle = one_line(decode_text(spoken.title)), one_line(short)
    return EitEvent(
        event_id=int.from_bytes(header[:2], "big"),
        start=parse_mjd_time(header[2:7]),
        duration_s=parse_duration(header[7:10]),
        running=header[10] >> 5,
        scrambled=bool(header[10] & 0x10),
        title=title,
        subtitle=subtitle if subtitle and subtitle != title else None,
        description=description or None,
        language=language_code(language),
        content=tuple(content[:MAX_GENRES]),
        age_rating=age,
        streams=tuple(streams[:MAX_STREAMS]),
    )


def _language(raw: bytes) -> str:
    """`DEU`, `ger` and `deu` are one."""
    code = raw.decode("latin-1")
    return language_code(code) or code


def _short_event(texts: _Texts, body: bytes) -> None:
    title_end = 4 + body[3]
    texts.title = texts.title or body[4:title_end]
    if title_end < len(body):
        texts.short = texts.short or body[title_end + 1 : title_end + 1 + body[title_end]]


def _extended_event(texts: _Texts, body: bytes) -> None:
    """Descriptor 0x4E: its number, items (name and value), and a piece of the text."""
    number = body[0] >> 4
    items_end = min(5 + body[4], len(body))
    at, items = 5, []
    while at < items_end:
        name_end = at + 1 + body[at]
        if name_end >= items_end:
            break
        value_end = name_end + 1 + body[name_end]
        items.append((body[at + 1 : name_end], body[name_end + 1 : min(value_end, items_end)]))
        at = value_end
    texts.items.setdefault(number, items)
    if items_end < len(body):
        texts.extended.setdefault(number, body[items_end + 1 : items_end + 1 + body[items_end]])


def _stream(body: bytes) -> StreamHint | None:
    """A component descriptor of an audio stream; the extension nibble is 0xF in old ones, and 1 with AC-4."""
    extension, kind = body[0] >> 4, body[0] & 0x0F
    if kind == 0x09 and extension == 0x01:
        kind = 0x19
    if kind not in AUDIO_STREAMS:
        return None
    description = one_line(decode_text(body[6:]))
    if not description and body[1] in _AUDIO_DESCRIPTION.get(kind, ()):
        description = "audio description"
    dual = (kind, body[1]) == (0x02, 0x02)  # table 26: dual mono
    return StreamHint(kind, language_code(_language(body[3:6])), description or None, dual)
