"""Questions come one at a time, can be skipped, and are answered by a form."""

import pytest
from support.page import Browser, Seen, add_people

from voicemark.actions import people
from voicemark.actions.people import PersonView, Question
from voicemark.store.database import Database
from voicemark.web.pages import ask as page

SOMEBODY = PersonView(3, None, "person", 3, 0.5, None, None, None)


@pytest.fixture
def asked(own_browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Two questions, whatever the networks say."""
    add_people(database)

    def two(session: object, at_most: int = 5) -> list[Question]:
        places = people.places_of(session, [3], 3)[3]  # type: ignore[arg-type]
        return [
            Question("3:1", SOMEBODY, None, None, 1, "Anna", places, 2, 3, 0.5),
            Question("4.1:2", None, 4, 1, 2, "Bert", places, 2, 3, 0.5),
        ][:at_most]

    monkeypatch.setattr(page, "questions", two)
    return own_browser


def test_one_question_is_asked_with_places_to_hear(asked: Browser) -> None:
    html = asked.get("/ask").text
    assert "Is this Anna?" in html and "Is this Bert?" not in html
    assert len([has for has in Seen(html).all("a") if "data-clip" in has]) == 3
    answers = [has.get("value") for has in Seen(html).all("input", name="answer")]
    assert answers == ["yes", "no", "somebody_else"]


def test_what_is_skipped_is_not_asked_again_until_it_is_wanted(asked: Browser) -> None:
    assert "Is this Bert?" in asked.get("/ask?skip=3:1").text
    html = asked.get("/ask?skip=3:1&skip=4.1:2").text
    assert "There is no question now" in html and 'href="/ask"' in html
    assert "Is this Anna?" in asked.get("/ask?skip=evil&skip=%22%3E").text


def test_with_nobody_to_ask_about_it_says_so(browser: Browser) -> None:
    assert "There is no question now" in browser.get("/ask").text
