"""VDR's marks: VDR reads the frame that was meant, pairs stay pairs, lost signal is no time, and the real VDR cuts
where the voice is."""

import re
import shutil
import struct
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.streams import PACKET, beep_times, cut_out, make_beeps, packets_of, pids, stamps_s

from voicemark.audio import ffmpeg
from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection
from voicemark.export.base import Hole, MarkedRecording, Marker, MediaFile
from voicemark.export.load import with_frames
from voicemark.export.vdr_index import VdrIndex, first_video_stamp
from voicemark.export.vdr_marks import VdrMarks, frame_at, frame_text

needs_vdr = pytest.mark.skipif(shutil.which("vdr") is None, reason="vdr is not installed")
RATES = (25.0, 50.0, 29.97, 30000 / 1001, 59.94, 23.976, 12.5)
NAME = "2024-01-01.20.15.1-0.rec"


def vdr_reads(text: str, rate: float) -> int:
    """The frame that VDR takes a mark for (recording.c, HMSFToIndex)."""
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:.]", text))
    whole = (hours * 3600 + minutes * 60 + seconds) * rate
    return int(whole + 0.5) + frames  # C's round(): halves away from zero


def marks_of(data: bytes, rate: float) -> list[int]:
    return [vdr_reads(line.split(" ")[0], rate) for line in data.decode().splitlines()]


def recording_of(markers: tuple[Marker, ...], rate: float | None = 25.0, **more: object) -> MarkedRecording:
    path = Path("/srv/vdr") / NAME
    base = MarkedRecording(path, "vdr", "c0ffee", (MediaFile(path / "00001.ts"),), markers, frame_rate=rate)
    return replace(base, **more)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.integers(0, 60 * 60 * 60 * 30), st.sampled_from(RATES))
def test_vdr_reads_back_the_frame_that_was_meant(frame: int, rate: float) -> None:
    text = frame_text(frame, rate)
    assert re.fullmatch(r"\d+:[0-5]\d:[0-5]\d\.\d\d", text)
    assert vdr_reads(text, rate) == frame


@pytest.mark.parametrize(
    ("seconds", "rate", "text"),
    [
        (186.04, 25.0, "0:03:06.01"),
        (186.04, 50.0, "0:03:06.02"),
        (3600.0, 25.0, "1:00:00.00"),
        # an hour of player's time at 29.97 fps is 107,892 frames
        (3600.0, 29.97, "1:00:00.00"),
        (3600.5, 29.97, "1:00:00.15"),
    ],
)
def test_a_moment_becomes_the_mark_that_vdr_would_write(seconds: float, rate: float, text: str) -> None:
    assert frame_text(frame_at(seconds, recording_of((), rate)), rate) == text


marker_lists = st.lists(
    st.builds(
        lambda start, length, name: Marker(name, start, start + length, 0.5),
        st.floats(0, 7200),
        st.floats(0.5, 120),
        st.sampled_from(["Anna", "Ben"]),
    ),
    max_size=12,
).map(tuple)
hole_lists = st.lists(st.tuples(st.floats(0, 7200), st.floats(0.5, 300)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(marker_lists, st.sampled_from(RATES), st.none() | st.integers(1, 200_000), hole_lists)
def test_marks_are_pairs_in_order_whatever_the_markers(
    markers: tuple[Marker, ...], rate: float, frames: int | None, holes: list[tuple[float, float]]
) -> None:
    lost = tuple(Hole(start, length) for start, length in sorted(holes))
    marks = marks_of(VdrMarks().render(recording_of(markers, rate, frames=frames, holes=lost)), rate)
    assert len(marks) % 2 == 0
    assert all(earlier < later for earlier, later in pairwise(marks))
    if frames is not None:
        assert all(0 <= mark < frames for mark in marks)
    elif not lost:
        assert bool(marks) == bool(markers)
        for marker in markers:
            middle = (marker.start_s + marker.end_s) / 2 * rate
            assert any(begin <= middle <= end for begin, end in zip(marks[::2], marks[1::2], strict=True))


def test_voices_that_overlap_are_one_span_named_after_both() -> None:
    recording = recording_of((Marker("Anna", 10, 20, 0.9), Marker("Ben", 15, 30, 0.8), Marker("Anna", 60, 70, 0.7)))
    assert VdrMarks().render(recording).decode().splitlines() == [
        "0:00:10.00 voicemark: Anna, Ben",
        "0:00:30.00 voicemark: end",
        "0:01:00.00 voicemark: Anna",
        "0:01:10.00 voicemark: end",
    ]


def test_lost_signal_is_no_time_for_vdr() -> None:
    recording = recording_of((), holes=(Hole(10, 5), Hole(100, 60)))
    assert [frame_at(seconds, recording) for seconds in (5, 10, 12, 15, 20, 170)] == [125, 250, 250, 250, 375, 2625]


def test_a_name_cannot_break_out_of_its_line() -> None:
    data = VdrMarks().render(recording_of((Marker("An\nna\r\n0:00:00.00", 10, 20, 0.9),)))
    assert len(data.splitlines()) == 2


def test_pes_recordings_have_another_name_for_the_marks() -> None:
    old = recording_of((), files=(MediaFile(Path("/srv/vdr") / NAME / "001.vdr"),))
    assert [path.name for path, _ in VdrMarks().targets(old)] == ["marks.vdr"]
    assert [path.name for path, _ in VdrMarks().targets(recording_of(()))] == ["marks"]
    assert list(VdrMarks().targets(recording_of((), recorder="plain"))) == []


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_stamps_are_sought_in_any_bytes(data: bytes) -> None:
    stamp = first_video_stamp(data)
    assert stamp is None or 0 <= stamp < 1 << 33


@pytest.mark.parametrize("data", [b"", b"1234567", b"\xff" * 80, bytes(8)])
def test_an_index_that_cannot_be_used_is_left_aside(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "index").write_bytes(data)
    make_beeps(folder / "00001.ts", 2)
    recording = recording_of((), path=folder, files=(MediaFile(folder / "00001.ts"),))
    assert with_frames(recording).holes == ()


@settings(max_examples=60, deadline=None)
@given(
    index=st.lists(st.tuples(st.integers(0, 2000), st.booleans(), st.integers(0, 2)), min_size=1, max_size=40),
    stamps=st.lists(st.integers(0, (1 << 33) - 1), min_size=1, max_size=12),
    noise=st.binary(max_size=200),
)
def test_any_index_over_any_recording_gives_holes_in_order_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
    index: list[tuple[int, bool, int]],
    stamps: list[int],
    noise: bytes,
) -> None:
    folder = tmp_path_factory.mktemp("rec")
    entries = (offset | independent << 47 | number << 48 for offset, independent, number in index)
    (folder / "index").write_bytes(b"".join(struct.pack("<Q", entry) for entry in entries) + noise)
    (folder / "00001.ts").write_bytes(b"".join(map(picture_packet, stamps)) + noise)
    try:
        holes = VdrIndex(folder, 25.0).holes(0.0)
    except ValueError:
        return
    assert all(hole.length_s > 0 for hole in holes)
    assert all(earlier.start_s <= later.start_s for earlier, later in pairwise(holes))


def picture_packet(stamp: int) -> bytes:
    """A transport packet in which a picture with this PTS begins (ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.6)."""
    pts = bytes((
        0x21 | stamp >> 29 & 0x0E, stamp >> 22 & 0xFF, 1 | stamp >> 14 & 0xFE, stamp >> 7 & 0xFF, 1 | stamp << 1 & 0xFE
    ))  # fmt: skip
    return (b"\x47\x41\x00\x10\0\0\1\xe0\0\0\x80\x80\x05" + pts).ljust(188, b"\xff")


@settings(deadline=None)
@given(st.integers(0, (1 << 33) - 1))
def test_a_pictures_time_stamp_is_read(stamp: int) -> None:
    assert first_video_stamp(picture_packet(stamp)) == stamp


class VdrFolder:
    """A `.rec` directory in a video directory, with an index that the real VDR made."""

    def __init__(self, tmp_path: Path, parts: list[np.ndarray], rate: float = 25.0) -> None:
        self.video = tmp_path / "video"
        self.path = self.video / "Tatort" / NAME
        self.path.mkdir(parents=True)
        for number, part in enumerate(parts, start=1):
            part.tofile(self.path / f"{number:05d}.ts")
        (self.path / "info").write_text(f"T Tatort\nF {rate:g}\n")
        self.vdr(f"--genindex={self.path}")

    def vdr(self, *arguments: str) -> None:
        subprocess.run(["vdr", "-v", self.video, *arguments], check=True, capture_output=True, timeout=120)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(sorted(self.path.glob("0*.ts")))

    def marked(self, *markers: Marker) -> MarkedRecording:
        files = tuple(MediaFile(file) for file in self.files)
        return with_frames(MarkedRecording(self.path, "vdr", "c0ffee", files, markers))

    def cut_by(self, marks: bytes) -> Path:
        """What VDR makes of the recording when it cuts by `marks`."""
        (self.path / "marks").write_bytes(marks)
        self.vdr(f"--edit={self.path}")
        [cut] = self.video.glob("%Tatort/*.rec/00001.ts")  # named after the minute at which the cut begins
        return cut


def beeps_in(*files: Path) -> list[float]:
    reader = AudioReader(files, AudioSection())
    return beep_times(np.concatenate(list(reader.blocks())))


def split_at(packets: np.ndarray, seconds: float) -> list[np.ndarray]:
    at = int(np.searchsorted(stamps_s(packets), seconds))
    return [packets[:at], packets[at:]]


@needs_vdr
def test_the_real_vdr_cuts_where_the_voice_is_across_files_and_a_hole(tmp_path: Path) -> None:
    whole = make_beeps(tmp_path / "whole.ts", 50)
    damaged = cut_out(whole, tmp_path / "damaged.ts", 14.0, 23.0)  # nine seconds are lost
    folder = VdrFolder(tmp_path, split_at(packets_of(damaged), 30.0))
    assert len(folder.files) == 2
    # a player keeps the time of what is left
    assert beeps_in(*folder.files) == pytest.approx([0, 10, 30, 40], abs=0.15)

    recording = folder.marked(Marker("Anna", 39.0, 42.0, 0.9))
    assert recording.frame_rate == 25.0
    assert sum(hole.length_s for hole in recording.holes) == pytest.approx(9, abs=0.3)
    first, second = marks_of(VdrMarks().render(recording), 25.0)
    assert first == pytest.approx((39.0 - 9.0) * 25, abs=8)
    assert second - first == pytest.approx(75, abs=2)

    cut = folder.cut_by(VdrMarks().render(recording))
    [beep] = beeps_in(cut)
    assert beep == pytest.approx(1.0, abs=1.0)  # VDR moves marks to the nearest I-frame: one a second here


@needs_vdr
@pytest.mark.parametrize(("rate", "number"), [("25", 25.0), ("50", 50.0), ("30000/1001", 30000 / 1001)])
def test_marks_are_right_at_every_frame_rate_of_the_real_index(tmp_path: Path, rate: str, number: float) -> None:
    source = tmp_path / "source.ts"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"testsrc=size=96x64:rate={rate}:d=20",
         "-f", "lavfi", "-i", "sine=d=20", "-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-c:a", "mp2",
         "-f", "mpegts", source],
        check=True,
    )  # fmt: skip
    folder = VdrFolder(tmp_path, split_at(packets_of(source), 9.0), number)
    recording = folder.marked(Marker("Anna", 12.0, 16.0, 0.9))
    assert sum(hole.length_s for hole in recording.holes) < 0.2
    # the index itself, read independently: which frame has the time stamp of 12 s?
    index = (folder.path / "index").read_bytes()
    entries = [struct.unpack_from("<Q", index, at)[0] for at in range(0, len(index) - 7, 8)]
    assert recording.frames == len(entries)
    first = marks_of(VdrMarks().render(recording), number)[0]
    entry = entries[first]
    file = folder.path / f"{entry >> 48:05d}.ts"
    stamp = first_video_stamp(file.read_bytes()[entry & ((1 << 40) - 1) :])
    start_s = ffmpeg.probe(folder.files[0]).start_s
    assert stamp is not None and start_s is not None
    assert stamp / 90_000 - start_s == pytest.approx(12.0, abs=4 / number)


@needs_vdr
def test_few_time_stamps_are_read_however_many_holes(tmp_path: Path) -> None:
    whole = make_beeps(tmp_path / "whole.ts", 60)
    packets = packets_of(whole)
    times = stamps_s(packets)
    kept = ~(((times > 11) & (times < 13.5)) | ((times > 31) & (times < 36)))
    folder = VdrFolder(tmp_path, [packets[kept]])
    index = VdrIndex(folder.path, 25.0)
    start_s = ffmpeg.probe(folder.files[0]).start_s
    assert start_s is not None
    holes = [hole for hole in index.holes(start_s) if hole.length_s > 0.5]
    assert [hole.length_s for hole in holes] == pytest.approx([2.5, 5.0], abs=0.3)
    assert [hole.start_s for hole in holes] == pytest.approx([11, 31], abs=1.1)  # an I-frame every second
    assert len(index._known) < 200
    assert pids(packets).size * PACKET == whole.stat().st_size
