"""A disk that fails while a recording is read: that is no end of the recording, and says nothing of it."""

from pathlib import Path

import pytest
from support.disks import failing
from support.service import Home, make_recording, make_sources, serving, status_of
from support.speech import ANNA, BERT, speak

pytestmark = [pytest.mark.attack, pytest.mark.timeout(600)]


def test_half_a_recording_is_never_heard_as_whole(tmp_path: Path) -> None:
    long = make_recording(tmp_path / "long.ts", [speak(BERT, 60, 2), speak(ANNA, 60, 3)])
    sources = make_sources(tmp_path)
    with failing(tmp_path, long) as copy:
        with pytest.raises(OSError, match="Input/output error"):
            copy.read_bytes()
        home = Home(tmp_path / "home", sources)
        (home.video / "disk").symlink_to(copy.parent)
        with serving(home) as daemon:
            daemon.wait(lambda: status_of(home)["out_of_reach"] != [], "the recording to wait")
            assert "Input/output error" in str(status_of(home)["out_of_reach"])
            home.record("good.ts", 1)
            daemon.wait_done(1)
            assert home.states() == {"long.ts": "ready", "good.ts": "done"}
            assert home.attempts()["long.ts"] == 0
            copy.unlink()
            copy.write_bytes(long.read_bytes())  # The owner brings it back.
            daemon.wait_done(2)
    assert home.query("SELECT round(duration_s) FROM recordings WHERE path LIKE '%long.ts'") == [(120.0,)]
