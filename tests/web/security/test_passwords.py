"""The password file: what it lets in, and when it is not used."""

import stat
from pathlib import Path

import pytest

from voicemark.errors import ConfigError
from voicemark.web.security import passwords
from voicemark.web.security.passwords import Passwords, new_token, password_line, token_line, write_passwords

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "N", 1 << 4)


def test_what_was_written_lets_in_and_nothing_else_does(tmp_path: Path) -> None:
    token = new_token()
    write_passwords(tmp_path / "p", (password_line(PASSWORD), token_line(token)))
    read = Passwords.read(tmp_path / "p")
    assert read.accept(PASSWORD) and read.accept_token(token)
    assert not any(map(read.accept, ("", PASSWORD + " ", PASSWORD.upper(), token, "\ud800", "\0")))
    assert not any(map(read.accept_token, ("", PASSWORD, token[:-1], token_line(token))))


def test_the_file_is_its_owners_and_tells_no_password(tmp_path: Path) -> None:
    write_passwords(tmp_path / "p", (password_line(PASSWORD),))
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o600
    assert PASSWORD not in (tmp_path / "p").read_text()
    assert PASSWORD not in repr(Passwords.read(tmp_path / "p"))
    assert "scrypt" not in repr(Passwords.read(tmp_path / "p"))


def test_the_same_password_twice_is_not_to_be_seen() -> None:
    assert password_line(PASSWORD) != password_line(PASSWORD)


def test_another_password_ends_all_sessions_and_a_token_none() -> None:
    one = password_line(PASSWORD)
    assert Passwords((one,)).key != Passwords((password_line(PASSWORD),)).key
    assert Passwords((one,)).key == Passwords((one,), (token_line("x"),)).key


def test_a_short_password_is_not_taken() -> None:
    with pytest.raises(ConfigError, match="at least 10"):
        password_line("short")


@pytest.mark.parametrize(
    "text",
    ["", "secret\n", "scrypt:16:8:1:00:00\n", "scrypt:1:2:3\n", "token:" + "0" * 64 + "\n",
     "scrypt:x:8:1:" + "0" * 64 + ":00\n", f"scrypt:{1 << 40}:8:1:{'0' * 32}:{'0' * 64}\n",
     f"scrypt:16:8:1:{'0' * 32}:{'0' * 64}\njunk\n", "\xff"],
)  # fmt: skip
def test_a_file_that_is_none_is_not_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "p").write_text(text, encoding="latin-1")
    (tmp_path / "p").chmod(0o600)
    with pytest.raises(ConfigError):
        Passwords.read(tmp_path / "p")


def test_a_file_that_everybody_may_read_is_not_used(tmp_path: Path) -> None:
    write_passwords(tmp_path / "p", (password_line(PASSWORD),))
    (tmp_path / "p").chmod(0o644)
    with pytest.raises(ConfigError, match="open to everybody"):
        Passwords.read(tmp_path / "p")
    with pytest.raises(ConfigError, match="cannot be read"):
        Passwords.read(tmp_path / "none")
