"""Packets are read as they lie, whatever lies between them; what was never written is an end."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.audio import packets
from voicemark.audio.packets import WRAP_TICKS, data_end, elapsed, runs, stamps_of
from voicemark.mpegts import PACKET


def stream(count: int, seed: int = 0) -> np.ndarray:
    """(count, 188) packets of PID 0x100 … 0x103, numbered in their last bytes, without another sync byte in them."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0x80, 0x100, (count, PACKET), np.uint8)
    rows[:, 0], rows[:, 1] = 0x47, 0x01
    rows[:, 2] = np.arange(count) % 4
    rows[:, 3] = 0x10
    rows[:, -4:] = np.frombuffer(np.arange(count, dtype=">u4").tobytes(), np.uint8).reshape(-1, 4) | 0x80
    return rows


def read(*files) -> np.ndarray:
    parts = []
    for run in runs(files):
        parts.append(run.rows[run.good])
        assert np.array_equal(run.pids, (run.rows[:, 1].astype(int) & 0x1F) << 8 | run.rows[:, 2])
    return np.concatenate(parts) if parts else np.zeros((0, PACKET), np.uint8)


@pytest.mark.parametrize("stride", [188, 192, 204])
@pytest.mark.parametrize("block", [3000, 1 << 20])
def test_all_packets_of_all_strides_in_any_blocks(tmp_path, monkeypatch, stride, block):
    monkeypatch.setattr(packets, "BLOCK", block)
    rows = stream(500)
    padded = np.zeros((500, stride), np.uint8)
    at = 4 if stride == 192 else 0
    padded[:, at : at + PACKET] = rows
    padded.tofile(tmp_path / "a.ts")
    assert np.array_equal(read(tmp_path / "a.ts"), rows)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 400 * PACKET), max_size=4), block=st.integers(1500, 100_000))
def test_a_stream_cut_into_files_anywhere_is_the_same_stream(tmp_path_factory, cuts, block):
    folder = tmp_path_factory.mktemp("cut")
    rows = stream(400)
    data, places = rows.tobytes(), sorted({0, *cuts, 400 * PACKET})
    files = []
    for number, (start, end) in enumerate(itertools.pairwise(places)):
        files.append(folder / f"{number}.ts")
        files[-1].write_bytes(data[start:end])
    before, packets.BLOCK = packets.BLOCK, block
    try:
        assert np.array_equal(read(*files), rows)
    finally:
        packets.BLOCK = before


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=4000), at=st.integers(0, 100), block=st.integers(1500, 20_000))
def test_whatever_stands_between_packets_costs_only_what_it_covers(tmp_path_factory, data, at, block):
    rows = stream(100)
    file = tmp_path_factory.mktemp("junk") / "a.ts"
    file.write_bytes(rows[:at].tobytes() + data + rows[at:].tobytes())
    before, packets.BLOCK = packets.BLOCK, block
    try:
        found = {row.tobytes() for row in read(file)}
    finally:
        packets.BLOCK = before
    kept = sum(row.tobytes() in found for row in rows)
    assert kept >= 100 - 12  # an alignment needs five packets in a row on either side


def test_a_packet_whose_end_is_missing_is_left_out(tmp_path):
    rows = stream(60)
    (tmp_path / "a.ts").write_bytes(rows[:30].tobytes()[:-77] + rows[30:].tobytes())
    assert np.array_equal(read(tmp_path / "a.ts"), np.concatenate([rows[:29], rows[30:]]))


def test_random_bytes_over_packets_leave_their_neighbours_whole(tmp_path):
    rows = stream(60)
    rows[20:25] = np.random.default_rng(1).integers(0, 0x40, (5, PACKET), np.uint8)
    rows.tofile(tmp_path / "a.ts")
    assert np.array_equal(read(tmp_path / "a.ts"), np.concatenate([rows[:20], rows[25:]]))


@pytest.mark.parametrize("zeros", [0, 100, 1 << 16, 3_000_000])
def test_zeros_at_the_end_are_no_data(tmp_path, zeros):
    (tmp_path / "a.ts").write_bytes(b"\x47data" + bytes(zeros))
    assert data_end(tmp_path / "a.ts") == (5 if zeros >= packets.ZEROS else 5 + zeros)


@given(st.integers(0, WRAP_TICKS - 1), st.integers(-(WRAP_TICKS // 2), WRAP_TICKS // 2 - 1))
def test_time_goes_on_over_a_wrap(earlier, ticks):
    assert elapsed(earlier, (earlier + ticks) % WRAP_TICKS) == ticks


@given(st.lists(st.binary(min_size=PACKET, max_size=PACKET), max_size=20))
def test_no_packet_is_too_broken_to_look_at(rows):
    block = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, PACKET)
    stamps = stamps_of(block)
    assert len(stamps) == len(rows)
    assert all(-1 <= stamp < WRAP_TICKS for stamp in stamps)


@given(st.integers(0, WRAP_TICKS - 1), st.integers(0, 100))
def test_a_time_stamp_is_read_behind_any_adaptation_field(stamp, stuffing):
    head = bytes([0x47, 0x41, 0x00, 0x30, stuffing]) + bytes(stuffing)
    pts = bytes(
        [
            0x21 | stamp >> 29 & 0x0E,
            stamp >> 22 & 0xFF,
            stamp >> 14 & 0xFE | 1,
            stamp >> 7 & 0xFF,
            stamp << 1 & 0xFE | 1,
        ]
    )
    packet = (head + b"\0\0\1\xc0\0\0\x80\x80\x05" + pts).ljust(PACKET, b"\xff")
    assert stamps_of(np.frombuffer(packet, np.uint8)[None]).tolist() == [stamp]
