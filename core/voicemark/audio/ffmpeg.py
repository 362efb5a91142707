"""Every call of ffmpeg and ffprobe, and what is known about them. Nothing else starts either program.

A recording is data from the air: ffmpeg may open nothing but what it is given (`-protocol_whitelist`), and may not
take it for a playlist (`-format_whitelist`). Errors carry ffmpeg's own last words.
"""

import json
import os
import re
import select
import shutil
import subprocess
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

import ffmpeg
import numpy as np

from voicemark.audio.scrambling import is_scrambled
from voicemark.audio.streams import AudioStream, Media
from voicemark.audio.timeline import SAMPLE_RATE, Piece
from voicemark.containers import DEMUXERS
from voicemark.errors import NoAudioError, RecordingError, RecordingVanishedError, ToolError

PROBE_SIZE = "20M"
PROBE_DURATION_US = "15000000"
"""Audio of a broadcast may begin seconds after its video; ffmpeg's own 5 s are sometimes too few."""
FASTER_DECODERS = {"mp1": "mp1float", "mp2": "mp2float"}
"""ffmpeg prefers the fixed-point MP2 decoder, which costs half as much again as the float one."""
SOURCE = "the recording"
PIPE_BYTES = 256 * 1024
PROBE_TIMEOUT_S = 60.0
LAST_COMPLAINTS = 200
STEADY_SAMPLES = 4
"""Rounding 90 kHz stamps and resampled frames to samples moves them by one or two."""


def find_program(name: str) -> str:
    """The path of `ffmpeg` or `ffprobe`. Raises `ToolError` when it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"{name} is not installed", hint="install it, on Debian: apt install ffmpeg")
    return found


def version() -> str:
    """ffmpeg's version, such as `5.1.9-0+deb12u1`. Raises `ToolError`."""
    words = _output([find_program("ffmpeg"), "-version"]).split()
    return words[2] if len(words) > 2 else "unknown"


def decoders() -> frozenset[str]:
    """Names of all audio decoders that this ffmpeg has. Raises `ToolError`."""
    listing = _output([find_program("ffmpeg"), "-hide_banner", "-decoders"])
    return frozenset(re.findall(r"^ A[A-Z.]{5} (\S+)", listing, re.MULTILINE))


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{Path(command[0]).name} does not run: {error}") from error
    if done.returncode != 0:
        raise ToolError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


def check_readable(file: Path) -> None:
    """Raise the `RecordingError` that says why `file` cannot be read, if it cannot."""
    try:
        with file.open("rb") as opened:
            if not opened.read(1):
                raise NoAudioError("the file is empty", path=file, hint="the recorder wrote nothing; delete it")
    except FileNotFoundError:
        raise RecordingVanishedError("the file is gone", path=file) from None
    except PermissionError:
        raise RecordingError(
            "may not be read by this user", path=file, hint="give the user that runs voicemark read access"
        ) from None
    except OSError as error:
        raise RecordingError(f"cannot be read: {error.strerror}", path=file) from error


def probe(file: Path) -> Media:
    """What streams `file` holds, and when it starts.

    Raises `NoAudioError` for a file without any audio stream, `RecordingError` for one that is no recording.
    """
    check_readable(file)
    command = [
        find_program("ffprobe"), "-v", "error",
        "-protocol_whitelist", "file", "-format_whitelist", DEMUXERS,
        "-probesize", PROBE_SIZE, "-analyzeduration", PROBE_DURATION_US,
        "-show_format", "-show_streams", "-of", "json", f"file:{file}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise RecordingError(f"ffprobe found no end of it in {PROBE_TIMEOUT_S:.0f} s", path=file) from None
    except OSError as error:
        raise ToolError(f"ffprobe does not run: {error}") from error
    told = json.loads(done.stdout.decode("utf-8", "replace") or "{}")
    if done.returncode != 0 or "format" not in told:
        check_readable(file)
        if is_scrambled(file):
            raise scrambled(file)
        raise RecordingError(
            f"is no recording that ffmpeg can read: {last_words(done.stderr, file)}",
            path=file,
            hint="is it a media file, and whole?",
        )
    media = _media(told)
    if not any(stream.decodable for stream in media.streams) and is_scrambled(file):
        raise scrambled(file)
    if not media.streams:
        raise NoAudioError("has no audio stream", path=file, hint="only recordings with sound can be searched")
    return media


def scrambled(file: Path) -> NoAudioError:
    """The error for a recording that cannot be decoded because it was recorded without a key."""
    return NoAudioError("is scrambled", path=file, hint="it was recorded without its card; nothing can be heard in it")


def _media(told: dict[str, Any]) -> Media:
    streams = tuple(
        AudioStream(
            index=int(stream["index"]),
            codec=stream.get("codec_name"),
            channels=int(stream.get("channels", 0)),
            layout=stream.get("channel_layout"),
            sample_rate=int(stream.get("sample_rate", 0)),
            language=stream.get("tags", {}).get("language"),
            title=stream.get("tags", {}).get("title"),
            dispositions=frozenset(name for name, on in stream.get("disposition", {}).items() if on),
            start_s=_number(stream.get("start_time")),
        )
        for stream in told.get("streams", [])
        if stream.get("codec_type") == "audio"
    )
    return Media(
        format=str(told["format"].get("format_name", "")),
        start_s=_number(told["format"].get("start_time")),
        duration_s=_number(told["format"].get("duration")),
        streams=streams,
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def last_words(stderr: bytes | Sequence[str], file: Path | None = None) -> str:
    """ffmpeg's last complaints on one short line, each once with its count, without addresses and file names."""
    lines = stderr.decode("utf-8", "replace").splitlines() if isinstance(stderr, bytes) else stderr
    kept: Counter[str] = Counter()
    for line in lines[-200:]:
        text = re.sub(r"^\[[^\]]* @ 0x[0-9a-f]+\] ", "", line.strip())
        if file is not None:
            text = text.removeprefix(f"file:{file}: ")
        if text:
            kept[text] += 1
    words = [f"{text} (×{count})" if count > 1 else text for text, count in kept.items()][-3:]
    return "; ".join(words)[-300:] or "it gave no reason"


class Decoder:
    """A running ffmpeg that decodes one audio stream of `files` to 16 kHz mono; iterate once over its pieces.

    The samples come through one pipe, the time stamp of every frame through another (ffmpeg's `framecrc` text), so
    that holes are judged by `voicemark.audio.timeline`: ffmpeg's own correction takes a lost minute for a splice.
    Several files are fed to it as one stream. A context manager: on leaving, ffmpeg is gone.
    """

    def __init__(
        self,
        files: Sequence[Path],
        stream: AudioStream,
        *,
        mono: str = "",
        seek_s: float = 0.0,
        stall_s: float = 60.0,
    ) -> None:
        """`mono` is the chain of filters that makes one channel of the stream's, in ffmpeg's notation with named
        arguments; `seek_s` lets decoding begin about there
        (from the start of a single file; pieces keep their true time stamps); `stall_s` without a byte ends it."""
        self.files = tuple(files)
        self.complaints: deque[str] = deque(maxlen=LAST_COMPLAINTS)
        self.complaint_lines = 0
        self._stall_s = stall_s
        self._stamps: deque[tuple[int, int]] = deque()
        self._feed_error: OSError | None = None
        program = find_program("ffmpeg")
        stamps_in, stamps_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                _decode_command(program, self.files, stream, mono, seek_s, stamps_out),
                stdin=subprocess.PIPE if len(self.files) > 1 else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(stamps_out,),
            )
        except OSError as error:
            os.close(stamps_in)
            raise ToolError(f"ffmpeg does not run: {error}") from error
        finally:
            os.close(stamps_out)
        self._helpers = [self._start(self._read_stamps, os.fdopen(stamps_in, "rb"))]
        self._helpers.append(self._start(self._read_complaints, self._process.stderr))
        if self._process.stdin is not None:
            self._helpers.append(self._start(self._feed, self._process.stdin))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def __iter__(self) -> Iterator[Piece]:
        """Pieces that are contiguous in themselves, in decoding order. Raises `RecordingError` when ffmpeg stalls
        or fails, `RecordingVanishedError` when the files went away."""
        assert self._process.stdout is not None
        pipe, rest = self._process.stdout, b""
        while True:
            ready, _, _ = select.select([pipe], [], [], self._stall_s)
            if not ready:
                self._end()
                raise RecordingError(
                    f"ffmpeg delivered nothing for {self._stall_s:.0f} s and was ended",
                    path=self.files[0],
                    hint="is the disk (or the network folder) alive?",
                )
            read = os.read(pipe.fileno(), PIPE_BYTES)
            if not read:
                break
            rest += read
            pieces = self._pieces(rest)
            yield from pieces
            rest = rest[4 * sum(len(piece.samples) for piece in pieces) :]
        code = self._process.wait(self._stall_s)
        for helper in self._helpers:
            helper.join(self._stall_s)
        yield from self._pieces(rest)
        self._check(code)

    def _pieces(self, data: bytes) -> list[Piece]:
        """What `data` (float32) begins with, as far as its time stamps are known."""
        pieces: list[Piece] = []
        taken = 0
        for pts, length in self._runs(len(data) // 4):
            pieces.append(Piece(pts, np.frombuffer(data, np.float32, length, 4 * taken)))
            taken += length
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
        """Raise when ffmpeg did not get to the end of what there was."""
        if isinstance(self._feed_error, FileNotFoundError) or not all(file.exists() for file in self.files):
            raise RecordingVanishedError("went away while it was read", path=self.files[0])
        if self._feed_error is not None:
            raise RecordingError(f"cannot be read on: {self._feed_error.strerror}", path=self.files[0])
        if code != 0:
            how = f"was ended by signal {-code}" if code < 0 else "failed"
            raise RecordingError(
                f"ffmpeg {how}: {last_words(list(self.complaints), self.files[0])}", path=self.files[0]
            )

    def _end(self) -> None:
        """Make ffmpeg end now, if it has not, and its threads with it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for helper in self._helpers:
            helper.join(self._stall_s)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    @staticmethod
    def _start(target: Callable[[IO[bytes]], None], pipe: IO[bytes] | None) -> threading.Thread:
        thread = threading.Thread(target=target, args=(pipe,), daemon=True)
        thread.start()
        return thread

    def _read_stamps(self, pipe: IO[bytes]) -> None:
        """`framecrc` lines: stream, dts, pts, duration, bytes, checksum; the time base is one sample."""
        with pipe:
            for line in pipe:
                # A line without its end is what a killed ffmpeg leaves.
                if line.endswith(b"\n") and not line.startswith(b"#"):
                    fields = line.split(b",")
                    self._stamps.append((int(fields[2]), int(fields[4]) // 4))

    def _read_complaints(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self.complaints.append(line.decode("utf-8", "replace").rstrip())
            self.complaint_lines += 1

    def _feed(self, pipe: IO[bytes]) -> None:
        """Send the files through ffmpeg's standard input, one after another, without copying them through here."""
        try:
            with pipe:
                for file in self.files:
                    with file.open("rb") as source:
                        while os.splice(source.fileno(), pipe.fileno(), PIPE_BYTES):
                            pass
        except BrokenPipeError:
            pass  # ffmpeg ended: its exit code says why
        except OSError as error:
            self._feed_error = error


def _decode_command(
    program: str, files: Sequence[Path], stream: AudioStream, mono: str, seek_s: float, stamps: int
) -> list[str]:
    source: dict[str, Any] = {
        "copyts": None,
        "protocol_whitelist": "file,pipe",
        "format_whitelist": DEMUXERS,
        "probesize": PROBE_SIZE,
        "analyzeduration": PROBE_DURATION_US,
        "threads": 1,
    }
    if stream.codec in FASTER_DECODERS:
        source[f"c:{stream.index}"] = FASTER_DECODERS[stream.codec]
    if seek_s > 0 and len(files) == 1:
        source["ss"] = f"{seek_s:.3f}"
    audio = ffmpeg.input(SOURCE, **source)[str(stream.index)]
    for step in filter(None, mono.split(",")):
        name, _, arguments = step.partition("=")
        audio = audio.filter(name, **dict(argument.split("=", 1) for argument in arguments.split(":")))
    audio = audio.filter("aresample", SAMPLE_RATE).filter("aformat", sample_fmts="flt", channel_layouts="mono")
    both = audio.filter_multi_output("asplit")
    outputs = ffmpeg.merge_outputs(
        both[0].output("pipe:1", format="f32le", acodec="pcm_f32le", flush_packets=0),
        both[1].output(f"pipe:{stamps}", format="framecrc", acodec="pcm_f32le", flush_packets=0),
    )
    command: list[str] = ffmpeg.compile(outputs.global_args("-nostdin", "-hide_banner", "-v", "error"), cmd=program)
    # ffmpeg-python takes no name that is not UTF-8, so the name is put in afterwards.
    command[command.index(SOURCE)] = "pipe:0" if len(files) > 1 else f"file:{files[0]}"
    return command
