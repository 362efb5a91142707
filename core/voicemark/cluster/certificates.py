"""An authority of one's own and a certificate for each machine: who has one belongs to the cluster, nobody else does.

Nothing is bought or looked up anywhere: the authority is a file made here, and a machine is trusted because this
authority signed for it. All keys are of the curve P-256, which every TLS since 2013 knows.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voicemark.cluster.errors import ClusterError

DAYS = 3650
"""Ten years: an authority at home that ends earlier ends on an evening on which nobody thinks of it."""
YESTERDAY = timedelta(days=1)
"""Certificates begin so long before they are made: the clocks of a home differ."""
AUTHORITY = "authority"
MACHINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
PRIVATE, PUBLIC = 0o600, 0o644


@dataclass(frozen=True)
class Pair:
    """A machine's certificate and its key, as files."""

    machine: str
    certificate: Path
    key: Path


def make_certificates(folder: Path, machines: Sequence[str], *, days: int = DAYS) -> list[Pair]:
    """A certificate for each of the `machines`, in `folder`, signed by the authority there, which is made if need be.

    Nothing is ever written over: machines that have a certificate keep it. Raises `ClusterError`.
    """
    for machine in machines:
        if not MACHINE_NAME.fullmatch(machine) or machine == AUTHORITY:
            raise ClusterError(f"{machine!r} is no name for a machine", hint="letters, digits, dots and hyphens")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate, key = _authority(folder, days)
        return [_pair(folder, machine, certificate, key, days) for machine in machines]
    except OSError as error:
        raise ClusterError(f"certificates cannot be written: {error.strerror}", path=folder) from error
    except ValueError as error:
        raise ClusterError(f"the authority there cannot be used: {error}", path=folder) from error


def authority_file(folder: Path) -> Path:
    """The authority's certificate, which every machine needs; its key stays in `folder`."""
    return folder / f"{AUTHORITY}.pem"


def _authority(folder: Path, days: int) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    file, key_file = authority_file(folder), folder / f"{AUTHORITY}.key"
    if file.exists() or key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("its key is of another kind")
        return x509.load_pem_x509_certificate(file.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("voicemark cluster")
    certificate = (
        _begun(name, name, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_pair(file, certificate, key_file, key)
    return certificate, key


def _pair(
    folder: Path, machine: str, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey, days: int
) -> Pair:
    pair = Pair(machine, folder / f"{machine}.pem", folder / f"{machine}.key")
    if pair.certificate.exists():
        return pair
    key = ec.generate_private_key(ec.SECP256R1())
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _begun(_name(machine), authority.subject, key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(both, critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(machine)]), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_pair(pair.certificate, certificate, pair.key, key)
    return pair


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - YESTERDAY)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_pair(file: Path, certificate: x509.Certificate, key_file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """The key first: a certificate without its key would never be made again."""
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with suppress(FileNotFoundError):
        key_file.unlink()  # Left by a run that was broken off.
    _write(key_file, secret, PRIVATE)
    _write(file, certificate.public_bytes(serialization.Encoding.PEM), PUBLIC)


def _write(path: Path, data: bytes, mode: int) -> None:
    """A new file that never was readable for more than `mode` allows."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
