"""Who is there is known for sure, and who is not fit is given nothing."""

from pathlib import Path

import dask
import pytest

from voicemark.cluster import crew as module
from voicemark.cluster import post
from voicemark.cluster.crew import Crew
from voicemark.cluster.serving import local_client
from voicemark.cluster.wire import Settings
from voicemark.config import EncoderSection

SETTINGS = Settings(EncoderSection(), {"tv": Path("/srv/video"), "radio": Path("/srv/radio")})


def introduced(crew: Crew) -> Crew:
    """Everybody who is there has said who it is."""
    crew.look()
    while any(member.machine is None for member in crew.members.values()):
        crew.came(5.0)
    return crew


def test_nobody_vanishes_while_the_client_looks_by_itself(ears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    with (
        dask.config.set({"distributed.client.scheduler-info-interval": "1ms"}),
        local_client(2, SETTINGS) as client,
    ):
        crew = introduced(Crew(client))
        names = {member.name for member in crew.members.values()}
        assert len(names) == 2
        for _ in range(200):
            assert crew.look() == []
            assert {member.name for member in crew.members.values()} == names
        assert [member.roots for member in crew.idle()] == [frozenset({"tv", "radio"})] * 2


def test_one_whose_process_does_not_start_is_never_idle(ears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "EAR", ("/bin/false",))
    with local_client(1, SETTINGS) as client:
        crew = introduced(Crew(client))
        [member] = crew.members.values()
        assert member.unfit is not None and "does not start" in member.unfit
        assert list(crew.idle()) == []
