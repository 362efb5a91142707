"""A running ffmpeg that decodes one audio stream, and the time stamp of each piece of what it decodes.

The samples come through one pipe, in the 16 bits that television is made of, the time stamp of every frame through
another (ffmpeg's `framecrc` text), so that holes are judged by `voicemark.audio.timeline`: ffmpeg's own correction
takes a lost minute for a splice. What is decoded is a file, or what is fed to it (`Feed`). Nothing else runs ffmpeg on
a recording.
"""

import os
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Any, Protocol, Self

import ffmpeg
import numpy as np

from voicemark.audio import processes
from voicemark.audio.complaints import (
    LONGEST_LINE,
    Complaints,
    last_words,
    read_error,
    short_of_memory,
    tool_is_broken,
)
from voicemark.audio.ffmpeg import blame_tool, find_program
from voicemark.audio.pcm import WIDTH, from_pcm
from voicemark.audio.streams import FIRST_LOOK, Look
from voicemark.audio.timeline import SAMPLE_RATE, Piece
from voicemark.containers import DEMUXERS
from voicemark.errors import (
    RecordingError,
    RecordingUnreadableError,
    RecordingVanishedError,
    ToolError,
    unreadable,
)
from voicemark.patience import NoAnswerError, status

FASTER_DECODERS = {"mp1": "mp1float", "mp2": "mp2float"}
"""ffmpeg prefers the fixed-point MP2 decoder, which costs half as much again as the float one."""
FILTER_TAPS = 16
"""Half as many as ffmpeg takes by itself, at half the cost: embeddings have a cosine of 0.998 with those of 32."""
SOURCE = "the recording"
PIPE_BYTES = 256 * 1024
LAST_LINES = 200
STEADY_SAMPLES = 4
"""Rounding 90 kHz stamps and resampled frames to samples moves them by one or two."""
BEAT_S = 1.0
"""So often an iteration comes back, whether there is something to hear or not."""
JOIN_S = 2.0
MOST_UNSTAMPED = 64 << 20
"""Bytes of samples that wait for their time stamps. A frame is a few thousand; more is what a broken header makes."""
CPU_S, CPU_S_PER_MB = 600.0, 12.0
"""An hour costs about 4 s on a desktop and has 30 to 60 MB as sound alone: a slow machine stays well below."""
_ENDED_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Feed(Protocol):
    """What is sent through ffmpeg's standard input, by a thread of its own."""

    @property
    def passed(self) -> int:
        """Bytes that have been read so far: while that grows, nothing hangs."""
        ...

    def pump(self, pipe: int) -> None:
        """Write all there is into `pipe`. Raises `OSError` of the source, `VoicemarkError`."""
        ...


@dataclass(frozen=True)
class Source:
    """What to decode, and how."""

    files: tuple[Path, ...]
    """For messages, and to see whether they are still there."""
    selector: str
    """Which stream, in ffmpeg's notation behind `0:`."""
    codec: str | None
    mono: str = ""
    """The chain of filters that makes one channel, in ffmpeg's notation with named arguments."""
    url: str = "pipe:0"
    form: str | None = None
    """The container's name, where it need not be found out."""
    seek_s: float = 0.0
    """Decoding begins about there; pieces keep their true time stamps."""
    look: Look = FIRST_LOOK


class Decoder:
    """A context manager, iterated over once: pieces, and None at least every `BEAT_S`; on leaving, ffmpeg is gone."""

    def __init__(
        self, source: Source, complaints: Complaints, *, feed: Feed | None = None, stall_s: float = 60.0
    ) -> None:
        """Without a byte read or delivered for `stall_s` it is ended. Raises `ToolError` when ffmpeg cannot start."""
        self.source = source
        self.samples = 0
        """Decoded so far."""
        self._complaints = complaints
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._stall_s = stall_s
        self._stamps: deque[tuple[int, int]] = deque()
        self._feed, self._feed_error = feed, None
        self._cpu_s = CPU_S + CPU_S_PER_MB * sum(map(_size, source.files)) / 1e6
        program = find_program("ffmpeg")
        stamps_in, stamps_out = os.pipe()
        try:
            self._process = processes.start(
                _command(program, source, stamps_out),
                cpu_s=self._cpu_s,
                stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(stamps_out,),
            )
        except OSError as error:
            os.close(stamps_in)
            raise ToolError(f"ffmpeg does not run: {error}") from error
        finally:
            os.close(stamps_out)
        self._helpers = [
            _thread(self._read_stamps, os.fdopen(stamps_in, "rb")),
            _thread(self._read_complaints, self._process.stderr),
        ]
        if feed is not None:
            self._helpers.append(_thread(self._pump, self._process.stdin))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def __iter__(self) -> Iterator[Piece | None]:
        """Pieces that are contiguous in themselves, in decoding order. Raises `RecordingError` when ffmpeg stalls
        or fails, `RecordingVanishedError` when the files went away, `ToolError` when ffmpeg is broken."""
        assert self._process.stdout is not None
        pipe, rest = self._process.stdout.fileno(), bytearray()
        alive, passed = monotonic(), -1
        while True:
            ready, _, _ = select.select([pipe], [], [], BEAT_S)
            if not ready:
                if self._feed is not None and self._feed.passed != passed:
                    alive, passed = monotonic(), self._feed.passed
                if monotonic() - alive > self._stall_s:
                    self._end()
                    raise RecordingUnreadableError(
                        f"ffmpeg delivered nothing for {self._stall_s:.0f} s and was ended",
                        path=self.source.files[0],
                        hint="is the disk (or the network folder) alive?",
                    )
                yield None
                continue
            read = os.read(pipe, PIPE_BYTES)
            alive = monotonic()
            if not read:
                break
            rest += read
            pieces = self._pieces(rest)
            if not pieces and len(rest) > MOST_UNSTAMPED:
                raise RecordingError(
                    f"one frame of its sound is longer than {len(rest) // WIDTH // SAMPLE_RATE // 60} min",
                    path=self.source.files[0],
                )
            yield from pieces or (None,)
        code = self._process.wait()
        for helper in self._helpers:
            helper.join(self._stall_s)
        yield from self._pieces(rest)
        self._check(code)

    def _pieces(self, data: bytearray) -> list[Piece]:
        """What `data` (16-bit samples) begins with, as far as its time stamps are known; taken out of it."""
        pieces: list[Piece] = []
        taken = 0
        for pts, length in self._runs(len(data) // WIDTH):
            end = taken + WIDTH * length
            pieces.append(Piece(pts, from_pcm(np.frombuffer(memoryview(data)[taken:end], "<i2"))))
            taken = end
        del data[:taken]
        self.samples += taken // WIDTH
        return pieces

    def _runs(self, available: int) -> list[tuple[int, int]]:
        """(time stamp, samples) of contiguous frames whose stamps are known and that lie within `available`."""
        runs: list[tuple[int, int]] = []
        used = 0
        while self._stamps and used + self._stamps[0][1] <= available:
            pts, length = self._stamps.popleft()
            used += length
            if runs and abs(pts - runs[-1][0] - runs[-1][1]) <= STEADY_SAMPLES:
                runs[-1] = (runs[-1][0], runs[-1][1] + length)
            else:
                runs.append((pts, length))
        return runs

    def _check(self, code: int) -> None:
        """Raise when ffmpeg did not get to the end of what there was: whose trouble that is, the error says."""
        first, lines = self.source.files[0], list(self._lines)
        if isinstance(self._feed_error, FileNotFoundError) or not all(map(_exists, self.source.files)):
            raise RecordingVanishedError("went away while it was read", path=first)
        if isinstance(self._feed_error, OSError):
            raise unreadable(self._feed_error, first) from self._feed_error
        if self._feed_error is not None:
            raise self._feed_error
        if (reason := read_error(lines)) is not None:
            raise RecordingUnreadableError(
                f"cannot be read to its end: {reason}", path=first, hint="look at the disk, or the mount"
            )
        if code == 0:
            return
        if tool_is_broken(code, lines):
            raise ToolError(f"ffmpeg failed: {last_words(lines)}", hint="is its installation whole?")
        if short_of_memory(lines):
            raise RecordingError(f"ffmpeg wants more than {processes.MEMORY >> 20} MB of memory for it", path=first)
        if code == -signal.SIGXCPU:
            raise RecordingError(f"ffmpeg worked on it for {self._cpu_s:.0f} s of CPU and was ended", path=first)
        if -code in _ENDED_FROM_OUTSIDE:
            raise RecordingUnreadableError(
                f"ffmpeg was ended by signal {-code}", path=first, hint="did the memory run short?"
            )
        blame_tool("ffmpeg")
        how = f"was ended by signal {-code}" if code < 0 else "failed"
        raise RecordingError(f"ffmpeg {how}: {last_words(lines, first)}", path=first)

    def _end(self) -> None:
        """Make ffmpeg end now, if it has not, and its threads with it."""
        processes.end(self._process)
        for helper in self._helpers:
            helper.join(JOIN_S)  # One that hangs in a read from a dead mount is left behind; it holds nothing.
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()

    def _read_stamps(self, pipe: IO[bytes]) -> None:
        """`framecrc` lines: stream, dts, pts, duration, bytes, checksum; the time base is one sample."""
        with pipe:
            for line in pipe:
                # A line without its end is what a killed ffmpeg leaves.
                if line.endswith(b"\n") and not line.startswith(b"#"):
                    fields = line.split(b",")
                    self._stamps.append((int(fields[2]), int(fields[4]) // WIDTH))

    def _read_complaints(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(LONGEST_LINE):
            text = line.decode("utf-8", "replace").rstrip()
            self._lines.append(text)
            self._complaints.add(text)

    def _pump(self, pipe: IO[bytes]) -> None:
        assert self._feed is not None
        try:
            with pipe:
                self._feed.pump(pipe.fileno())
        except BrokenPipeError:
            pass  # ffmpeg ended: its exit code says why
        except Exception as error:
            self._feed_error = error

    _feed_error: Exception | None


def _thread(target: Callable[[IO[bytes]], None], pipe: IO[bytes] | None) -> threading.Thread:
    thread = threading.Thread(target=target, args=(pipe,), daemon=True)
    thread.start()
    return thread


def _exists(file: Path) -> bool:
    """Raises `RecordingError` where its disk does not answer."""
    try:
        status(file)
    except NoAnswerError as error:
        raise unreadable(error, file) from error
    except OSError:
        return False
    return True


def _size(file: Path) -> int:
    try:
        return status(file).st_size
    except OSError:
        return 0


def _command(program: str, source: Source, stamps: int) -> Sequence[str]:
    options: dict[str, Any] = {
        "copyts": None,
        "protocol_whitelist": "file,pipe,subfile",
        "format_whitelist": DEMUXERS,
        "probesize": f"{source.look.megabytes}M",
        "analyzeduration": f"{source.look.seconds}000000",
        "threads": 1,
    }
    if source.form is not None:
        options["f"] = source.form
    if source.codec in FASTER_DECODERS:
        options[f"c:{source.selector}"] = FASTER_DECODERS[source.codec]
    if source.seek_s > 0:
        options["ss"] = f"{source.seek_s:.3f}"
    audio = ffmpeg.input(SOURCE, **options)[source.selector]
    for step in filter(None, source.mono.split(",")):
        name, _, arguments = step.partition("=")
        audio = audio.filter(name, **dict(argument.split("=", 1) for argument in arguments.split(":")))
    audio = audio.filter("aresample", SAMPLE_RATE, filter_size=FILTER_TAPS)
    audio = audio.filter("aformat", sample_fmts="s16", channel_layouts="mono")
    both = audio.filter_multi_output("asplit")
    outputs = ffmpeg.merge_outputs(
        both[0].output("pipe:1", format="s16le", acodec="pcm_s16le", flush_packets=0),
        both[1].output(f"pipe:{stamps}", format="framecrc", acodec="pcm_s16le", flush_packets=0),
    )
    command: list[str] = ffmpeg.compile(outputs.global_args("-nostdin", "-hide_banner", "-v", "error"), cmd=program)
    # ffmpeg-python takes no name that is not UTF-8, so the name is put in afterwards.
    command[command.index(SOURCE)] = source.url
    return command
