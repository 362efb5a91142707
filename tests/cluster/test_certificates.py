"""A machine belongs to the cluster by its certificate alone, and its key is nobody else's."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from support.commands import run

from voicemark.cluster.certificates import Pair, authority_file, make_certificates
from voicemark.cluster.errors import ClusterError


def shakes_hands(server: Pair, client: Pair, authority: Path) -> bool:
    """Whether the two speak TLS with each other, in memory, as Dask sets it: who is asked shows a certificate, too."""
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.load_cert_chain(server.certificate, server.key)
    ours = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(authority))
    ours.check_hostname = False
    ours.load_cert_chain(client.certificate, client.key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        theirs.wrap_bio(to_server, to_client, server_side=True),
        ours.wrap_bio(to_client, to_server),
    ]
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


def test_machines_of_one_authority_trust_each_other_and_no_stranger(tmp_path: Path) -> None:
    recorder, box = make_certificates(tmp_path / "ours", ["recorder", "box-2.lan"])
    [stranger] = make_certificates(tmp_path / "theirs", ["recorder"])
    ours = authority_file(tmp_path / "ours")
    assert shakes_hands(recorder, box, ours)
    assert not shakes_hands(recorder, stranger, ours)
    assert not shakes_hands(stranger, box, ours)


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    [pair] = make_certificates(tmp_path / "new", ["recorder"])
    for key in (pair.key, tmp_path / "new/authority.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_machine_that_comes_later_is_signed_by_the_same_authority_and_the_others_stay(tmp_path: Path) -> None:
    [before] = make_certificates(tmp_path, ["recorder"])
    written = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again, late = make_certificates(tmp_path, ["recorder", "late"])
    assert again == before
    assert {path: path.read_bytes() for path in written} == written
    assert shakes_hands(before, late, authority_file(tmp_path))


def test_a_certificate_signs_no_others(tmp_path: Path) -> None:
    [pair] = make_certificates(tmp_path, ["recorder"])
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("name", ["", "../box", "a/b", "authority", "box\n", ".hidden"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClusterError, match="no name for a machine"):
        make_certificates(tmp_path / "new", [name])
    assert not (tmp_path / "new").exists()


def test_an_authority_without_its_key_is_told_of_and_not_replaced(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["recorder"])
    (tmp_path / "authority.key").unlink()
    before = authority_file(tmp_path).read_bytes()
    with pytest.raises(ClusterError):
        make_certificates(tmp_path, ["box"])
    assert authority_file(tmp_path).read_bytes() == before


def test_the_command_says_which_files_a_machine_needs(tmp_path: Path) -> None:
    done = run("cluster", "certificates", tmp_path, "recorder", "box")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["recorder", "box"]
    assert all(Path(file).is_file() for line in lines for file in line.partition(": ")[2].split(", "))
