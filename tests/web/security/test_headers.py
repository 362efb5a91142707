"""Every answer, also a refusal and a fault, tells the browser what it may not do."""

import pytest
from starlette.applications import Starlette
from support.page import Browser

from voicemark.web.security.headers import ALWAYS


@pytest.mark.parametrize(
    ("path", "host"),
    [("/", "localhost"), ("/", "evil.example"), ("/nothing", "localhost"), ("/static/page.js", "localhost"),
     ("/recordings/1/export/csv", "localhost"), ("/static/", "localhost")],
)  # fmt: skip
def test_every_answer_has_them(browser: Browser, path: str, host: str) -> None:
    headers = browser.get(path, {"Host": host}).headers
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert "private" in headers["cache-control"]
    assert "server" not in headers


def test_a_fault_has_them_too_and_tells_nothing_of_the_program(
    page_of_archive: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicemark.web.pages.people.voice_names", lambda _session: 1 / 0)
    answer = Browser(page_of_archive).get("/people")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == ALWAYS["Content-Security-Policy"]


def test_the_policy_lets_no_script_and_no_style_of_a_page_itself_run() -> None:
    policy = ALWAYS["Content-Security-Policy"]
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert policy.startswith("default-src 'none'")
