"""The clock is set back by a day under the running service: nothing waits for tomorrow to come again.

The machine's own clock is left alone: a small preloaded library shifts what the service and its ffmpeg read.
"""

import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.service import Daemon, Home, serving

pytestmark = pytest.mark.timeout(600)
"""Processes wait for each other; on a busy machine that takes a while."""

SOURCE = Path(__file__).parents[1] / "support" / "shifted_clock.c"


class Clock:
    """The wall clock of the processes that have its environment."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._file = folder / "shift"
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(self._file)}
        self.set(timedelta())

    def set(self, shift: timedelta) -> None:
        """So far from the real clock."""
        self.shift = shift
        part = self._file.with_suffix(".part")
        part.write_text(f"{round(shift.total_seconds())}\n")
        part.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path / "shifted_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
    return Clock(tmp_path, library)


def in_order_of_work(daemon: Daemon) -> list[str]:
    """Names of the recordings, as they were done."""
    return re.findall(r"/video/(\S+): \d+ markers", daemon.log)


def test_retries_and_settling_outlive_a_clock_set_back(tmp_path: Path, sources: Path, clock: Clock) -> None:
    home = Home(tmp_path, sources, settle_s=4.0, service="retries = 20")
    config = home.config.read_text().replace("retry_pause_s = 0.1", "retry_pause_s = 3600")
    home.config.write_text(config)
    with serving(home, environment=clock.environment) as daemon:
        broken = home.video / "paused.ts"
        broken.write_bytes(b"G" + bytes(187) * 100)
        daemon.wait(lambda: home.attempts().get("paused.ts") == 1 and home.states()["paused.ts"] == "ready", "a pause")
        home.record("settling.ts", 0)
        daemon.wait(lambda: home.states().get("settling.ts") == "waiting", "the quiet time")
        clock.set(-timedelta(days=1, hours=2))
        daemon.wait(lambda: home.attempts()["paused.ts"] == 2, "the next try")
        daemon.wait(lambda: home.states()["settling.ts"] == "done", "the recording that was settling")
        home.record("later.ts", 1)
        daemon.wait(lambda: home.states().get("later.ts") == "done", "a recording of the new time")
        assert home.attempts() == {"paused.ts": 2, "settling.ts": 1, "later.ts": 1}
        assert daemon.messages.count("READY=1") == 1
        assert daemon.terminate() == 0


def test_allowed_hours_follow_the_clock_and_the_newest_still_comes_first(
    tmp_path: Path, sources: Path, clock: Clock
) -> None:
    noon = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0)
    clock.set(noon - datetime.now())
    home = Home(tmp_path, sources, service='allowed_hours = "01:00-06:30"')
    names = [f"{day:02}.ts" for day in range(1, 4)]
    for number, name in enumerate(names):
        moment = (noon - timedelta(days=10 - number)).timestamp()
        os.utime(home.record(name, number), (moment, moment))
    with serving(home, environment=clock.environment) as daemon:
        daemon.wait(lambda: any("outside the allowed hours" in message for message in daemon.messages), "the pause")
        assert set(home.states().values()) == {"ready"}
        clock.set(clock.shift - timedelta(days=1, hours=8))
        daemon.wait_done(3)
        assert in_order_of_work(daemon) == names[::-1]
        clock.set(clock.shift - timedelta(days=1) + timedelta(hours=8))
        daemon.messages.clear()
        daemon.wait(lambda: any("outside the allowed hours" in message for message in daemon.messages), "a pause again")
        home.record("last.ts", 4)
        daemon.wait(lambda: home.states().get("last.ts") == "ready", "it to be found")
        assert daemon.terminate() == 0
