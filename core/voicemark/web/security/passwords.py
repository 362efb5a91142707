"""The password file: what lets a person in (scrypt, RFC 7914) and what lets a script in (a token's digest).

One entry a line, `scrypt:N:r:p:salt:hash` or `token:sha256`, in hexadecimal. A password is drawn out by scrypt, so that
who gets hold of the file cannot try many; a token has 256 random bits, of which a plain digest tells nothing.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from voicemark.errors import ConfigError
from voicemark.files import replacing
from voicemark.store.private import mode_in

N, R, P = 1 << 15, 8, 1
"""32 MB and about a tenth of a second for each try (OWASP's third set for scrypt asks for 2^15 with p = 3)."""
MAX_MEMORY = 128 << 20
LONGEST = 1024
"""Characters of a password that are looked at."""
SHORTEST = 10


@dataclass(frozen=True)
class Passwords:
    """What is let in."""

    hashed: tuple[str, ...] = field(default=(), repr=False)
    tokens: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file at `path`. Raises `ConfigError` where it cannot be used, or others may read it."""
        hint = "make one with `voicemark web --new-password`"
        try:
            mode = path.stat().st_mode
            lines = path.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            told = error.strerror if isinstance(error, OSError) else "is no text"
            raise ConfigError(f"the password file cannot be read: {told}", path=path, hint=hint) from error
        if mode & 0o007:
            raise ConfigError("the password file is open to everybody", path=path, hint="chmod o= it")
        found = cls(
            tuple(line for line in lines if line.startswith("scrypt:")),
            tuple(line for line in lines if line.startswith("token:")),
        )
        if not found.hashed or len(found.hashed) + len(found.tokens) != len(lines) or not all(map(_is_whole, lines)):
            raise ConfigError("is no password file", path=path, hint=hint)
        return found

    @property
    def key(self) -> bytes:
        """Signs sessions: another password ends them all."""
        return hashlib.sha256("\n".join(("session", *self.hashed)).encode()).digest()

    def accept(self, password: str) -> bool:
        """Whether it is one of the passwords. Takes about a tenth of a second."""
        return any(_matches(one, password) for one in self.hashed)

    def accept_token(self, token: str) -> bool:
        """Whether it is one of the tokens."""
        given = token_line(token)
        return any(hmac.compare_digest(one, given) for one in self.tokens)


def password_line(password: str) -> str:
    """The entry of a new password. Raises `ConfigError` for one that is too short."""
    if len(password) < SHORTEST:
        raise ConfigError(f"a password has at least {SHORTEST} characters", hint="several words are easy to keep")
    salt = secrets.token_bytes(16)
    return f"scrypt:{N}:{R}:{P}:{salt.hex()}:{_scrypt(password, salt, N, R, P).hex()}"


def token_line(token: str) -> str:
    """The entry of a token."""
    return f"token:{hashlib.sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()}"


def write_passwords(path: Path, lines: Iterable[str]) -> None:
    """Replace the file; who runs the service can read it, and nobody else. Raises `ConfigError`."""
    try:
        with replacing(path, mode_in(path.parent)) as part:
            part.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
            if os.geteuid() == 0:
                folder = path.parent.stat()
                os.chown(part, folder.st_uid, folder.st_gid)
    except OSError as error:
        raise ConfigError(f"the password file cannot be written: {error.strerror}", path=path) from error


def new_token() -> str:
    """256 random bits, as text."""
    return secrets.token_urlsafe(32)


def _is_whole(line: str) -> bool:
    try:
        kind, *rest = line.split(":")
        if kind == "token":
            return len(rest) == 1 and len(bytes.fromhex(rest[0])) == 32
        n, r, p, salt, digest = rest
        cost = 128 * int(n) * int(r)
        return 0 < cost <= MAX_MEMORY // 2 and 0 < int(p) <= 16 and len(bytes.fromhex(salt + digest)) >= 32
    except ValueError:
        return False


def _matches(line: str, password: str) -> bool:
    _, n, r, p, salt, digest = line.split(":")
    found = _scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    text = password[:LONGEST].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=MAX_MEMORY, dklen=32)
