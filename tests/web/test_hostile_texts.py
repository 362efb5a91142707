"""Names and titles come from broadcasts and file names: whatever they hold is shown as text, everywhere."""

import pytest
from sqlalchemy import text
from support.page import Browser, Seen

from voicemark.store.database import Database

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}</title></svg>\u202e\x07&amp;"


@pytest.fixture
def evil(own_browser: Browser, database: Database) -> Browser:
    with database.writing() as session:
        for table, columns in {
            "recordings": ("title", "subtitle", "channel", "notes", "path"),
            "programmes": ("title", "subtitle", "description", "genre", "channel"),
            "voices": ("name",),
            "jobs": ("error",),
        }.items():
            told = ", ".join(f"{column} = :evil || id" for column in columns)
            session.execute(text(f"UPDATE {table} SET {told}"), {"evil": EVIL})
    return own_browser


@pytest.mark.parametrize(
    "path",
    ["/recordings", "/recordings/1", "/recordings/1?row=0", "/recordings/2", "/people",
     "/recordings?q=%3Cscript%3Ealert(1)", "/recordings?q=%22onfocus%3Dalert(1)%20autofocus%20x%3D%22",
     "/recordings/%3Cscript%3E", "/%3Cscript%3Ealert(1)"],
)  # fmt: skip
def test_nothing_in_it_becomes_an_element_or_a_handler(evil: Browser, path: str) -> None:
    seen = Seen(evil.get(path).text)
    scripts = [has.get("src") for has in seen.all("script")]
    assert len(scripts) == 2 and all((one or "").startswith("/static/") for one in scripts)
    assert all((has.get("src") or "").startswith("/level/") for has in seen.all("img"))
    assert [name for _, has in seen.elements for name in has if name.startswith("on") or name == "autofocus"] == []
    assert "49" not in seen.text or "{{7*7}}" in seen.text


def test_it_is_there_as_text(evil: Browser) -> None:
    assert "<script>alert(1)</script>" in Seen(evil.get("/recordings/1").text).text


def test_a_files_name_cannot_add_headers(evil: Browser, database: Database) -> None:
    with database.writing() as session:
        session.execute(
            text("UPDATE recordings SET path = :path WHERE id = 1"), {"path": '/video/a"\r\nX-Evil: 1;é.ts'}
        )
    answer = evil.get("/recordings/1/export/json")
    assert answer.status_code == 200 and "x-evil" not in answer.headers
    assert answer.headers["content-disposition"].count('"') == 2


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/%00",
     "/static/a\\..\\b",
     "/static/" + "a/" * 500],
)  # fmt: skip
def test_no_path_leads_out_of_the_pages_files(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code in (404, 405)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * (1 << 17), 413),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(1000)), 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1", 400),
    ],
)
def test_a_form_that_is_none_is_refused(browser: Browser, kind: str, body: bytes, status: int) -> None:
    answer = browser.ask("POST", "/language", content=body, headers={"Content-Type": kind, "Sec-Fetch-Site": "none"})
    assert answer.status_code == status


def test_a_page_cannot_be_posted_to(browser: Browser) -> None:
    assert browser.post("/recordings").status_code == 405
