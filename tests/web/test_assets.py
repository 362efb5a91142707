"""Files of the page: those of others are what the list says, ours run under the strictest policy."""

import hashlib
import re
import tomllib

import pytest
from support.page import Browser, Seen

from voicemark.web.assets import KEPT, STATIC, asset
from voicemark.web.site import TEMPLATES

VENDORED = tomllib.loads((STATIC / "vendored.toml").read_text(encoding="utf-8"))["file"]
OWN = {"page.css", "page.js", "icon.svg", "vendored.toml"}


def test_every_file_is_ours_or_in_the_list() -> None:
    assert {path.name for path in STATIC.iterdir()} == OWN | {one["path"] for one in VENDORED}


@pytest.mark.parametrize("one", VENDORED, ids=lambda one: str(one["path"]))
def test_a_vendored_file_is_the_one_that_the_list_tells_of(one: dict[str, str]) -> None:
    data = (STATIC / one["path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == one["sha256"]
    assert one["licence"] and one["source"] and one["name"]
    assert one["version"].encode() in data


# A report is no page: it is a file that has its style with it.
@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("[!r]*.html")) + sorted(TEMPLATES.glob("rec*.html")), ids=str)
def test_no_template_has_a_script_a_style_or_a_handler_of_its_own(path: object) -> None:
    text = (TEMPLATES / str(path)).read_text(encoding="utf-8")
    assert not re.search(r"<style|\bstyle=|\son[a-z]+=|hx-on|javascript:|\bjs:|\|\s*safe", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_nothing_is_loaded_from_elsewhere(browser: Browser) -> None:
    seen = Seen(browser.get("/recordings/1").text)
    asked = [has.get(name) for _, has in seen.elements for name in ("src", "href", "action") if has.get(name)]
    assert [one for one in asked if not (one or "").startswith(("/", "?", "#"))] == []


def test_a_file_that_is_asked_for_by_its_digest_is_kept(browser: Browser) -> None:
    answer = browser.get(asset("page.css"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, KEPT)
    assert browser.get("/static/page.css").headers["cache-control"] != KEPT
