"""The unit is what it claims to be, in the words of systemd's own tools."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from support.parsing import parsed

from voicemark.cli.main import app as commands
from voicemarkd.main import app as service

SYSTEMD = Path(__file__).parents[2] / "systemd"
EXPOSURE_AT_MOST = 1.5
WITH_NETWORK_AT_MOST = 2.0


def on_this_machine(name: str, folder: Path) -> Path:
    """The unit, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    path = folder / name
    path.write_text(re.sub("/opt/voicemark/bin/voicemarkd?", "/bin/true", (SYSTEMD / name).read_text()))
    return path


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    return on_this_machine("voicemark.service", tmp_path)


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    """What hears for another machine."""
    return on_this_machine("voicemark-worker.service", tmp_path)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page's unit, with its socket beside it."""
    on_this_machine("voicemark-web.socket", tmp_path)
    return on_this_machine("voicemark-web.service", tmp_path)


def settings_of(name: str) -> dict[str, str]:
    lines = (SYSTEMD / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]\w+=", line))


def drop_in(unit: Path, name: str) -> None:
    folder = unit.with_name(unit.name + ".d")
    folder.mkdir()
    shutil.copy(SYSTEMD / "voicemark.service.d" / f"{name}.example", folder / name)


def exposure(unit: Path) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


@pytest.mark.parametrize("extra", [None, "gpu.conf", "recordings.conf"])
def test_systemd_finds_nothing_wrong(unit: Path, extra: str | None) -> None:
    if extra:
        drop_in(unit, extra)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_finds_nothing_wrong_with_the_page(page: Path) -> None:
    units = [page, page.with_suffix(".socket")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_page_is_exposed_as_little_as_claimed(page: Path) -> None:
    assert exposure(page) <= EXPOSURE_AT_MOST


def test_the_page_has_no_network_and_writes_nothing_but_its_clips() -> None:
    settings = settings_of("voicemark-web.service")
    assert settings["PrivateNetwork"] == "true" and settings["RestrictAddressFamilies"] == "AF_UNIX"
    assert settings["ProtectSystem"] == "strict" and settings["MemoryMax"] == "512M"
    assert settings["CacheDirectoryMode"] == "0700"
    assert not settings.keys() & {"StateDirectory", "ReadWritePaths", "RuntimeDirectory"}
    assert settings["ExecStart"].endswith("--fd 3"), "systemd hands over what it listens on"


def test_the_page_is_for_this_machine_alone() -> None:
    settings = settings_of("voicemark-web.socket")
    assert settings["ListenStream"].startswith("127.0.0.1:")
    assert (settings["IPAddressDeny"], settings["IPAddressAllow"]) == ("any", "localhost")


def test_systemd_finds_nothing_wrong_with_the_worker(worker: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", worker], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_worker_is_exposed_as_little_as_something_with_a_network_can_be(worker: Path) -> None:
    assert exposure(worker) <= WITH_NETWORK_AT_MOST


def test_the_worker_writes_nothing_and_reaches_nobody_beyond_the_house() -> None:
    settings = settings_of("voicemark-worker.service")
    assert settings["ProtectSystem"] == "strict"
    assert not settings.keys() & {"StateDirectory", "ReadWritePaths", "RuntimeDirectory", "CacheDirectory"}
    assert settings["IPAddressDeny"] == "any" and not {"any", "0.0.0.0/0"} & {*settings["IPAddressAllow"].split()}
    assert "MemoryDenyWriteExecute" not in settings, "oneDNN writes code and runs it"
    assert settings["KillMode"] == "mixed", "a process that hears, killed before its worker, would look like a fault"


@pytest.mark.parametrize("name", ["voicemark.service", "voicemark-web.service", "voicemark-worker.service"])
def test_what_a_unit_starts_is_a_command_that_there_is(name: str) -> None:
    program, *arguments = shlex.split(settings_of(name)["ExecStart"])
    parsed({"voicemark": commands, "voicemarkd": service}[Path(program).name], arguments)


def test_the_service_is_exposed_as_little_as_claimed(unit: Path) -> None:
    assert exposure(unit) <= EXPOSURE_AT_MOST


def test_the_service_stays_safe_with_a_gpu(unit: Path) -> None:
    drop_in(unit, "gpu.conf")
    assert exposure(unit) <= EXPOSURE_AT_MOST


def test_what_keeps_the_service_working_is_not_hardened_away() -> None:
    settings = settings_of("voicemark.service")
    assert "MemoryDenyWriteExecute" not in settings, "oneDNN writes code and runs it"
    assert settings.get("ProcSubset", "all") == "all", "the boot id tells dead workers from living ones"
    assert settings["KillMode"] == "mixed", "ffmpeg killed before the service would look like a broken recording"
    assert settings["Type"] == "notify" and int(settings["TimeoutStopSec"]) > 10


def test_users_and_folders_are_understood(tmp_path: Path) -> None:
    for program, flag, name in (
        ("systemd-sysusers", "--dry-run", "sysusers.conf"),
        ("systemd-tmpfiles", "--create", "tmpfiles.conf"),
    ):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
        if program == "systemd-tmpfiles":
            # Users of the machine do not matter below another root.
            text = (SYSTEMD / name).read_text().replace("voicemark voicemark", "- -").replace("voicemark video", "- -")
            (tmp_path / name).write_text(text)
            command = [program, flag, f"--root={tmp_path}", f"{tmp_path / name}"]
        else:
            command = [program, flag, f"--root={tmp_path}", str(SYSTEMD / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    requests = tmp_path / "var/lib/voicemark/requests"
    assert requests.stat().st_mode & 0o7777 == 0o2770


def test_json_of_the_exposure_names_no_capability(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--json=short", unit], capture_output=True, text=True
    )
    rows = json.loads(done.stdout)
    bad = [row["name"] for row in rows if row.get("set") is False and "CapabilityBoundingSet" in str(row.get("name"))]
    assert bad == []
