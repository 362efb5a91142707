"""A small disk that can be filled, emptied, and mounted read-only; and one that fails where a file is read."""

import shutil
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


@contextmanager
def failing(folder: Path, source: Path) -> Iterator[Path]:
    """A disk with a copy of `source`, in whose middle a block cannot be read (EIO: its checksum is wrong). Skips where
    such a disk cannot be made."""
    program = shutil.which("mkfs.btrfs", path="/usr/sbin:/sbin")
    if program is None:
        pytest.skip("needs mkfs.btrfs (Debian: apt install btrfs-progs)")
    image, point = folder / "disk.img", folder / "disk"
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(160 << 20)
    subprocess.run([program, "-q", "-m", "single", "-d", "single", image], check=True, capture_output=True)
    _mount(image, point)
    copy = point / source.name
    shutil.copyfile(source, copy)
    subprocess.run(["umount", point], check=True)
    data = source.read_bytes()
    written, middle = bytearray(image.read_bytes()), data[len(data) // 2 :][:64]
    at = written.find(middle)
    while at >= 0:
        written[at : at + len(middle)] = b"\xff" * len(middle)
        at = written.find(middle, at + 1)
    image.write_bytes(written)
    _mount(image, point)
    try:
        yield copy
    finally:
        subprocess.run(["umount", "--lazy", point], check=True)


def _mount(image: Path, point: Path) -> None:
    done = subprocess.run(["mount", "-o", "loop", image, point], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount btrfs: {done.stderr.strip()}")
