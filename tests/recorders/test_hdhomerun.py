"""What HDHomeRun RECORD writes into the first packets of a recording."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.recorders.hdhomerun import HEADER, parse_header, payload_of
from voicemark.recorders.plain import Plain

START = 1706728500  # 2024-01-31 19:15 UTC
TOLD = {
    "Category": "series", "ChannelName": "Das Erste", "ChannelNumber": "1.1", "DisplayGroupTitle": "The Show",
    "EndTime": START + 3600, "EpisodeNumber": "S12E10", "EpisodeTitle": "The Part", "FirstAiring": 1,
    "OriginalAirdate": 1544054400, "ProgramID": "EP012345670010", "RecordEndTime": START + 3630,
    "RecordStartTime": START - 30, "RecordSuccess": 1, "SeriesID": "C1", "StartTime": START, "Synopsis": "Ein Fall.",
    "Title": "The Show",
}  # fmt: skip


def packed(text: bytes) -> bytes:
    """64 packets of PID 0x1FFA."""
    parts = []
    for number in range(64):
        body = text[184 * number : 184 * (number + 1)].ljust(184, b"\xff")
        parts.append(bytes([0x47, 0x5F if number == 0 else 0x1F, 0xFA, 0x10 | number & 15]) + body)
    return b"".join(parts)


def test_everything_in_the_first_packets(tmp_path: Path) -> None:
    path = tmp_path / "The Show S12E10 20181206 [20240131-2015].mpg"
    path.write_bytes(packed(json.dumps(TOLD).encode()) + b"\x47" * 188)
    recording = Plain(zone="Europe/Berlin").read(path)
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.description) == ("The Show", "The Part", "Ein Fall.")
    assert (programme.channel, programme.season, programme.episode) == ("Das Erste", 12, 10)
    assert (programme.start, programme.duration_s) == (datetime.fromtimestamp(START, UTC), 3600.0)
    assert (recording.started_at, recording.start_error_s) == (datetime.fromtimestamp(START - 30, UTC), 5.0)
    assert recording.expected_duration_s == 3660.0 and recording.notes == ()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b'{"Title": 5}', b'{"Title": ""}', b"{" * 9000, b'{"Title": "X", "StartTime": 1e400}']
)
def test_what_is_no_such_object_leaves_the_name(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "The Show [20240131-2015].mpg"
    path.write_bytes(packed(text))
    assert Plain(zone="Europe/Berlin").read(path).title in ("The Show", "X")


def test_other_streams_have_none() -> None:
    assert len(packed(b"x")) == HEADER
    assert payload_of(b"\x47\x00\x11\x10" + b"{" * 184) == b""
    assert parse_header(b"\x00\x00\x01\xba" * 3000) is None


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_a_header_or_none(raw: bytes, as_packets: bool) -> None:
    found = parse_header(packed(raw) if as_packets else raw)
    assert found is None or found.programme.title


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries({"Title": st.text(max_size=20)}, optional=dict.fromkeys(set(TOLD) - {"Title"}, json_values))
)
def test_any_values_are_borne(told: dict[str, object]) -> None:
    found = parse_header(packed(json.dumps(told).encode()))
    assert found is None or found.programme.source == "hdhomerun"
