"""The installer, run for real below a folder of its own: install, again, upgrade with a database, uninstall."""

import os
import shutil
import site
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

import voicemark
from voicemark.voice.weights import DEFAULT_WEIGHTS

REPOSITORY = Path(__file__).parents[2]
INSTALL = REPOSITORY / "deploy" / "install.sh"
PIP = ("PIP_NO_INDEX", "PIP_NO_CACHE_DIR", "PIP_NO_COMPILE")
"""Nothing is fetched, and only what is run is compiled."""


def run(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHON": sys.executable, **dict.fromkeys(PIP, "1")}
    done = subprocess.run([INSTALL, *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as it is shipped."""
    if not (Path(sys.prefix) / "bin" / "pip").exists() or sys.prefix == sys.base_prefix:
        pytest.skip("needs a virtual environment with pip")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, REPOSITORY], check=True, capture_output=True)
    (found,) = folder.glob("voicemark-*.whl")
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An environment that sees the packages that are installed here, so that none has to be fetched."""
    program = tmp_path / "opt" / "voicemark"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", program], check=True)
    (packages,) = program.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    (tmp_path / "usr" / "local" / "bin").mkdir(parents=True)
    return tmp_path


def test_the_wheel_bears_the_librarys_version_its_weights_and_its_types(wheel: Path) -> None:
    assert wheel.name.startswith(f"voicemark-{voicemark.__version__}-")
    held = set(zipfile.ZipFile(wheel).namelist())
    weights = DEFAULT_WEIGHTS.relative_to(REPOSITORY / "core").as_posix()
    assert {"voicemark/py.typed", "voicemarkd/py.typed", weights} <= held


@pytest.mark.timeout(600)
def test_install_again_upgrade_and_uninstall_keep_what_is_the_owners(root: Path, wheel: Path) -> None:
    config, data = root / "etc/voicemark/config.toml", root / "var/lib/voicemark"
    first = run("install", "--root", root, "--from", wheel)
    assert "configuration to fill in" in first.stdout
    units = root / "etc/systemd/system"
    assert (units / "voicemark.service").is_file()
    assert not list(units.glob("voicemark-w*.*")), "the page and the worker are there for who asks for them"
    assert (root / "opt/voicemark/bin/voicemarkd").is_file()
    assert (root / "opt/voicemark/share/hooks/vdr-recording-hook").is_file()

    own = f"[database]  # kept elsewhere\nurl = 'sqlite:///{data}/voicemark.db'  # single quotes\n"
    config.write_text(own)
    installed = subprocess.run(
        [root / "opt/voicemark/bin/python", "-c", "import voicemark; print(voicemark.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    assert installed.stdout.startswith(str(root)), "the installed program is not the one that runs"
    make_database = (
        "import sys, pathlib; from voicemark.store.database import open_database as o; o(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [root / "opt/voicemark/bin/python", "-c", make_database, data / "voicemark.db"], check=True, cwd=root
    )
    with closing(sqlite3.connect(data / "voicemark.db")) as database, database:
        database.execute("INSERT INTO voices (name, enrolled_at) VALUES ('Anna', '2026-03-01 00:00:00')")

    again = run("install", "--root", root, "--from", wheel, "--web", "--worker")
    asked_for = {"voicemark-web.service", "voicemark-web.socket", "voicemark-worker.service"}
    assert {unit.name for unit in units.glob("voicemark-w*.*")} == asked_for
    assert (root / "opt/voicemark/share/cluster.md").is_file()
    assert config.read_text() == own
    assert "the database was copied" in again.stdout
    (copy,) = (data / "backup").glob("*.db")
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    for file in (copy, data / "voicemark.db"):
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("SELECT name FROM voices").fetchall() == [("Anna",)]

    run("uninstall", "--root", root)
    assert not (root / "opt/voicemark").exists()
    assert not list(units.glob("voicemark*.*"))
    assert config.read_text() == own and (data / "voicemark.db").exists()
    run("uninstall", "--root", root)
    run("purge", "--root", root)
    assert not data.exists() and not config.exists()


@pytest.mark.timeout(600)
def test_a_command_of_that_name_that_is_somebody_elses_stays(root: Path, wheel: Path) -> None:
    foreign = root / "usr/local/bin/voicemark"
    foreign.write_text("#!/bin/sh\necho another program\n")
    done = run("install", "--root", root, "--from", wheel)
    assert "is another program and stays" in done.stdout
    run("uninstall", "--root", root)
    assert "another program" in foreign.read_text()


def test_the_installer_is_clean_shell() -> None:
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("needs shellcheck")
    done = subprocess.run([program, INSTALL], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_mistyped_option_changes_nothing(tmp_path: Path) -> None:
    done = run("install", "--rot", tmp_path, check=False)
    assert done.returncode == 2 and "--help" in done.stderr
