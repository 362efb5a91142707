"""How many recordings are heard at once follows from what the machine has, and who hears them from how many."""

from pathlib import Path

import pytest
import torch

from voicemark.actions import at_once
from voicemark.actions.at_once import OWN_MB, PROCESS_MB, Hearers, how_many, memory_for_us, turns
from voicemark.actions.hear import hear
from voicemark.config import Config

CPU = torch.device("cpu")


def machine(patch: pytest.MonkeyPatch, *, cores: int, memory_mb: float) -> None:
    patch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    patch.setattr(at_once, "memory_for_us", lambda: memory_mb * 1e6)


@pytest.mark.parametrize(
    ("cores", "memory_mb", "expected"),
    [
        (1, 500, 1),
        (2, 16_000, 1),
        (4, 4_000, 3),
        (4, OWN_MB + 2 * PROCESS_MB, 2),
        (4, 600, 1),
        (16, 64_000, 15),
        (500, 900_000, at_once.MOST),
    ],
)
def test_cores_but_one_and_what_memory_allows(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory_mb: float, expected: int
) -> None:
    machine(monkeypatch, cores=cores, memory_mb=memory_mb)
    assert how_many(Config(), own_process=True) == expected


def test_in_one_process_a_recording_takes_less_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cores=16, memory_mb=2000)
    assert how_many(Config(), own_process=True) < how_many(Config(), own_process=False)


def test_a_disk_that_turns_is_read_at_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine(monkeypatch, cores=16, memory_mb=64_000)
    config = Config.model_validate({"watch": [{"path": tmp_path}]})
    monkeypatch.setattr(at_once, "turns", lambda path: path == tmp_path)
    assert how_many(config, own_process=True) == 1


def test_a_control_group_bounds_the_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = memory_for_us()
    own = Path("/proc/self/cgroup").read_text().splitlines()
    name = next((line.removeprefix("0::").lstrip("/") for line in own if line.startswith("0::")), None)
    if name is None:
        pytest.skip("this kernel has no unified control groups")
    (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "memory.max").write_text("300000000\n")
    if name:
        (tmp_path / name / "memory.max").write_text("max\n")
    monkeypatch.setattr(at_once, "CGROUPS", tmp_path)
    assert memory_for_us() == 300_000_000 < before


def test_what_is_no_disk_does_not_turn(tmp_path: Path) -> None:
    assert not turns(Path("/proc")) and not turns(tmp_path / "nowhere")


def test_one_alone_and_those_on_a_device_are_heard_in_this_process() -> None:
    one = Hearers(Config(), CPU, 1)
    assert (one.count, one.hear) == (1, hear)
    gpu = Hearers(Config(), torch.device("cuda"), 8)
    assert (gpu.count, gpu.hear) == (8, hear)
    two = Hearers(Config(), CPU, 2)
    assert two.count == 2 and two.hear is not hear
    two.end()


def test_they_are_made_anew_when_number_or_device_changes() -> None:
    config = Config.model_validate({"service": {"recordings_at_once": 1}})
    hearers = Hearers(config, CPU)
    assert hearers.are_for(config, CPU)
    assert not hearers.are_for(config, torch.device("cuda"))
    assert not hearers.are_for(Config.model_validate({"service": {"recordings_at_once": 2}}), CPU)
