"""The page as its unit runs it: a socket that somebody else opened, no network, and nothing that it may write."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.page import small_archive

from voicemark.store.database import open_database

INSIDE = """
mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
exec "$2" -c "from voicemark.cli.main import run; run()" web --fd 3 --config "$1/config.toml"
"""
"""A network and mounts of its own; the folder of the database is read-only."""


@contextmanager
def shut_in(place: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        command = ["unshare", "--net", "--mount", "bash", "-c", INSIDE, "-", str(place), sys.executable]
        process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{listening.fileno()}', "-", *command],
            pass_fds=(listening.fileno(),),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CACHE_DIRECTORY": str(place.parent / "cache")},
        )
        assert process.stdout is not None
        try:
            said = process.stdout.readline().decode()
            if "http" not in said:
                pytest.skip(f"needs the right to namespaces of its own: {said}")
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, for a namespace of its own")
@pytest.mark.parametrize("running", [True, False], ids=["beside the service", "alone"])
def test_it_serves_without_a_network_and_from_what_it_cannot_write(tmp_path: Path, running: bool) -> None:
    place = tmp_path / "data"
    place.mkdir()
    (place / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n')
    small_archive(place / "v.db").close()
    service = open_database(place / "v.db") if running else None
    if service is not None:
        with service.writing() as session:
            session.connection().exec_driver_sql("UPDATE recordings SET title = 'Written meanwhile' WHERE id = 2")
    with shut_in(place) as (url, process):
        with urllib.request.urlopen(f"{url}/recordings", timeout=60) as answer:
            text = answer.read().decode()
        assert "Tagesschau" in text and ("Written meanwhile" in text) is running
        networks = [Path(f"/proc/{pid}/ns/net").readlink() for pid in (process.pid, os.getpid())]
        assert networks[0] != networks[1]
    if service is not None:
        service.close()
