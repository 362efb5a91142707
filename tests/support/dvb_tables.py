"""Writes DVB tables and transport streams from the standards, without the parsers: their independent counterpart."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

EPOCH = datetime(1858, 11, 17, tzinfo=UTC)


def bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def mjd_time(moment: datetime) -> bytes:
    days = (moment - EPOCH).days
    return days.to_bytes(2, "big") + bytes(bcd(part) for part in (moment.hour, moment.minute, moment.second))


def duration(seconds: int) -> bytes:
    return bytes(bcd(part) for part in (seconds // 3600, seconds // 60 % 60, seconds % 60))


def slow_crc32(data: bytes) -> int:
    """CRC-32/MPEG-2, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def descriptor(tag: int, body: bytes) -> bytes:
    return bytes([tag, len(body)]) + body


def text(value: str) -> bytes:
    """UTF-8, and said so."""
    return b"\x15" + value.encode() if value else b""


def short_event(title: str | bytes, short: str | bytes = "", language: str = "ger") -> bytes:
    name, more = (part if isinstance(part, bytes) else text(part) for part in (title, short))
    return descriptor(0x4D, language.encode() + bytes([len(name)]) + name + bytes([len(more)]) + more)


def extended_events(description: str | bytes, language: str = "ger", items: Sequence[tuple[str, str]] = ()) -> bytes:
    """As many descriptors 0x4E as the text needs, the items in the first."""
    raw = description if isinstance(description, bytes) else text(description)
    head, body = raw[:1], raw[1:]
    listed = b"".join(bytes([len(text(k))]) + text(k) + bytes([len(text(v))]) + text(v) for k, v in items)
    size = 200 - len(listed)
    pieces = [head + body[at : at + size] for at in range(0, max(len(body), 1), size)]
    out = b""
    for number, piece in enumerate(pieces):
        block = bytes([number << 4 | len(pieces) - 1]) + language.encode()
        mine = listed if number == 0 else b""
        out += descriptor(0x4E, block + bytes([len(mine)]) + mine + bytes([len(piece)]) + piece)
    return out


def event(
    event_id: int, start: datetime | bytes, seconds: int | bytes, descriptors: bytes = b"", running: int = 4
) -> bytes:
    when = start if isinstance(start, bytes) else mjd_time(start)
    lasting = seconds if isinstance(seconds, bytes) else duration(seconds)
    return (
        event_id.to_bytes(2, "big")
        + when
        + lasting
        + (running << 13 | len(descriptors)).to_bytes(2, "big")
        + descriptors
    )


def section(table_id: int, extension: int, body: bytes, number: int = 0, version: int = 1) -> bytes:
    """A section of the long form with its checksum."""
    head = bytes([table_id]) + (0xB000 | len(body) + 9).to_bytes(2, "big") + extension.to_bytes(2, "big")
    whole = head + bytes([0xC1 | version << 1, number, 1]) + body
    return whole + slow_crc32(whole).to_bytes(4, "big")


def eit_section(service: int, events: Iterable[bytes], table_id: int = 0x4E, number: int = 0) -> bytes:
    return section(
        table_id,
        service,
        (1).to_bytes(2, "big") + (1).to_bytes(2, "big") + b"\x01" + b"\x4e" + b"".join(events),
        number,
    )


def pat_section(services: Iterable[int]) -> bytes:
    return section(
        0x00,
        1,
        b"".join(s.to_bytes(2, "big") + (0xE000 | 0x100 + i).to_bytes(2, "big") for i, s in enumerate(services)),
    )


def sdt_section(names: dict[int, str]) -> bytes:
    body = b"\x00\x01\xff"
    for service, name in names.items():
        inner = descriptor(
            0x48, b"\x01" + bytes([len(text("ARD"))]) + text("ARD") + bytes([len(text(name))]) + text(name)
        )
        body += service.to_bytes(2, "big") + b"\xff" + (0x8000 | len(inner)).to_bytes(2, "big") + inner
    return section(0x42, 1, body)


def tdt_section(moment: datetime) -> bytes:
    return b"\x70\x70\x05" + mjd_time(moment)


class StreamWriter:
    """Transport stream packets of 188 bytes, continuity counted per PID."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self._counters: dict[int, int] = {}

    def section(self, pid: int, data: bytes, pointer: int = 0) -> None:
        """A section in as many packets as it needs; stuffing behind it."""
        payload = bytes([pointer]) + b"\xff" * pointer + data
        for at in range(0, len(payload), 184):
            self.packet(pid, payload[at : at + 184].ljust(184, b"\xff"), starts=at == 0)

    def packet(self, pid: int, payload: bytes, starts: bool = False, pcr: int | None = None) -> None:
        """One packet, with a clock of 90 kHz in front of its payload where asked."""
        counter = self._counters.get(pid, -1) + 1 & 0x0F
        self._counters[pid] = counter
        head = bytes([0x47, starts << 6 | pid >> 8, pid & 0xFF])
        if pcr is None:
            self.packets.append(head + bytes([0x10 | counter]) + payload[:184].ljust(184, b"\xff"))
            return
        field = b"\x10" + ((pcr % (1 << 33)) << 15 | 0x7E00).to_bytes(6, "big")
        body = bytes([len(field)]) + field + payload
        self.packets.append(head + bytes([0x30 | counter]) + body[:184].ljust(184, b"\xff"))

    def bytes(self, stride: int = 188) -> bytes:
        """The stream with packets of 188, 192 or 204 bytes."""
        if stride == 192:
            return b"".join(index.to_bytes(4, "big") + packet for index, packet in enumerate(self.packets))
        return b"".join(packet + b"\x00" * (stride - 188) for packet in self.packets)
