"""A program map says which PIDs carry sound; one that we make is read as we meant it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.audio.program_map import Elementary, ProgramMaps, tables_for
from voicemark.mpegts import PACKET


def fed(*packets: bytes) -> ProgramMaps:
    maps = ProgramMaps()
    for packet in packets:
        maps.feed((packet[1] & 0x1F) << 8 | packet[2], packet)
    return maps


def split(tables: bytes) -> list[bytes]:
    return [tables[at : at + PACKET] for at in range(0, len(tables), PACKET)]


@given(
    pid=st.integers(0x20, 0x1FFE),
    kind=st.sampled_from([0x03, 0x0F, 0x11, 0x81]),
    descriptors=st.binary(max_size=300),
    program=st.binary(max_size=200),
)
def test_what_is_made_is_read_back(pid, kind, descriptors, program):
    stream = Elementary(pid, kind, descriptors, program)
    assert fed(*split(tables_for(stream))).audio == (stream,)


@pytest.mark.parametrize(
    ("kind", "descriptors", "is_audio"),
    [
        (0x1B, b"", False),
        (0x06, b"", False),
        (0x06, b"\x56\x05deu\x09\x00", False),
        (0x06, b"\x6a\x01\x00", True),
        (0x06, b"\x0a\x04deu\x00\x7a\x01\x00", True),
        (0x06, b"\x05\x04AC-3", True),
        (0x06, b"\x7f\x01\x15", True),
        (0x06, b"\x7f\x01\x20", False),
        (0x80, b"", False),
        (0x2D, b"", True),
    ],
)
def test_private_data_is_sound_where_a_descriptor_says_so(kind, descriptors, is_audio):
    stream = Elementary(0x101, kind, descriptors)
    assert fed(*split(tables_for(stream))).audio == ((stream,) if is_audio else ())


def test_sound_that_nobody_here_decodes_has_a_name():
    assert Elementary(1, 0x2E, b"").unheard == "mpegh_3d_audio"
    assert Elementary(1, 0x06, b"\x7f\x03\x15\x00\x00").unheard == "ac4"
    assert Elementary(1, 0x06, b"\x7a\x01\x00").unheard is None


def test_languages_are_those_of_the_descriptor():
    assert Elementary(1, 3, b"\x0a\x08deu\x00eng\x00").languages == "deu,eng"
    assert Elementary(1, 3, b"").languages is None


def test_a_map_is_followed_when_it_changes_and_only_then():
    maps = ProgramMaps()
    first, second = (split(tables_for(Elementary(pid, 3, b""))) for pid in (0x101, 0x201))
    assert [maps.feed(0 if number == 0 else 0x1000, packet) for number, packet in enumerate(first)] == [False, True]
    assert not maps.feed(0x1000, first[1])
    assert maps.feed(0x1000, second[1])
    assert [stream.pid for stream in maps.audio] == [0x201]


@given(st.lists(st.tuples(st.sampled_from([0, 0x1000]), st.binary(min_size=PACKET - 4, max_size=PACKET - 4))))
def test_no_packet_is_too_broken_for_a_map(packets):
    maps = fed(*split(tables_for(Elementary(0x101, 3, b""))))
    for pid, payload in packets:
        maps.feed(pid, bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10]) + payload)
    assert [stream.pid for stream in maps.audio] == [0x101]  # a checksum of 32 bits stands in front of it
