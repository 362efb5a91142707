"""A small disk that can be filled, emptied, and mounted read-only."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Disk:
    """A file system of a few megabytes at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """Until nothing fits any more, but for `leave` bytes (whole blocks of 4 KiB)."""
        with self._filler.open("ab", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(b"\0" * 4096)
            file.truncate(file.seek(0, 2) - leave)

    def make_room(self) -> None:
        """Take away what filled it."""
        self._filler.unlink()

    def remount(self, options: str) -> None:
        """As `mount -o remount,…` does."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)

    def files(self) -> list[str]:
        """What lies on it, folders aside."""
        return sorted(file.name for file in self.path.rglob("*") if file.is_file() and file != self._filler)


@contextmanager
def mounted(point: Path, size: str = "8m") -> Iterator[Disk]:
    """A new disk at `point`; skips the test where mounting is not allowed."""
    point.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", point], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
    try:
        yield Disk(point)
    finally:
        subprocess.run(["umount", "--lazy", point], check=True)
