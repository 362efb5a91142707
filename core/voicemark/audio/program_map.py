"""Which PIDs of a transport stream carry sound, by its program maps, and a map of one of them alone.

ISO/IEC 13818-1, 2.4.4 (PAT, PMT), table 2-34 (stream types); ETSI EN 300 468, annex D and 6.2.1, 6.4 (AC-3, Enhanced
AC-3, DTS, AAC, AC-4 by descriptors on private data); ATSC A/52 and A/53 (0x81, 0x87); Blu-ray (0x80 … 0x86 under a
registration `HDMV`); stream types 0x2D and 0x2E: MPEG-H 3D audio (13818-1:2015/Amd.3).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from voicemark.epg.eit import crc32_mpeg
from voicemark.mpegts import PACKET, SYNC, SectionAssembler

PAT_PID = 0
MOST_PROGRAMS = 64
_PMT_PID = 0x1000  # of the map that we make
_AUDIO_TYPES = {0x03, 0x04, 0x0F, 0x11, 0x1C, 0x2D, 0x2E, 0x81, 0x87}
_HDMV_TYPES = {0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0xA1, 0xA2}
_DTS_TYPES = {0x82, 0x8A}  # without registration too
_REGISTERED = {b"AC-3", b"EAC3", b"DTS1", b"DTS2", b"DTS3", b"BSSD", b"Opus", b"AC-4"}
_AUDIO_TAGS = {0x6A, 0x7A, 0x7B, 0x7C}  # AC-3, Enhanced AC-3, DTS, AAC
_AUDIO_EXTENSIONS = {0x0E, 0x0F, 0x15, 0x21}  # DTS-HD, DTS Neural, AC-4, DTS-UHD
_REGISTRATION, _EXTENSION, _LANGUAGE = 0x05, 0x7F, 0x0A


@dataclass(frozen=True)
class Elementary:
    """One audio stream as a program map lists it."""

    pid: int
    kind: int
    """stream_type."""
    descriptors: bytes
    program: bytes = b""
    """The descriptors of its program."""

    @property
    def unheard(self) -> str | None:
        """Its codec as ffmpeg would call it, if it is a kind that ffmpeg has no decoder for."""
        if self.kind in (0x2D, 0x2E):
            return "mpegh_3d_audio"
        marks = list(_tags(self.descriptors))
        if (_EXTENSION, 0x15) in [(tag, body[0] if body else -1) for tag, body in marks]:
            return "ac4"
        return "ac4" if (_REGISTRATION, b"AC-4") in [(tag, body[:4]) for tag, body in marks] else None

    @property
    def languages(self) -> str | None:
        """Its language codes, joined by commas."""
        codes = [
            body[at : at + 3].decode("ascii", "replace")
            for tag, body in _tags(self.descriptors)
            if tag == _LANGUAGE
            for at in range(0, len(body) - 3, 4)
        ]
        return ",".join(codes) or None


@dataclass
class ProgramMaps:
    """The maps of a transport stream as they are at the moment; feed it the packets of `pids` in order."""

    pmt_pids: dict[int, None] = field(default_factory=dict)
    """In the order of the PAT."""
    _maps: dict[int, dict[int, tuple[Elementary, ...]]] = field(default_factory=dict)
    """Per PID and program number."""
    _assemblers: dict[int, SectionAssembler] = field(default_factory=dict)
    _last: dict[int, bytes] = field(default_factory=dict)

    @property
    def pids(self) -> tuple[int, ...]:
        """The PIDs whose packets are wanted."""
        return (PAT_PID, *self.pmt_pids)

    @property
    def known(self) -> bool:
        """Whether any map has come."""
        return bool(self._maps)

    @property
    def complete(self) -> bool:
        """Whether every program's map has come."""
        return bool(self.pmt_pids) and all(pid in self._maps for pid in self.pmt_pids)

    @property
    def audio(self) -> tuple[Elementary, ...]:
        """All audio streams of all programs, each PID once, in the order of the maps."""
        listed = (stream for pid in self.pmt_pids for map_ in self._maps.get(pid, {}).values() for stream in map_)
        return tuple({stream.pid: stream for stream in listed}.values())

    def feed(self, pid: int, packet: bytes) -> bool:
        """Take a packet; whether it changed which audio there is."""
        if self._last.get(pid) == packet[4:]:  # Tables come ten times a second, mostly the same in one packet.
            self._assemblers.pop(pid, None)  # It would miss this one's counter.
            return False
        self._last[pid] = packet[4:]
        before = self.audio
        for section in self._assemblers.setdefault(pid, SectionAssembler()).feed(packet):
            if len(section) < 12 or crc32_mpeg(section) != 0 or not section[5] & 1:  # broken, or not in force yet
                continue
            if pid == PAT_PID and section[0] == 0x00:
                self._take_programs(section)
            elif section[0] == 0x02 and pid in self.pmt_pids:
                self._maps.setdefault(pid, {})[int.from_bytes(section[3:5], "big")] = tuple(_audio_of(section))
        return self.audio != before

    def _take_programs(self, section: bytes) -> None:
        programs = [section[at : at + 4] for at in range(8, len(section) - 7, 4)][:MOST_PROGRAMS]
        listed = {int.from_bytes(entry[2:], "big") & 0x1FFF: None for entry in programs if entry[:2] != b"\0\0"}
        if section[6] == section[7] == 0:  # one section: the whole table
            self.pmt_pids = listed
            self._maps = {pid: maps for pid, maps in self._maps.items() if pid in listed}
            self._assemblers = {pid: held for pid, held in self._assemblers.items() if pid in (PAT_PID, *listed)}
        else:
            self.pmt_pids |= listed


def tables_for(stream: Elementary) -> bytes:
    """A PAT and a PMT that list `stream` alone: two packets to put in front of its own."""
    pat = b"\0\1" + (0xE000 | _PMT_PID).to_bytes(2, "big")
    pmt = (
        (0xE000 | stream.pid).to_bytes(2, "big")
        + (0xF000 | len(stream.program)).to_bytes(2, "big")
        + stream.program
        + bytes([stream.kind])
        + (0xE000 | stream.pid).to_bytes(2, "big")
        + (0xF000 | len(stream.descriptors)).to_bytes(2, "big")
        + stream.descriptors
    )
    return b"".join(_packets(PAT_PID, _section(0x00, pat)) + _packets(_PMT_PID, _section(0x02, pmt)))


def _section(table: int, body: bytes) -> bytes:
    raw = bytes([table]) + (0xB000 | len(body) + 9).to_bytes(2, "big") + b"\0\1\xc1\0\0" + body
    return raw + crc32_mpeg(raw).to_bytes(4, "big")


def _packets(pid: int, section: bytes) -> list[bytes]:
    payload = b"\0" + section
    parts = [payload[at : at + PACKET - 4] for at in range(0, len(payload), PACKET - 4)]
    return [
        bytes([SYNC, (0x40 if not number else 0) | pid >> 8, pid & 0xFF, 0x10 | number & 0x0F])
        + part.ljust(PACKET - 4, b"\xff")
        for number, part in enumerate(parts)
    ]


def _audio_of(section: bytes) -> Iterator[Elementary]:
    """The audio streams of a PMT section."""
    end = len(section) - 4
    length = int.from_bytes(section[10:12], "big") & 0x0FFF
    at = 12 + length
    program = section[12:at]
    hdmv = (_REGISTRATION, b"HDMV") in [(tag, body[:4]) for tag, body in _tags(program)]
    while at + 5 <= end:
        kind, pid = section[at], int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF
        length = int.from_bytes(section[at + 3 : at + 5], "big") & 0x0FFF
        descriptors = section[at + 5 : min(end, at + 5 + length)]
        at += 5 + length
        if _is_audio(kind, descriptors, hdmv):
            yield Elementary(pid, kind, descriptors, program)


def _is_audio(kind: int, descriptors: bytes, hdmv: bool) -> bool:
    if kind in _AUDIO_TYPES or kind in _DTS_TYPES or (hdmv and kind in _HDMV_TYPES):
        return True
    if kind != 0x06:
        return False
    return any(
        tag in _AUDIO_TAGS
        or (tag == _EXTENSION and body[:1] and body[0] in _AUDIO_EXTENSIONS)
        or (tag == _REGISTRATION and body[:4] in _REGISTERED)
        for tag, body in _tags(descriptors)
    )


def _tags(descriptors: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(descriptors):
        length = descriptors[at + 1]
        yield descriptors[at], descriptors[at + 2 : at + 2 + length]
        at += 2 + length
