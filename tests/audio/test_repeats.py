"""What a receiver writes twice is heard once: nothing shifts, and the result is the same wherever the seam lies."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.composed import Tone, piece
from support.streams import PACKET, packets_of, pids

from voicemark.audio.demux import AudioReader
from voicemark.audio.repeats import Repeats
from voicemark.config import AudioSection


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return piece(tmp_path_factory.mktemp("whole") / "w.ts", 20, Tone((300.0, 440.0)), picture=True)


def hear(*files: Path) -> tuple[np.ndarray, AudioReader]:
    reader = AudioReader(files, AudioSection())
    return np.concatenate(list(reader.blocks())), reader


@pytest.mark.parametrize("repeated", [PACKET * 16, PACKET * 90, 5_000, 20_001], ids=str)
@pytest.mark.parametrize("offset", [0, 77])
def test_the_last_bytes_again_in_the_next_file(whole, tmp_path, repeated, offset):
    data = whole.read_bytes()
    cut = len(data) // 2 // PACKET * PACKET + offset
    (tmp_path / "1.ts").write_bytes(data[:cut])
    (tmp_path / "2.ts").write_bytes(data[cut - repeated :])
    audio, reader = hear(tmp_path / "1.ts", tmp_path / "2.ts")
    undisturbed, _ = hear(whole)
    assert len(audio) == len(undisturbed)
    assert np.abs(audio - undisturbed).max() < 1e-4
    assert reader.heard.breaks == ()
    twice = [note for note in reader.heard.notes if "came twice" in note]
    assert (len(twice) == 1 and "at 0:0" in twice[0]) or "at 0:1" in twice[0]


@pytest.mark.parametrize("offset", [0, 77])
def test_the_last_bytes_again_in_the_middle_of_a_file(whole, tmp_path, offset):
    data = whole.read_bytes()
    cut = len(data) // 3 // PACKET * PACKET + offset
    (tmp_path / "r.ts").write_bytes(data[:cut] + data[cut - 9_000 :])
    audio, reader = hear(tmp_path / "r.ts")
    undisturbed, _ = hear(whole)
    assert len(audio) == len(undisturbed) and np.abs(audio - undisturbed).max() < 1e-4
    assert reader.heard.breaks == () and any("came twice" in note for note in reader.heard.notes)


def test_silence_looks_alike_and_is_no_repetition(tmp_path):
    silent = piece(tmp_path / "s.ts", 30, Tone((0.0,), codec=("mp2", "-b:a", "256k")))
    _, clean = hear(silent)
    assert clean.heard.notes == () and clean.heard.duration_s == pytest.approx(30, abs=0.1)
    packets = packets_of(silent)
    lost = (pids(packets) == 0x101) & (np.arange(len(packets)) // 50 % 20 == 7)
    packets[~lost].tofile(tmp_path / "lost.ts")
    _, reader = hear(tmp_path / "lost.ts")
    assert not any("came twice" in note for note in reader.heard.notes)
    assert reader.heard.duration_s == pytest.approx(clean.heard.duration_s, abs=0.1)


def numbered(numbers: list[int], unit: set[int]) -> np.ndarray:
    """Packets (n, 188) of one PID whose content says which of the stream's they are."""
    rows = np.zeros((len(numbers), PACKET), np.uint8)
    for row, number in zip(rows, numbers, strict=True):
        row[:4] = 0x47, 0x41 if number in unit else 0x01, 0x01, 0x10 | number & 0x0F
        row[4:8] = np.frombuffer(number.to_bytes(4, "big"), np.uint8)
    return rows


@settings(max_examples=200, deadline=None)
@given(
    length=st.integers(2, 120),
    at=st.integers(1, 100),
    again=st.integers(1, 60),
    batches=st.lists(st.integers(1, 40), min_size=1, max_size=10),
    every=st.integers(1, 8),
)
def test_every_packet_once_however_they_are_delivered(length, at, again, batches, every):
    at, again = min(at, length), min(again, at, length)
    numbers = [*range(at), *range(at - again, length)]
    unit = set(range(0, length, every))
    # Sixteen, thirty-two … packets again cannot be told from what is new until the first time stamp among them.
    if again % 16 == 0 and at - again not in unit:
        return
    repeats, kept, start, turn = Repeats(), [], 0, 0
    rows = numbered(numbers, unit)
    while start < len(rows):
        size = batches[turn % len(batches)]
        part = rows[start : start + size]
        fresh = repeats.fresh(part, suspicious=True)
        kept += [int.from_bytes(row[4:8].tobytes(), "big") for row in part[fresh]]
        start, turn = start + size, turn + 1
    assert kept == list(range(length))
