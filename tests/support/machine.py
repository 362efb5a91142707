"""This machine once more: a container over an overlay of its root, whose changes are thrown away."""

import os
import shutil
import site
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCE, PACKAGES = "/usr/src/voicemark", "/usr/src/packages"
"""Where the repository and the packages that are installed here are seen inside."""
PATIENCE_S = 120.0


class Machine:
    """`root` is its file system, as seen from outside; `run` runs a program inside."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._container = [
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--link-journal=no"),
            f"--directory={root}",
            f"--machine=voicemark-test-{os.getpid()}",
            f"--bind-ro={REPOSITORY}:{SOURCE}",
            f"--bind-ro={site.getsitepackages()[0]}:{PACKAGES}",
        ]
        self._settings = ["PYTHON=/usr/bin/python3", "PIP_NO_INDEX=1", "PIP_NO_CACHE_DIR=1", "OMP_NUM_THREADS=1"]
        self._leader: int | None = None

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Inside the booted system, or alone in a container where none was booted."""
        inside = ["env", *self._settings, *map(str, command)]
        enter = self._container if self._leader is None else ["nsenter", f"--target={self._leader}", "--all"]
        done = subprocess.run([*enter, *inside], capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done

    @contextmanager
    def booted(self) -> Iterator[None]:
        """While inside, systemd runs in it as process 1. Skips where that cannot be."""
        with (
            (self.root.parent / "console").open("wb") as console,
            subprocess.Popen(
                [*self._container, "--boot", "--", "--unit=basic.target"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            ) as container,
        ):
            try:
                self._wait_for_boot(container)
                yield
            finally:
                self._leader = None
                for process in psutil.Process(container.pid).children():
                    with suppress(psutil.Error):
                        process.kill()
                container.kill()

    def _wait_for_boot(self, container: "subprocess.Popen[bytes]") -> None:
        ends = time.monotonic() + PATIENCE_S
        while container.poll() is None and time.monotonic() < ends:
            for child in psutil.Process(container.pid).children():
                self._leader = child.pid
                if self.run("systemctl", "is-active", "basic.target", check=False).stdout == "active\n":
                    return
            time.sleep(0.2)
        self._leader = None
        pytest.skip(f"systemd does not start in a container: {(self.root.parent / 'console').read_text()[-500:]}")


@contextmanager
def made(folder: Path) -> Iterator[Machine]:
    """A machine whose changes lie in memory. Skips where there is no right, or no program, to make one."""
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        pytest.skip("needs root and systemd-nspawn (Debian: apt install systemd-container)")
    if not Path("/usr/bin/python3").exists():
        pytest.skip("needs Debian's own Python")
    memory, root = folder / "memory", folder / "root"
    for path in (memory, root):
        path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", memory], check=True)
    try:
        for name in ("upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work"
        mounted = subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", root], capture_output=True)
        if mounted.returncode != 0:
            pytest.skip("needs overlay file systems")
        try:
            yield Machine(root)
        finally:
            subprocess.run(["umount", "--lazy", root], check=True)
    finally:
        subprocess.run(["umount", "--lazy", memory], check=True)
