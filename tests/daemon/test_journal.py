"""Records reach journald with their fields, and a flood does not."""

import logging
import socket
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from voicemarkd.journal import BURST, PER_S, JournalHandler, RateLimit, encode


def parse(data: bytes) -> dict[str, str]:
    """A naive reader of the native protocol."""
    fields = {}
    while data:
        line, _, rest = data.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
            data = rest
        else:
            name, size = line, struct.unpack("<Q", rest[:8])[0]
            value, data = rest[8 : 8 + size], rest[8 + size + 1 :]
        fields[name.decode()] = value.decode()
    return fields


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True), st.text(), max_size=6))
def test_what_is_encoded_is_read_back(fields: dict[str, str]) -> None:
    expected = {name: value.encode("utf-8", "backslashreplace").decode() for name, value in fields.items()}
    assert parse(encode(fields)) == expected


def test_a_record_arrives_with_priority_and_fields(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "socket"))
        logger = logging.Logger("test")
        logger.addHandler(JournalHandler(str(tmp_path / "socket")))
        logger.warning("two\nlines", extra={"fields": {"recording": Path("/video/\udcf6.ts"), "markers": 3}})
        fields = parse(journal.recv(65536))
    assert fields["MESSAGE"] == "two\nlines"
    assert fields["PRIORITY"] == "4"
    assert fields["VOICEMARK_RECORDING"] == "/video/\\udcf6.ts"
    assert fields["VOICEMARK_MARKERS"] == "3"


def test_a_flood_from_one_place_is_limited_and_counted() -> None:
    now = 0.0
    limit = RateLimit(clock=lambda: now)

    def record(line: int) -> logging.LogRecord:
        return logging.LogRecord("x", logging.INFO, "/x.py", line, "broken packet", (), None)

    assert sum(limit.filter(record(1)) for _ in range(1000)) == BURST
    assert limit.filter(record(2))
    now = PER_S
    later = record(1)
    assert limit.filter(later)
    assert later.getMessage() == f"broken packet ({1000 - BURST} more like this were not logged)"
