"""Nothing that others can reach is open to them, and what is wrong is said before anything starts."""

from pathlib import Path

import pytest
from support.commands import run

from voicemark.cluster.certificates import authority_file, make_certificates
from voicemark.cluster.errors import ClusterError
from voicemark.cluster.security import checked_address, greet, host_and_port, security_for
from voicemark.config import ClusterSection


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tls://recorder.lan", "tls://recorder.lan:8786"),
        ("tls://192.168.1.2:9000", "tls://192.168.1.2:9000"),
        ("tls://[fd00::1]:9000", "tls://[fd00::1]:9000"),
        ("tls://[::]", "tls://[::]:8786"),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0"),
        ("tcp://[::1]", "tcp://[::1]:8786"),
        ("tcp://localhost", "tcp://localhost:8786"),
    ],
)
def test_an_address_has_a_port_in_the_end(written: str, meant: str) -> None:
    assert checked_address(written) == meant
    assert checked_address(meant) == meant


@pytest.mark.parametrize(
    "address",
    ["tcp://0.0.0.0:8786", "tcp://192.168.1.2", "tcp://recorder.lan:8786", "tcp://[::]:8786", "tcp://localhost.lan"],
)
def test_what_others_can_reach_is_encrypted_or_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="neither encrypted nor closed"):
        checked_address(address)


@pytest.mark.parametrize("address", ["recorder:8786", "ucx://recorder", "tls://", "tls://host:port", "tls://h:70000"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="no address"):
        checked_address(address)


def test_hosts_and_ports_are_read_back() -> None:
    assert host_and_port("tls://[fd00::1]:9000") == ("fd00::1", 9000)
    assert host_and_port("tcp://127.0.0.1:8786") == ("127.0.0.1", 8786)


def section(folder: Path, machine: str = "recorder") -> ClusterSection:
    [pair] = make_certificates(folder, [machine])
    return ClusterSection(authority=authority_file(folder), certificate=pair.certificate, key=pair.key)


def test_tls_without_certificates_says_how_to_make_them() -> None:
    with pytest.raises(ClusterError, match=r"needs \[cluster\] authority, certificate, key .*cluster certificates"):
        security_for("tls://recorder:8786", ClusterSection())


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    ours = section(tmp_path)
    assert ours.key is not None
    ours.key.chmod(0o640)
    with pytest.raises(ClusterError, match="open to others"):
        security_for("tls://recorder:8786", ours)


def test_a_key_of_another_machine_is_refused(tmp_path: Path) -> None:
    ours, other = section(tmp_path), section(tmp_path, "box")
    with pytest.raises(ClusterError, match="do not belong together"):
        security_for("tls://recorder:8786", ours.model_copy(update={"key": other.key}))


def test_where_nobody_listens_that_is_said() -> None:
    with pytest.raises(ClusterError, match="no scheduler answers"):
        greet("tcp://127.0.0.1:1", ClusterSection())


@pytest.mark.parametrize(
    "command",
    [
        ("cluster", "scheduler", "--listen", "tcp://0.0.0.0:8786"),
        ("cluster", "worker", "--scheduler", "tcp://recorder.lan"),
        ("cluster", "worker", "--scheduler", "tls://recorder.lan"),
    ],
)
def test_commands_refuse_to_start_unprotected(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "config.toml").write_text("")
    done = run(*command, "-c", tmp_path / "config.toml")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "voicemark cluster certificates" in done.stderr
