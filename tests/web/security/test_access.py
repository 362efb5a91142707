"""With a password nobody gets further than the form, and guessing is slow."""

import re
import time
from typing import Any

import pytest
from support.page import Browser

from voicemark.config import Config
from voicemark.web.app import make_app
from voicemark.web.security import passwords
from voicemark.web.security.attempts import ALL, EACH, WITHIN_S, Attempts
from voicemark.web.security.passwords import Passwords, new_token, password_line, token_line
from voicemark.web.security.sessions import COOKIE, LASTS_S, Sessions

PASSWORD = "correct horse battery"
TOKEN = new_token()
PAGE = {"Accept": "text/html"}


@pytest.fixture
def app(config: Config, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(passwords, "N", 1 << 4)
    return make_app(config, passwords=Passwords((password_line(PASSWORD),), (token_line(TOKEN),)))


@pytest.mark.parametrize(
    "path", ["/", "/recordings", "/recordings/1", "/recordings/1/export/json", "/recordings/1/play.m3u", "/people",
             "/nothing", "//recordings", "/static/../recordings", "/login/../recordings", "/loginx", "/clip/turn/1/0"]
)  # fmt: skip
def test_without_it_nothing_is_told(app: Any, path: str) -> None:
    answer = Browser(app).get(path, PAGE)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login?back=")
    answer = Browser(app).get(path)
    assert answer.status_code == 401 and "Tagesschau" not in answer.text


def test_the_password_opens_a_session_and_leads_back(app: Any) -> None:
    browser = Browser(app)
    where = browser.get("/recordings?q=wetter", PAGE).headers["location"]
    back = re.findall(r'name="back" value="([^"]*)"', browser.get(where, PAGE).text)[-1]
    answer = browser.post("/login", {"password": PASSWORD, "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "/recordings?q=wetter")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert "Tagesschau" in browser.get("/", PAGE).text


def test_leaving_ends_it(app: Any) -> None:
    browser = Browser(app)
    browser.post("/login", {"password": PASSWORD})
    browser.post("/logout")
    assert browser.get("/", PAGE).status_code == 303


def test_a_token_lets_a_script_in_and_a_wrong_one_does_not(app: Any) -> None:
    assert Browser(app).get("/", {"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer", "Bearer \xff", ""):
        assert Browser(app).get("/", {"Authorization": wrong.encode("latin-1")}).status_code == 401  # type: ignore[dict-item]


@pytest.mark.parametrize("cookie", ["", "x", "1.2.3", "99999999999.aa.bb", "." * 500, "9.é.9", '"', "٣.a.b"])
def test_a_cookie_of_somebody_elses_making_is_none(app: Any, cookie: str) -> None:
    answer = Browser(app).get("/", {"Cookie": f"{COOKIE}={cookie}".encode()})  # type: ignore[dict-item]
    assert answer.status_code == 401


def test_after_a_few_wrong_tries_the_right_one_has_to_wait_too(app: Any) -> None:
    browser = Browser(app)
    answers = [browser.post("/login", {"password": f"wrong {n}"}).status_code for n in range(EACH)]
    assert answers == [403] * EACH
    late = browser.post("/login", {"password": PASSWORD})
    assert late.status_code == 429 and int(late.headers["retry-after"]) > 0 and "set-cookie" not in late.headers
    other = Browser(app, client="127.0.0.2")
    assert other.post("/login", {"password": PASSWORD}).status_code == 303


def test_the_form_leads_to_no_other_site(app: Any) -> None:
    answer = Browser(app).post("/login", {"password": PASSWORD, "back": "//evil.example"})
    assert answer.headers["location"] == "/"


def test_tries_are_counted_for_each_and_for_all_and_forgotten() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(EACH):
        assert attempts.wait_s("a") == 0
        attempts.wrong("a")
    assert attempts.wait_s("a") == WITHIN_S and attempts.wait_s("b") == 0
    now[0] = WITHIN_S + 1
    assert attempts.wait_s("a") == 0
    for n in range(ALL):
        attempts.wrong(str(n))
    assert attempts.wait_s("new") > 0


def test_a_session_ends_and_cannot_be_made_longer() -> None:
    now = [time.time()]
    sessions = Sessions(b"key", lambda: now[0])
    cookie = sessions.begin()
    assert sessions.holds(cookie)
    ends, rest = cookie.split(".", 1)
    assert not sessions.holds(f"{int(ends) + 1}.{rest}")
    assert not Sessions(b"other", lambda: now[0]).holds(cookie)
    now[0] += LASTS_S + 1
    assert not sessions.holds(cookie)


def test_where_no_password_is_asked_for_the_form_leads_on(browser: Browser) -> None:
    assert browser.get("/login?back=/people").headers["location"] == "/people"
