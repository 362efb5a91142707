"""A process of its own hears as this one would, tells how far it is, and costs a recording an attempt when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from support.service import PATIENCE_S, make_recording
from support.speech import tune

from voicemark.actions.hear import hear
from voicemark.actions.hearing_process import HearerDiedError, HearingProcesses
from voicemark.actions.in_hand import LeftError
from voicemark.config import Config, MatchSection
from voicemark.errors import RecordingVanishedError, Trouble, trouble_of
from voicemark.recording import Recording
from voicemark.voice.load import load_encoder
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.recognise import Recogniser

CONFIG = Config.model_validate({"encoder": {"device": "cpu"}})


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Forty seconds: more than one block."""
    path = tmp_path_factory.mktemp("video") / "a.ts"
    make_recording(path, [np.resize(tune(8), 40 * 16_000)])
    return Recording(path=path, recorder="plain", files=(path,))


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    encoder = load_encoder(device="cpu")
    memory = torch.nn.functional.normalize(torch.randn(5, encoder.dim, generator=torch.Generator().manual_seed(1)))
    book = VoiceBook.of([Memory("Anna", memory, 0.5)], encoder.model_id, MatchSection(), encoder.cohort)
    return Recogniser(encoder, book, MatchSection())


@pytest.fixture(scope="module")
def processes() -> Iterator[HearingProcesses]:
    made = HearingProcesses()
    yield made
    made.end()


def children() -> list[psutil.Process]:
    """Of this process, but for what other tests fork services from."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.is_running()
        and child.status() != psutil.STATUS_ZOMBIE
        and not any("multiprocessing" in word for word in child.cmdline())
    ]


def until(gone: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(gone, PATIENCE_S)
    assert not alive


def test_it_hears_what_this_process_hears(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses
) -> None:
    told = list[float]()
    there = processes(recording, recogniser, CONFIG, told.append).result
    here = hear(recording, recogniser, CONFIG).result
    assert there.windows.data.tobytes() == here.windows.data.tobytes() and len(here.windows.data) > 70
    assert (there.turns, there.recognised, there.match_key) == (here.turns, here.recognised, here.match_key)
    assert told[-1] == pytest.approx(40, abs=0.1) and told == sorted(told)


def test_what_goes_wrong_there_is_told_here_in_the_same_words(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses
) -> None:
    gone = Recording(path=Path("/nowhere/b.ts"), recorder="plain", files=(Path("/nowhere/b.ts"),))
    with pytest.raises(RecordingVanishedError) as told:
        processes(gone, recogniser, CONFIG, lambda _: None)
    with pytest.raises(RecordingVanishedError) as known:
        hear(gone, recogniser, CONFIG)
    assert str(told.value) == str(known.value) and trouble_of(told.value) is Trouble.PLACE


def test_a_recording_that_is_left_leaves_no_ffmpeg_and_the_process_hears_on(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses
) -> None:
    def leave(seconds: float) -> None:
        raise LeftError

    with pytest.raises(LeftError):
        processes(recording, recogniser, CONFIG, leave)
    [process] = children()  # and no ffmpeg
    assert processes(recording, recogniser, CONFIG, lambda _: None).result.duration_s == pytest.approx(40, abs=0.1)
    assert children() == [process]


def test_while_it_may_not_go_on_it_keeps_still_with_its_ffmpeg(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses
) -> None:
    """And it is as nice as this process."""
    worked = list[float]()

    def keep_still(seconds: float) -> None:
        before: float | None = None
        while not worked:  # What ffmpeg has begun fits into a pipe.
            now = sum(sum(child.cpu_times()[:2]) for child in children())
            if now == before:
                worked.append(now)
            before = now
            time.sleep(0.3)
        assert {child.nice() for child in children()} == {psutil.Process().nice()}

    processes(recording, recogniser, CONFIG, keep_still)
    assert worked[0] > 0


def test_one_that_is_killed_costs_its_recording_an_attempt_and_the_next_is_heard(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses
) -> None:
    def kill(seconds: float) -> None:
        for child in children():
            child.kill()

    with pytest.raises(HearerDiedError, match="ended by SIGKILL") as died:
        processes(recording, recogniser, CONFIG, kill)
    assert trouble_of(died.value) is Trouble.ITEM
    assert processes(recording, recogniser, CONFIG, lambda _: None).result.content


def test_one_that_does_nothing_any_more_is_ended(
    recording: Recording, recogniser: Recogniser, processes: HearingProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = list[psutil.Process]()

    def stop(seconds: float) -> None:
        monkeypatch.setattr("voicemark.actions.hearing_process.STUCK_S", 0.5)
        monkeypatch.setattr("voicemark.actions.hearing_process.LEAVES_WITHIN_S", 0.5)
        stopped.extend(children())
        for child in stopped:
            child.suspend()

    with pytest.raises(HearerDiedError, match="did nothing"):
        processes(recording, recogniser, CONFIG, stop)
    assert stopped[0].pid not in psutil.pids()


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    program = f"""
import socket, subprocess, sys, time
from pathlib import Path
ours, theirs = socket.socketpair()
command = [sys.executable, "-P", "-m", "voicemark.actions.hearing_child", str(theirs.fileno())]
child = subprocess.Popen(command, pass_fds=[theirs.fileno()], process_group=0)
theirs.close()
Path({str(tmp_path / "pid")!r}).write_text(str(child.pid))
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    ends = time.monotonic() + PATIENCE_S
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < ends and parent.poll() is None
        time.sleep(0.05)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until([child])


def test_ended_for_good_none_is_started_any_more(recording: Recording, recogniser: Recogniser) -> None:
    processes = HearingProcesses()
    processes.end()
    with pytest.raises(HearerDiedError):
        processes(recording, recogniser, CONFIG, lambda _: None)
