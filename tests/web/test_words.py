"""Every language says all that the page says, and the reader gets the one that was asked for."""

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.page import Browser

from voicemark.web.words import FIRST, chosen, languages

WEB = Path(__file__).parents[2] / "core/voicemark/web"
SOURCES = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]


@pytest.mark.parametrize("code", sorted(languages()))
def test_a_catalogue_has_the_keys_of_the_others_and_their_values(code: str) -> None:
    def values(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}

    mine, first = languages()[code].sentences, languages()[FIRST].sentences
    assert mine.keys() == first.keys()
    assert {key: values(mine[key]) for key in mine} == {key: values(first[key]) for key in first}


def test_every_sentence_that_a_page_names_is_there_and_none_is_left_over() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    named = set(re.findall(r"\bt\('([\w.]+)'", text)) | set(re.findall(r"""sentences\[["']([\w.]+)["']\]""", text))
    counted = set(re.findall(r"\bt\.count\('([\w.]+)'", text))
    begun = set(re.findall(r"\bt\('([\w.]+)' ~", text))
    there = set(languages()[FIRST].sentences)
    assert named - begun - there == set()
    assert {f"{key}.{form}" for key in counted for form in ("one", "other")} <= there
    used = named | {f"{key}.{form}" for key in counted for form in ("one", "other")}
    assert [key for key in sorted(there - used) if not key.startswith(tuple(begun))] == []


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "fr, de;q=0.4, en;q=0.8", "en"),
        ("", "fr", "en"),
        ("de", "en", "de"),
        ("xx", "de", "de"),
        ("", "de;q=0, en;q=0.1", "en"),
        ("", "de;q=much", "en"),
    ],
)
def test_the_switch_wins_over_the_browser_and_english_is_for_the_rest(
    cookie: str, accepted: str, language: str
) -> None:
    assert chosen(cookie, accepted).language == language


@given(st.text(), st.text())
def test_no_header_is_too_strange(cookie: str, accepted: str) -> None:
    assert chosen(cookie, accepted).language in languages()


def test_numbers_are_written_as_the_language_does() -> None:
    assert languages()["en"].decimal(12345.25, 2) == "12,345.25"
    assert languages()["de"].decimal(12345.25, 2) == "12.345,25"
    assert languages()["de"].count("recordings.found", 20_000) == "20.000 Aufnahmen"
    assert languages()["en"].count("recordings.found", 1) == "1 recording"


def test_the_switch_is_kept_and_leads_back(browser: Browser) -> None:
    assert 'lang="en"' in browser.get("/").text
    answer = browser.post("/language", {"language": "de", "back": "/recordings?q=wetter"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/recordings?q=wetter")
    assert 'lang="de"' in browser.get("/").text
    assert "Aufnahmen" in browser.get("/").text


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "", "/\n/x"]
)
def test_the_switch_leads_to_no_other_site(browser: Browser, back: str) -> None:
    assert browser.post("/language", {"language": "de", "back": back}).headers["location"] == "/"
