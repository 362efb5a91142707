"""Makes real transport streams with ffmpeg, and damages them as reception does: packets are cut out or changed."""

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKET = 188
BEEP_EVERY_S = 10.0
CLOCK = 90_000


def run_ffmpeg(*arguments: str | Path) -> None:
    """ffmpeg, which must succeed."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def make_beeps(
    path: Path, seconds: float, *, pts_offset_s: float = 38604.1, audio_delay_s: float = 0.0, codec: str = "mp2"
) -> Path:
    """A small H.264 picture with a 0.2 s beep of 1 kHz every 10 s (at 0, 10, 20 …) beside it, in MPEG-TS."""
    # aevalsrc's t is the audio's own time; delaying the audio delays the beeps by as much
    beeps = f"aevalsrc='if(lt(mod(t,{BEEP_EVERY_S}),0.2),0.5*sin(2*PI*1000*t),0)':d={seconds - audio_delay_s}:s=48000"
    run_ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s=96x64:r=25:d={seconds}",
        "-itsoffset", str(audio_delay_s), "-f", "lavfi", "-i", beeps,
        "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-g", "25",
        "-ac", "2", "-c:a", codec, "-b:a", "192k", "-metadata:s:a:0", "language=deu",
        "-output_ts_offset", str(pts_offset_s), "-f", "mpegts", path,
    )  # fmt: skip
    return path


def packets_of(path: Path) -> NDArray[np.uint8]:
    """(packets, 188) bytes of a transport stream."""
    data = np.fromfile(path, np.uint8)
    return data[: len(data) // PACKET * PACKET].reshape(-1, PACKET)


def pids(packets: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(packets,) PID of each."""
    return ((packets[:, 1].astype(np.int64) & 0x1F) << 8) | packets[:, 2]


def stamps_s(packets: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(packets,) seconds of the latest video PTS at or before each packet, from the first one on."""
    times = np.zeros(len(packets))
    first, now = None, 0.0
    for number, packet in enumerate(packets):
        pes = _pes_at(packet)
        if pes is not None and 0xE0 <= packet[pes + 3] <= 0xEF and packet[pes + 7] & 0x80:
            pts = _read_pts(packet, pes + 9)
            first = pts if first is None else first
            now = ((pts - first) % (1 << 33)) / CLOCK
        times[number] = now
    return times


def cut_out(source: Path, target: Path, start_s: float, end_s: float, *, only_pid: int | None = None) -> Path:
    """Lose every packet (or those of one PID) between two moments."""
    packets = packets_of(source)
    times = stamps_s(packets)
    lost = (times >= start_s) & (times < end_s)
    if only_pid is not None:
        lost &= pids(packets) == only_pid
    packets[~lost].tofile(target)
    return target


def audio_pid(packets: NDArray[np.uint8]) -> int:
    """PID of the first audio packet."""
    for packet in packets:
        pes = _pes_at(packet)
        if pes is not None and (0xC0 <= packet[pes + 3] <= 0xDF or packet[pes + 3] == 0xBD):
            return int(pids(packet[None])[0])
    raise AssertionError("no audio in the stream")


def shift_clock(source: Path, target: Path, from_s: float, by_s: float) -> Path:
    """Add `by_s` to every PTS, DTS and PCR from a moment on: a splice."""
    packets = packets_of(source)
    times = stamps_s(packets)
    ticks = round(by_s * CLOCK)
    for number in np.flatnonzero(times >= from_s):
        _shift(packets[number], ticks)
    packets.tofile(target)
    return target


def jump_every_second(source: Path, target: Path, by_s: float, seconds_of_it: float = 100.0) -> Path:
    """Add `by_s` once more to every PTS, DTS and PCR with every second of the stream."""
    packets = packets_of(source)
    for number, packet in enumerate(packets):
        seconds = int(number * seconds_of_it / len(packets))
        _shift(packet, round(seconds * by_s * CLOCK))
    packets.tofile(target)
    return target


def _pes_at(packet: NDArray[np.uint8]) -> int | None:
    """Where a PES header starts in the packet, if one does."""
    if not packet[1] & 0x40:
        return None
    at = 4 + (1 + int(packet[4]) if packet[3] & 0x20 else 0)
    return at if at + 14 < PACKET and bytes(packet[at : at + 3]) == b"\0\0\1" else None


def _read_pts(packet: NDArray[np.uint8], at: int) -> int:
    b = [int(value) for value in packet[at : at + 5]]
    return ((b[0] >> 1 & 7) << 30) | (b[1] << 22) | (b[2] >> 1 << 15) | (b[3] << 7) | (b[4] >> 1)


def _write_pts(packet: NDArray[np.uint8], at: int, pts: int) -> None:
    packet[at] = (packet[at] & 0xF1) | (pts >> 30 & 7) << 1
    packet[at + 1] = pts >> 22 & 0xFF
    packet[at + 2] = (pts >> 15 & 0x7F) << 1 | 1
    packet[at + 3] = pts >> 7 & 0xFF
    packet[at + 4] = (pts & 0x7F) << 1 | 1


def _shift(packet: NDArray[np.uint8], ticks: int) -> None:
    if packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10:
        base = int.from_bytes(bytes(packet[6:10]), "big") << 1 | int(packet[10]) >> 7
        base = (base + ticks) % (1 << 33)
        packet[6:10] = list((base >> 1).to_bytes(4, "big"))
        packet[10] = (packet[10] & 0x7F) | (base & 1) << 7
    pes = _pes_at(packet)
    if pes is not None and packet[pes + 3] >= 0xBD:
        for flag, at in ((0x80, 9), (0x40, 14)):
            if packet[pes + 7] & flag:
                _write_pts(packet, pes + at, (_read_pts(packet, pes + at) + ticks) % (1 << 33))


def beep_times(samples: NDArray[np.float32], rate: int = 16_000) -> list[float]:
    """Seconds at which each beep starts."""
    loud = np.abs(samples) > 0.1
    starts = np.flatnonzero(loud & ~np.concatenate(([False], loud[:-1])))
    kept: list[float] = []
    for start in starts:
        if not kept or start / rate - kept[-1] > 1:
            kept.append(float(start / rate))
    return kept
