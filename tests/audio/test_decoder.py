"""ffmpeg is bounded, ends when it is left, and what ends it is told apart: the recording, the place, or the program."""

import os
import signal
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.streams import make_beeps, run_ffmpeg

from voicemark.audio import ffmpeg, processes, transport
from voicemark.audio.complaints import Complaints
from voicemark.audio.decoder import Decoder, Source
from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection
from voicemark.errors import (
    RecordingError,
    RecordingUnreadableError,
    RecordingVanishedError,
    ToolError,
    Trouble,
)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    return make_beeps(tmp_path_factory.mktemp("streams") / "clean.ts", 20)


def decoder(file: Path, **settings: float) -> Decoder:
    return Decoder(Source((file,), "a:0", "mp2", url=f"file:{file}"), Complaints(), **settings)  # type: ignore[arg-type]


def test_a_decoder_that_is_killed_is_the_places_trouble_and_not_an_end(clean):
    with decoder(clean) as running:
        running._process.send_signal(signal.SIGSTOP)
        running._process.kill()
        with pytest.raises(RecordingUnreadableError, match="ended by signal 9"):
            list(running)


def test_a_decoder_that_hangs_is_ended_and_lets_others_work_meanwhile(tmp_path):
    pipe = tmp_path / "stuck.ts"
    os.mkfifo(pipe)
    holder = os.open(pipe, os.O_RDWR)  # opened, but nothing ever comes
    try:
        with decoder(pipe, stall_s=1.5) as running:
            pieces = iter(running)
            assert next(pieces) is None
            with pytest.raises(RecordingUnreadableError, match="delivered nothing for"):
                list(pieces)
        assert running._process.poll() is not None
    finally:
        os.close(holder)


def test_leaving_early_ends_ffmpeg(clean):
    with decoder(clean) as running:
        next(iter(running))
    assert running._process.poll() is not None


def test_ending_all_ends_a_decoder_that_never_would(tmp_path):
    pipe = tmp_path / "stuck.ts"
    os.mkfifo(pipe)
    holder = os.open(pipe, os.O_RDWR)
    try:
        with decoder(pipe) as running:
            assert os.getpgid(running._process.pid) == running._process.pid != os.getpgid(0)
            processes.end_all()
            with pytest.raises(RecordingUnreadableError, match="ended by signal 9"):
                list(running)
    finally:
        os.close(holder)


def test_once_this_program_ends_no_other_is_started(tmp_path):
    program = f"""
import subprocess
from voicemark.audio import processes
running = processes.start(["sh", "-c", "sleep 1000 & echo; wait"], cpu_s=5, stdout=subprocess.PIPE)
running.stdout.readline()
processes.end_for_good()
assert running.stdout.read() == b"", "its child has ended too"
try:
    processes.start(["touch", "{tmp_path}/started"], cpu_s=5)
except OSError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "no program is started any more" in done.stdout and not (tmp_path / "started").exists()


def test_programs_run_within_limits_and_do_not_know_of_systemd(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    done = processes.run(
        ["sh", "-c", "sleep 0.2; ulimit -v; ulimit -t; ulimit -c; echo $NOTIFY_SOCKET."], timeout_s=10, cpu_s=7
    )
    assert done.stdout.split() == [str(processes.MEMORY >> 10).encode(), b"7", b"0", b"."]


def test_a_program_that_takes_too_long_leaves_no_child_behind(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        processes.run(["sh", "-c", f"sleep 1000 & echo $! > {tmp_path}/pid; wait"], timeout_s=0.5, cpu_s=5)
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_file_that_vanishes_while_the_first_is_read(clean, tmp_path):
    first, second = tmp_path / "00001.ts", tmp_path / "00002.ts"
    first.write_bytes(clean.read_bytes())
    second.write_bytes(clean.read_bytes())
    reader = AudioReader([first, second], AudioSection())
    second.unlink()
    with pytest.raises(RecordingVanishedError):
        list(reader.blocks())


def stand_in(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


BROKEN = "echo 'x: error while loading shared libraries: libx.so.1: cannot open' >&2; exit 127"


@pytest.mark.parametrize("script", [BROKEN, "exit 0", "exit 1", "kill -SEGV $$"], ids=["127", "silent", "1", "crash"])
@pytest.mark.parametrize("name", ["ffmpeg", "ffprobe"])
def test_a_broken_program_is_not_a_broken_recording(clean, tmp_path, monkeypatch, name, script):
    stand_in(tmp_path / "bin", name, script)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(ToolError) as raised:
        list(AudioReader([clean], AudioSection()).blocks())
    assert raised.value.trouble is Trouble.PLACE and raised.value.stops_all


def test_a_broken_recording_is_the_recordings_trouble(tmp_path):
    (tmp_path / "text.ts").write_text("This is no recording. " * 500)
    with pytest.raises(RecordingError) as raised:
        AudioReader([tmp_path / "text.ts"], AudioSection())
    assert raised.value.trouble is Trouble.ITEM


def test_ffmpeg_that_ends_well_in_the_middle_is_no_end_of_the_recording(clean, tmp_path, monkeypatch):
    real = ffmpeg.find_program("ffmpeg")
    stand_in(tmp_path / "bin", "ffmpeg", f'case "$*" in *mpegts*) head -c 60000 | {real} "$@";; *) {real} "$@";; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(RecordingError, match="of its sound could be decoded") as raised:
        list(AudioReader([clean], AudioSection()).blocks())
    assert raised.value.trouble is Trouble.ITEM


def test_a_read_error_that_ffmpeg_takes_for_an_end_is_an_error(tmp_path, monkeypatch):
    film = tmp_path / "film.mkv"
    run_ffmpeg("-f", "lavfi", "-i", "sine=300:d=5", "-c:a", "ac3", film)
    real = ffmpeg.find_program("ffmpeg")
    stand_in(tmp_path / "bin", "ffmpeg", f'{real} "$@"; echo "file:film.mkv: Input/output error" >&2; exit 0')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(RecordingUnreadableError, match="Input/output error") as raised:
        list(AudioReader([film], AudioSection()).blocks())
    assert raised.value.trouble is Trouble.PLACE


def test_a_read_error_of_ours_is_an_error(clean, monkeypatch):
    reader = AudioReader([clean], AudioSection())
    whole = transport.runs  # type: ignore[attr-defined]

    def failing(*arguments):
        for number, run in enumerate(whole(*arguments)):
            if number == 3:
                raise OSError(5, "Input/output error")
            yield run

    monkeypatch.setattr(transport, "runs", failing)
    with pytest.raises(RecordingUnreadableError, match="Input/output error"):
        list(reader.blocks())


def test_one_sample_a_second_is_refused(tmp_path):
    odd = tmp_path / "odd.wav"
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 4036, b"WAVEfmt ", 16, 1, 1, 1, 1, 1, 8, b"data", 4000)
    odd.write_bytes(head + os.urandom(4000))
    with pytest.raises(RecordingError, match="1 samples per second, at which nobody records"):
        AudioReader([odd], AudioSection())
