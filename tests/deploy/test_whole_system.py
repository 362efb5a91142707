"""Installed on a whole Debian with systemd as process 1: it starts, is killed, is upgraded, and is removed again."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.machine import PACKAGES, REPOSITORY, SOURCE, Machine, made
from support.service import copy_of, make_sources

pytestmark = [pytest.mark.attack, pytest.mark.timeout(1200)]
PATIENCE_S = 180.0

CONFIG = """
[[watch]]
path = "/srv/video"
settle_s = 0
[match]
normalise = false
threshold = 0.5
[[speakers]]
name = "Low"
samples = ["/etc/voicemark/low.wav"]
[encoder]
device = "cpu"
[export]
formats = ["json"]
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """With the program's wheel, and an environment that sees the packages that are installed here."""
    with made(tmp_path) as machine:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        subprocess.run([*command, "--wheel-dir", machine.root / "var/tmp", REPOSITORY], check=True)
        machine.run("python3", "-m", "venv", "--without-pip", "/opt/voicemark")
        (packages,) = machine.root.glob("opt/voicemark/lib/python*/site-packages")
        (packages / "dependencies.pth").write_text(f"{PACKAGES}\n")
        yield machine


def install(machine: Machine, command: str = "install") -> str:
    (wheel,) = (f"/var/tmp/{path.name}" for path in machine.root.glob("var/tmp/voicemark-*.whl"))
    return machine.run(f"{SOURCE}/deploy/install.sh", command, "--from", wheel).stdout


def wait(condition: Callable[[], bool], machine: Machine, what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, f"{what}:\n{machine.run('journalctl', '--unit=voicemark').stdout[-3000:]}"
        time.sleep(0.5)


def done(machine: Machine) -> int:
    """So many recordings are, by `voicemark status`."""
    told = machine.run("voicemark", "status", "--json", check=False)
    return int(json.loads(told.stdout)["queue"]["done"]) if told.returncode == 0 else 0


def unit(machine: Machine, *names: str) -> list[str]:
    """Properties of the unit, as systemd tells them."""
    wanted = [f"--property={name}" for name in names]
    lines = machine.run("systemctl", "show", "voicemark", *wanted).stdout.splitlines()
    found = dict(line.split("=", 1) for line in lines)
    return [found[name] for name in names]


def test_a_life_under_systemd(machine: Machine, tmp_path: Path) -> None:
    sources = make_sources(tmp_path)
    root, data = machine.root, machine.root / "var/lib/voicemark"
    video, config = root / "srv/video", root / "etc/voicemark/config.toml"
    own = root / "etc/systemd/system/voicemark.service.d"
    own.mkdir(parents=True)
    (own / "owner.conf").write_text("[Service]\nRestartSec=1\n")  # An owner without patience.
    with machine.booted():
        assert "name your recorder's folder" in install(machine)
        assert machine.run("systemctl", "is-enabled", "voicemark").stdout == "enabled\n"
        assert machine.run("stat", "-c", "%U:%G:%a", "/var/lib/voicemark/requests").stdout == "voicemark:video:2770\n"

        video.mkdir(parents=True)
        (root / "etc/voicemark/low.wav").write_bytes((sources / "low.wav").read_bytes())
        config.write_text(CONFIG)
        copy_of(sources / "a.ts", video / "a.ts", 0)
        assert "the service runs" in install(machine), "READY came"
        assert unit(machine, "ActiveState", "SubState", "User") == ["active", "running", "voicemark"]
        wait(lambda: done(machine) == 1, machine, "the first recording")
        fields = machine.run("journalctl", "--output=json", "VOICEMARK_RECORDING=/srv/video/a.ts").stdout
        assert int(json.loads(fields.splitlines()[0])["VOICEMARK_MARKERS"]) > 0
        wait(lambda: (data / "export/srv/video/a.ts.json").exists(), machine, "the export")
        owners = machine.run("find", "/var/lib/voicemark", "!", "-user", "voicemark").stdout
        assert owners == "", "not the service's own"

        states = machine.run("stat", "-c", "%G:%a", "/var/lib/voicemark", "/var/lib/voicemark/voicemark.db").stdout
        assert states.split() == ["voicemark:2755", "voicemark:640"], "its group may read, nobody else"
        [exported] = (data / "export").rglob("*.json")
        assert exported.stat().st_mode & 0o777 == 0o644 and exported.parent.stat().st_mode & 0o777 == 0o755

        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "voicemark")
        copy_of(sources / "b.ts", video / "b.ts", 1)
        wait(lambda: done(machine) == 2, machine, "the second recording")
        assert unit(machine, "NRestarts") == ["1"]
        machine.run("systemctl", "reload", "voicemark")
        assert unit(machine, "ActiveState", "NRestarts") == ["active", "1"]

        config.write_text("[match]\nthreshold = 5\n")
        machine.run("systemctl", "restart", "voicemark", check=False)
        assert unit(machine, "ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "78", "0"]
        config.write_text(CONFIG)
        machine.run("systemctl", "restart", "voicemark")

        with closing(sqlite3.connect(data / "voicemark.db")) as database:
            database.execute("DROP VIEW voice_markers")  # As an older version would not have it.
        assert "the database was copied" in install(machine)
        (copy,) = (data / "backup").glob("*.db")
        wanted = "SELECT count(*) FROM sqlite_master WHERE name = 'voice_markers'"
        for file, views in ((copy, 0), (data / "voicemark.db", 1)):
            with closing(sqlite3.connect(file)) as database:
                assert database.execute(wanted).fetchone() == (views,)
                assert database.execute("SELECT count(*) FROM recordings").fetchone() == (2,)
        assert unit(machine, "ActiveState") == ["active"]

        machine.run("systemctl", "stop", "voicemark")
        ask = ("voicemark", "markers", "--json")
        asker = ("setpriv", "--reuid=nobody", "--clear-groups", "--regid=voicemark")
        assert "Low" in machine.run(*asker, *ask).stdout, "who is in the group asks while it is stopped"
        other = ("setpriv", "--reuid=nobody", "--clear-groups", "--regid=nogroup")
        assert "Low" not in machine.run(*other, *ask, check=False).stdout

        assert "were kept" in install(machine, "uninstall")
        assert unit(machine, "LoadState", "ActiveState") == ["not-found", "inactive"]
        assert not (root / "opt/voicemark").exists()
        assert config.read_text() == CONFIG and (data / "voicemark.db").exists()
        install(machine, "purge")
        assert not config.exists() and not data.exists()


def test_a_hard_life_under_systemd(machine: Machine, tmp_path: Path) -> None:
    """What its sandbox and its users see of it, and what becomes of it when it is stuck."""
    sources = make_sources(tmp_path)
    root, data = machine.root, machine.root / "var/lib/voicemark"
    video, config = root / "srv/video", root / "etc/voicemark/config.toml"
    own = root / "etc/systemd/system/voicemark.service.d"
    for folder in (own, video, config.parent):
        folder.mkdir(parents=True)
    (own / "owner.conf").write_text("[Service]\nRestartSec=1\nWatchdogSec=20\nReadWritePaths=/srv/video\n")
    (config.parent / "low.wav").write_bytes((sources / "low.wav").read_bytes())
    config.write_text(f"{CONFIG}in_place = true\n")
    copy_of(sources / "a.ts", video / "a.ts", 0)
    with machine.booted():
        machine.run("useradd", "player")
        assert "the service runs" in install(machine)
        machine.run("useradd", "--groups=voicemark", "asker")
        machine.run("chgrp", "voicemark", "/srv/video")
        machine.run("chmod", "2775", "/srv/video")
        machine.run("systemctl", "restart", "voicemark")
        wait(lambda: (video / "a.voicemark.json").exists(), machine, "the export beside the recording")
        assert "Low" in machine.run(*as_user("player"), "cat", "/srv/video/a.voicemark.json").stdout

        with closing(sqlite3.connect(data / "voicemark.db")) as database:
            assert database.execute("SELECT notes FROM recordings").fetchall() in ([("",)], [(None,)], [("[]",)])
        told = machine.run("journalctl", "--unit=voicemark").stdout
        assert "damage" not in told, "a sound recording"
        assert "reception only permitted" not in told, "nobody speaks to systemd in its name"

        ask = ("sqlite3", "/var/lib/voicemark/voicemark.db", "SELECT count(*) > 0 FROM voice_markers")
        for running in (True, False):
            if not running:
                machine.run("systemctl", "stop", "voicemark")
                assert unit(machine, "Result", "ExecMainStatus") == ["success", "0"]
            assert machine.run(*as_user("asker"), *ask).stdout == "1\n", "who is in the group asks"
            assert machine.run(*as_user("player"), *ask, check=False).returncode != 0, "others may not"
        assert "Low" in machine.run(*as_user("asker"), "voicemark", "markers").stdout

        machine.run("systemctl", "start", "voicemark")
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "voicemark")
        copy_of(sources / "b.ts", video / "b.ts", 1)
        wait(lambda: done(machine) == 2, machine, "the watchdog to end what is stuck, and the second recording")
        assert unit(machine, "NRestarts") == ["1"]


def as_user(name: str) -> tuple[str, ...]:
    return "runuser", "-u", name, "--"


def test_where_systemd_does_not_run_the_installer_says_how_to_start(machine: Machine) -> None:
    told = install(machine)
    assert "systemd does not run here" in told and "voicemarkd --config /etc/voicemark/config.toml" in told
    assert machine.run("id", "-gn", "voicemark").stdout == "voicemark\n"
    assert machine.run("stat", "-c", "%U:%G:%a", "/var/lib/voicemark/requests").stdout == "voicemark:video:2770\n"
    assert machine.run("voicemark", "--version").stdout.startswith("voicemark ")
    assert "were kept" in install(machine, "uninstall")
    assert (machine.root / "etc/voicemark/config.toml").exists()
