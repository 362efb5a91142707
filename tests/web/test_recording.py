"""One recording: its timeline and its table say the same, whoever speaks has a lane, and parts can be looked at."""

import re

import pytest
from support.page import Browser, Seen

from voicemark.store.database import Database
from voicemark.store.schema import TurnRow
from voicemark.web.pages.recording import ROWS


def rows(html: str) -> list[dict[str, str | None]]:
    return [has for has in Seen(html).all("tr") if "data-s" in has]


def test_everybody_who_speaks_has_a_lane_also_without_a_name(browser: Browser) -> None:
    seen = Seen(browser.get("/recordings/1").text)
    lanes = [has["aria-label"] for has in seen.all("svg") if "data-lane" in has]
    assert lanes == ["Anna: 0.3 minutes in 2 turns", "Speaker 2 of this recording: 0.2 minutes in 1 turns"]


def test_the_table_has_every_turn_of_the_timeline(browser: Browser) -> None:
    html = browser.get("/recordings/1").text
    assert [(has["data-s"], has["data-k"]) for has in rows(html)] == [("0.0", "v1"), ("20.0", "s2"), ("610.0", "v1")]
    drawn = sum(path.count("M") for path in re.findall(r' d="([^"]*)"', html))
    assert drawn == 3


def test_what_was_on_air_and_what_is_damaged_is_told(browser: Browser) -> None:
    seen = Seen(browser.get("/recordings/1").text)
    assert "Wetter" in seen.text and "Sturm über der Nordsee" in seen.text
    assert len(seen.all("rect", **{"class": "fault"})) == 1
    assert "damaged audio: 3 frames" in seen.text


def test_one_persons_turns_can_be_looked_at_alone(browser: Browser) -> None:
    assert [has["data-k"] for has in rows(browser.get("/recordings/1?who=s2").text)] == ["s2"]


def test_a_part_holds_what_lies_in_it(browser: Browser) -> None:
    assert [has["data-s"] for has in rows(browser.get("/recordings/1?from=600&to=900").text)] == ["610.0"]


@pytest.mark.parametrize(("query", "turn"), [("?row=1", "0:20"), ("?at=300", "10:10"), ("?at=612", "10:10")])
def test_a_turn_is_chosen_by_number_or_moment(browser: Browser, query: str, turn: str) -> None:
    html = browser.get(f"/recordings/1{query}").text
    assert len([has for has in rows(html) if has.get("aria-current")]) == 1
    assert f"<h2>{turn} – " in html


@pytest.mark.parametrize(
    "query",
    ["?from=-1&to=nan", "?from=1e400", "?to=0", "?from=800&to=700", "?row=-9", "?row=99999999999999999999",
     "?who=vAnna", "?first=99999999", "?first=-1", "?at=inf", "?row=1&row=2&from="],
)  # fmt: skip
def test_nonsense_in_the_address_is_passed_over(browser: Browser, query: str) -> None:
    assert browser.get(f"/recordings/1{query}").status_code == 200


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "99999999999999999999999", "1%00", "..%2f1"])
def test_a_recording_that_is_not_there_is_told_so(browser: Browser, number: str) -> None:
    assert browser.get(f"/recordings/{number}").status_code == 404


def test_one_that_was_not_heard_says_so(browser: Browser) -> None:
    assert "It has not been heard yet" in browser.get("/recordings/3").text


def test_many_turns_come_a_page_at_a_time_each_once(own_browser: Browser, database: Database) -> None:
    with database.writing() as session:
        session.add_all(
            TurnRow(recording_id=1, number=n, start_s=700 + n / 10, end_s=700.05 + n / 10, local_speaker=2)
            for n in range(3, 2 * ROWS)
        )
    starts, path = [], "/recordings/1"
    while path:
        html = own_browser.get(path).text
        starts += [has["data-s"] for has in rows(html)]
        nexts = [has["href"] for has in Seen(html).all("a", rel="next")]
        path = (nexts[0] or "") if nexts else ""
    assert len(starts) == len(set(starts)) == 2 * ROWS
    chosen = own_browser.get(f"/recordings/1?row={ROWS + 5}").text
    assert any(has.get("aria-current") for has in rows(chosen))
