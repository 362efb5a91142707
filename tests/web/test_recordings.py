"""The list of recordings: what is looked for is found, and pages follow each other."""

import pytest
from support.page import Browser, Seen

TITLES = {"Tagesschau", "Die Küste", "Lindenstraße"}


def titles(browser: Browser, query: str = "") -> list[str]:
    html = browser.get(f"/recordings{query}").text
    return [one for one in Seen(html).words if one in TITLES]


def test_all_are_listed_the_latest_first_and_those_without_a_date_last(browser: Browser) -> None:
    assert titles(browser) == ["Die Küste", "Tagesschau", "Lindenstraße"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=tagess", ["Tagesschau"]),
        ("?q=kuste", ["Die Küste"]),
        ("?q=KÜSTE", ["Die Küste"]),
        ("?q=nordsee", ["Tagesschau"]),
        ("?q=anna", ["Tagesschau"]),
        ("?q=anna+zdf", []),
        ("?q=zdf", ["Die Küste"]),
        ("?q=maria", []),
        ("?q=%22+OR+NOT+*+%29", ["Die Küste", "Tagesschau", "Lindenstraße"][:0]),
        ("?q=***", ["Die Küste", "Tagesschau", "Lindenstraße"]),
        ("?state=failed", ["Die Küste"]),
        ("?state=waiting", ["Lindenstraße"]),
        ("?from=2024-03-03", ["Die Küste"]),
        ("?to=2024-03-02", ["Tagesschau"]),
        ("?order=title&way=up", ["Die Küste", "Lindenstraße", "Tagesschau"]),
        ("?order=length&way=down", ["Tagesschau", "Lindenstraße", "Die Küste"]),
    ],
)
def test_what_is_asked_for_is_listed(browser: Browser, query: str, found: list[str]) -> None:
    assert titles(browser, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "?after=x",
        "?after=[1e999,1]",
        "?after=[null,-5]",
        "?after=[%22x%22,99999999999999999999999]",
        "?after=" + "[" * 5000,
        "?from=99999-01-01&to=0000-00-00",
        "?order=id%3Bdrop&way=sideways&state=all",
        "?q=" + "a" * 5000,
        "?q=%00%ff",
    ],
)
def test_nonsense_in_the_address_is_passed_over(browser: Browser, query: str) -> None:
    assert browser.get(f"/recordings{query}").status_code == 200


def test_what_failed_says_so_in_words(browser: Browser) -> None:
    assert "failed" in Seen(browser.get("/recordings?state=failed").text).text
