"""A running VDR with Debian's dispatcher: what its users do by SVDRP arrives as requests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicemark.recorders.hooks import Request, RequestKind, take_requests

HOOKS = Path(__file__).resolve().parents[2] / "deploy" / "hooks"
DISPATCHER = Path("/usr/lib/vdr/vdr-recordingaction")
PLUGIN = next(Path("/usr/lib/vdr/plugins").glob("libvdr-satip.so.*"), None) if shutil.which("vdr") else None
NAME = "2024-01-01.20.15.1-0.rec"
PATIENCE_S = 30.0


def vdr_user() -> str | None:
    """VDR refuses to be root; as root, the package's own user runs it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("vdr").pw_name
    except KeyError:
        return None


pytestmark = [
    pytest.mark.skipif(PLUGIN is None or not DISPATCHER.is_file(), reason="vdr and vdr-plugin-satip are not installed"),
    pytest.mark.skipif(os.geteuid() == 0 and vdr_user() is None, reason="there is no user to run vdr as"),
]


class LiveVdr:
    """A VDR without any tuner (the SAT>IP plugin's, with no server), and its SVDRP port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.video = folder / "video"
        self.requests = folder / "requests"
        config, cache, hooks = folder / "config", folder / "cache", folder / "recording-hooks"
        for made in (self.video / "Tatort" / NAME, self.requests, config, cache, hooks):
            made.mkdir(parents=True)
        (self.video / "Tatort" / NAME / "00001.ts").write_bytes(bytes(188))
        (self.video / "Tatort" / NAME / "info").write_text("T Tatort\nF 25\n")
        (config / "channels.conf").write_text("ARD;ARD:11493:HC23M5O35S1:S19.2E:22000:101=27:102=deu@3:0:0:1:1:1:0\n")
        (config / "svdrphosts.conf").write_text("127.0.0.1\n")
        (config / "sources.conf").write_text("S19.2E Astra\n")
        shutil.copytree(HOOKS, folder / "hooks")
        (hooks / "R50.voicemark").symlink_to(folder / "hooks" / "vdr-recording-hook")
        dispatcher = folder / "vdr-recordingaction"
        dispatcher.write_text(DISPATCHER.read_text().replace("/usr/share/vdr/recording-hooks", str(hooks)))
        dispatcher.chmod(0o755)
        (folder / "requests.path").write_text(f"{self.requests}\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command: list[str | Path]
        command = ["vdr", "-v", self.video, "-c", config, "-E", cache / "epg.data", "-p", str(self.port),
                   "-P", "satip -d 1 -s 127.0.0.1|DVBS2-1|none", "-r", dispatcher, "--no-kbd", "-w", "0"]  # fmt: skip
        if (user := vdr_user()) is not None:
            command += ["-u", user]
            folder.chmod(0o755)
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, user)
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "VOICEMARK_REQUESTS_PATH": str(folder / "requests.path")}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def svdrp(self, command: str) -> str:
        """VDR's answer, once it is up."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
                    answer = connection.makefile("rb")
                    assert answer.readline().startswith(b"220")
                    connection.sendall(command.encode() + b"\r\n")
                    reply = answer.readline().decode()
                    connection.sendall(b"QUIT\r\n")
                    if reply.startswith("250"):
                        return reply
                    failure: object = reply
            except OSError as error:
                failure = error
            assert time.monotonic() < deadline and self.process.poll() is None, failure
            time.sleep(0.1)

    def next_request(self) -> Request:
        """The only request that comes."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := take_requests(self.requests)):
            assert time.monotonic() < deadline, "no request was left"
            time.sleep(0.05)
        [request] = found
        return request


@pytest.fixture
def live() -> Iterator[LiveVdr]:
    folder = Path(tempfile.mkdtemp(prefix="voicemark-vdr-"))
    vdr = LiveVdr(folder)
    yield vdr
    vdr.process.kill()
    vdr.process.wait()
    shutil.rmtree(folder)


def test_moves_and_deletions_in_a_running_vdr_arrive(live: LiveVdr) -> None:
    live.svdrp("LSTR")
    live.svdrp("MOVR 1 Krimi~Tat ort")
    moved = live.next_request()
    new = live.video / "Krimi" / "Tat_ort" / NAME
    assert (moved.kind, moved.path, moved.source) == (RequestKind.MOVED, new, live.video / "Tatort" / NAME)
    live.svdrp("DELR 1")
    deleted = live.next_request()
    assert (deleted.kind, deleted.path) == (RequestKind.GONE, new)
    assert new.with_suffix(".del").is_dir() and not new.exists()
