"""What another site sets going does nothing."""

import pytest
from support.page import HERE, Browser

from voicemark.web.security.cross_site import may_act

REFUSED = 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
        {"Sec-Fetch-Site": "unheard-of"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8766"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "file://127.0.0.1:8765"},
        {"Origin": "http://127.0.0.1:8765.evil.example"},
        {"Origin": "http://["},
        {"Cookie": "voicemark=x"},
        {"Cookie": "language=de", "Referer": "https://evil.example/"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "MADE-UP"])
def test_what_changes_something_must_come_from_here(browser: Browser, method: str, headers: dict[str, str]) -> None:
    answer = browser.ask(method, "/language", headers=headers, content=b"language=de")
    assert answer.status_code == REFUSED
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": HERE},
        {"Origin": HERE, "Sec-Fetch-Site": "same-origin", "Cookie": "language=de"},
        {},
    ],
)
def test_the_pages_own_forms_and_scripts_without_a_cookie_are_let_through(
    browser: Browser, headers: dict[str, str]
) -> None:
    assert browser.post("/language", {"language": "de"}, headers).status_code == 303


def test_looking_is_free_from_everywhere_but_becomes_no_part_of_another_site(browser: Browser) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert browser.get("/", link).status_code == 200
    for changed in ({"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "audio"}):
        assert browser.get("/recordings/1/export/json", link | changed).status_code == REFUSED


def test_nothing_is_allowed_to_other_origins(browser: Browser) -> None:
    answer = browser.ask("OPTIONS", "/recordings", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = browser.get("/", {"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_port_belongs_to_the_origin() -> None:
    assert may_act("POST", {"origin": "http://tv.example:8765", "host": "TV.example:8765"})
    assert not may_act("POST", {"origin": "http://tv.example:8765", "host": "tv.example"})
