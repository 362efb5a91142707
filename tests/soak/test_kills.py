"""Killed at random moments, again and again: every recording once, nothing missing, nothing doubled."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from support.service import LONG, Daemon, Home, serving

SIZES = {1: (200, 50), 2: (200, 50)} if LONG else {1: (6, 3), 2: (3, 1)}
"""Recordings and kills, by how many recordings are heard at once."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Home:
    """What is found when nothing is killed, of as many recordings as any test has."""
    home = Home(tmp_path_factory.mktemp("undisturbed"), sources)
    count = max(recordings for recordings, _ in SIZES.values())
    for number in range(count):
        home.record(f"{number:03}.ts", number)
    with serving(home) as daemon:
        daemon.wait_done(count)
        daemon.terminate()
    return home


def kept(home: Home) -> list[tuple[object, ...]]:
    """Name of each recording, and what is kept of its windows."""
    return home.query(
        "SELECT substr(r.path, -6), length(e.data), e.windows FROM window_embeddings e"
        " JOIN recordings r ON r.id = e.recording_id ORDER BY 1"
    )


@pytest.mark.soak
@pytest.mark.timeout(14_400 if LONG else 900)
@pytest.mark.parametrize("at_once", SIZES)
def test_kills_at_random_moments_change_no_result(
    tmp_path: Path, sources: Path, undisturbed: Home, at_once: int
) -> None:
    recordings, kills = SIZES[at_once]
    home = Home(tmp_path / "killed", sources, service=f"recordings_at_once = {at_once}")
    chance = random.Random(20260301)
    # At so many done recordings a kill is due, and some time into the next: kills fall on every stage of the work.
    due = sorted(chance.randrange(recordings) for _ in range(kills))
    written = amid = checks = 0
    began = time.monotonic()
    for done in due:
        daemon = Daemon(home)
        # The recorder goes on meanwhile.
        while written < min(recordings, done + 5):
            home.record(f"{written:03}.ts", written)
            written += 1
        if chance.random() < 0.8:
            daemon.wait_ready()
            daemon.wait_done(done)
            time.sleep(chance.uniform(0, 0.8))
        else:
            time.sleep(chance.uniform(0, 4))  # Killed while it starts.
        amid += "running" in home.states().values()
        daemon.kill()
        assert home.intact() or not home.states()
        checks += 1
    for number in range(written, recordings):
        home.record(f"{number:03}.ts", number)
    with serving(home) as daemon:
        daemon.wait_done(recordings)
        assert daemon.terminate() == 0

    assert home.intact()
    assert set(home.states().values()) == {"done"}
    assert len(home.states()) == recordings
    assert home.query("SELECT count(*) FROM recordings") == [(recordings,)]
    assert home.query("SELECT count(*) FROM window_embeddings") == [(recordings,)]
    end = f"{recordings:03}.ts"
    assert home.markers() == [marker for marker in undisturbed.markers() if str(marker[0]) < end]
    assert home.markers(), "nothing was found at all"
    assert kept(home) == [row for row in kept(undisturbed) if str(row[0]) < end]
    assert sum(home.attempts().values()) <= recordings + kills * at_once, "more was repeated than was in hand"
    deaths = Counter(attempts - 1 for attempts in home.attempts().values())
    print(
        f"{recordings} recordings, {kills} kills, {amid} amid a recording; deaths per recording: "
        + ", ".join(f"{number} in {count}" for number, count in sorted(deaths.items()))
        + f"; {checks + 1} integrity checks; {len(home.markers())} markers compared; "
        f"{(time.monotonic() - began) / 60:.1f} minutes"
    )
