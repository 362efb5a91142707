"""Long lives and large archives: nothing grows that should not."""

import os
import time
from pathlib import Path

import psutil
import pytest
from support.service import LONG, Home, serving

IN_A_ROW = 500 if LONG else 14
AT_START = 20_000 if LONG else 100


def figures(process: psutil.Process) -> tuple[float, int, int]:
    """Memory of its own (MB), open files, threads."""
    return process.memory_full_info().uss / 1e6, process.num_fds(), process.num_threads()


@pytest.mark.soak
@pytest.mark.timeout(14_400 if LONG else 900)
def test_many_recordings_in_a_row_leave_nothing_behind(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    with serving(home) as daemon:
        for number in range(10):
            home.record(f"{number:03}.ts", number)
        daemon.wait_done(10)
        daemon.wait(lambda: daemon.messages[-1:] != [] and "running" not in home.states().values(), "rest")
        first = figures(daemon.process)
        for number in range(10, IN_A_ROW):
            home.record(f"{number:03}.ts", number)
        daemon.wait_done(IN_A_ROW)
        last = figures(daemon.process)
    print(
        f"after 10: {first[0]:.1f} MB, {first[1]} files, {first[2]} threads; "
        f"after {IN_A_ROW}: {last[0]:.1f} MB, {last[1]} files, {last[2]} threads"
    )
    assert last[0] <= first[0] + 16 + 0.02 * IN_A_ROW
    assert last[1] <= first[1] + 4
    assert last[2] <= first[2] + 2


@pytest.mark.soak
@pytest.mark.timeout(14_400 if LONG else 900)
def test_many_files_at_the_start_are_all_known_when_ready(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources, service='allowed_hours = "00:00-00:01"')
    for number in range(AT_START):
        folder = home.video / f"Folder_{number % 50}" / f"Title_{number}" / "2020-01-01.20.15.1-0.rec"
        folder.mkdir(parents=True)
        (folder / "info").write_text(f"C S19.2E-1-1019-10301 Das Erste HD\nT Title {number}\n")
        (folder / "00001.ts").write_bytes(number.to_bytes(8, "big") * 1000)
        os.utime(folder / "00001.ts", (1_600_000_000 + number,) * 2)
    times = []
    for _ in range(2):
        began = time.monotonic()
        with serving(home) as daemon:
            times.append(time.monotonic() - began)
            memory = figures(daemon.process)[0]
            assert len(home.query("SELECT id FROM jobs WHERE state = 'ready'")) == AT_START
            daemon.terminate()
    print(f"{AT_START} recordings: READY after {times[0]:.1f} s, known already after {times[1]:.1f} s, {memory:.0f} MB")
