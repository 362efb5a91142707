"""Transport stream packets and sections: strides, lost alignment, counters, against a slow reading packet by packet."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dvb_tables import StreamWriter, eit_section, event, short_event, slow_crc32

from voicemark.mpegts import PACKET, SectionAssembler, alignment, packets


def stream(count: int = 40, seed: int = 1) -> tuple[StreamWriter, list[bytes]]:
    """EIT sections of several packets between noise on other PIDs."""
    chance = random.Random(seed)
    writer, sections = StreamWriter(), []
    for number in range(count):
        for _ in range(chance.randrange(4)):
            writer.packet(0x100 + chance.randrange(3), chance.randbytes(184).replace(b"\x47", b"\x48"))
        sections.append(
            eit_section(1, [event(number, b"\xe0\x00\x12\x00\x00", 60, short_event("T" * chance.randrange(1, 200)))])
        )
        writer.section(0x12, sections[-1], pointer=0)
    return writer, sections


def assembled(block: bytes) -> list[bytes]:
    assembler = SectionAssembler()
    return [found for packet in packets(block, {0x12}) if packet.pid == 0x12 for found in assembler.feed(packet.data)]


@pytest.mark.parametrize("stride", [188, 192, 204])
@pytest.mark.parametrize("head", [0, 1, 187, 1000])
def test_sections_are_found_at_every_stride_and_alignment(stride: int, head: int) -> None:
    writer, sections = stream()
    assert assembled(b"\x00" * head + writer.bytes(stride)) == sections


def test_sections_across_packets_and_several_in_one() -> None:
    small = [eit_section(1, [event(number, b"\xe0\x00\x12\x00\x00", 60)]) for number in range(3)]
    large = eit_section(2, [event(9, b"\xe0\x00\x12\x00\x00", 60, short_event("x" * 100))])
    writer = StreamWriter()
    first = b"\x00" + b"".join(small)
    taken = 184 - len(first)
    writer.packet(0x12, first + large[:taken], starts=True)
    rest = large[taken:]
    writer.packet(0x12, bytes([len(rest)]) + rest + small[0], starts=True)
    assert assembled(writer.bytes()) == [*small, large, small[0]]


def test_a_lost_packet_costs_one_section() -> None:
    writer, sections = stream()
    own = [index for index, packet in enumerate(writer.packets) if packet[1] & 0x1F == 0 and packet[2] == 0x12]
    starts = [index for index in own if writer.packets[index][1] & 0x40]
    victim = next(index for index in own if index not in starts)
    del writer.packets[victim]
    lost = sum(start < victim for start in starts) - 1
    found = assembled(writer.bytes())
    assert [one for one in sections if one not in found] == [sections[lost]]


def test_packets_with_the_error_flag_are_left_out() -> None:
    writer, sections = stream()
    index = next(i for i, packet in enumerate(writer.packets) if packet[1] & 0x40)
    packet = bytearray(writer.packets[index])
    packet[1] |= 0x80
    writer.packets[index] = bytes(packet)
    found = assembled(writer.bytes())
    assert len(found) == len(sections) - 1


def test_repeated_packets_count_once() -> None:
    writer, sections = stream()
    doubled = [packet for packet in writer.packets for _ in range(2)]
    writer.packets = doubled
    assert assembled(writer.bytes()) == sections


def test_scrambled_packets_hold_no_sections() -> None:
    writer, _ = stream()
    block = b"".join(packet[:3] + bytes([packet[3] | 0x80]) + packet[4:] for packet in writer.packets)
    assert assembled(block) == []


def test_alignment_is_found_anew_behind_damage() -> None:
    writer, sections = stream(60)
    raw = writer.bytes()
    cut = len(raw) // 2
    damaged = raw[:cut] + random.Random(2).randbytes(5000).replace(b"\x47", b"\x00") + raw[cut + 77 :]
    found = assembled(damaged)
    assert len(set(found) & set(sections)) >= len(sections) - 4
    assert all(one in sections for one in found if slow_crc32(one) == 0)


def test_clocks_of_all_pids_pass_the_filter() -> None:
    writer = StreamWriter()
    for number in range(10):
        writer.packet(0x100, b"\x00", pcr=90_000 * number)
        writer.packet(0x101, b"\x00" * 184)
    assert [packet.pcr_s for packet in packets(writer.bytes(), set())] == [float(number) for number in range(10)]


def slow(block: bytes, pid: int) -> list[tuple[int, bytes]]:
    """Whole packets of an undamaged stream, one by one."""
    return [
        (at, block[at : at + PACKET])
        for at in range(0, len(block) - PACKET + 1, PACKET)
        if (block[at + 1] & 0x1F) << 8 | block[at + 2] == pid and not block[at + 1] & 0x80
    ]


@given(st.integers(0, 1000), st.integers(5, 30))
def test_the_filter_finds_what_a_slow_reading_finds(seed: int, count: int) -> None:
    block = stream(count, seed)[0].bytes()
    for pid in (0x12, 0x100):
        assert [(packet.at, packet.data) for packet in packets(block, {pid})] == slow(block, pid)


@given(st.binary(max_size=3000), st.integers(0, 300))
def test_any_bytes_are_packets_or_nothing(raw: bytes, fill: int) -> None:
    block = raw + b"\x47" * fill + raw[::-1]
    for packet in packets(block, range(0x20)):
        assert block[packet.at : packet.at + PACKET] == packet.data
    found = alignment(block)
    assert found is None or block[found[1]] == 0x47


@given(st.lists(st.binary(min_size=188, max_size=188), max_size=30))
def test_any_packets_assemble_to_whole_sections_or_nothing(raw: list[bytes]) -> None:
    assembler = SectionAssembler()
    for data in raw:
        for found in assembler.feed(data):
            assert len(found) == 3 + (int.from_bytes(found[1:3], "big") & 0x0FFF)


def test_the_writer_ends_its_sections_with_a_right_checksum() -> None:
    assert slow_crc32(stream(1)[1][0]) == 0
