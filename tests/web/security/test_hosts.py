"""The page answers to its own names alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.page import Browser

from voicemark.config import Config
from voicemark.web.app import make_app
from voicemark.web.security.hosts import LOOPBACK, host_name, names_of


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8765", "localhost.", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8765"]
)
def test_this_machines_own_names_are_answered(browser: Browser, host: str) -> None:
    assert browser.get("/", {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8765", "evil.example:127.0.0.1", "192.168.1.5",
     "0.0.0.0", "127.0.0.1@evil.example", "localhost/", "localhost:99999999", "", " ", "[::1", "2130706433",
     "localhost, evil.example"],
)  # fmt: skip
def test_any_other_name_is_refused_before_anything_is_read(browser: Browser, host: str) -> None:
    answer = browser.get("/", {"Host": host})
    assert answer.status_code == 421
    assert "Tagesschau" not in answer.text


def test_a_request_with_two_names_or_none_is_refused(browser: Browser) -> None:
    for headers in ([("Host", "localhost"), ("Host", "evil.example")], [("Host", "localhost"), ("Host", "localhost")]):
        assert browser.ask("GET", "/", headers=headers).status_code == 421


def test_configured_names_and_the_address_listened_on_are_answered(config: Config) -> None:
    known = config.model_copy(update={"web": config.web.model_copy(update={"hosts": ("tv.example",)})})
    browser = Browser(make_app(known, address="192.168.1.5"))
    for host in ("tv.example", "tv.example:443", "192.168.1.5:8765", "localhost"):
        assert browser.get("/", {"Host": host}).status_code == 200
    assert browser.get("/", {"Host": "192.168.1.6"}).status_code == 421


def test_listening_everywhere_makes_no_name_known() -> None:
    assert names_of("0.0.0.0", ()) == names_of("::", ()) == names_of("", ()) == LOOPBACK
    assert "[fd00::1]" in names_of("fd00:0::1", ())


@given(st.text())
def test_a_name_is_told_from_any_header_without_a_fault(header: str) -> None:
    name = host_name(header)
    assert name is None or header.lower().startswith(name)
