"""People on the page: who there is, where to listen, and what is done with a form is done and can be undone."""

import re
from typing import Any

import pytest
from sqlalchemy import select
from support.page import Browser, Seen, add_people

from voicemark.actions.acts import Act
from voicemark.actions.perform import Done, perform
from voicemark.config import Config
from voicemark.store.database import Database
from voicemark.store.schema import VoiceRow
from voicemark.store.schema_people import MembershipRow, PersonRow
from voicemark.web.app import make_app


@pytest.fixture
def people(config: Config, database: Database) -> Browser:
    """A browser whose acts are done at once, as the service does them."""
    add_people(database)

    def done(config: Config, act: Act) -> Done:
        return perform(database, config, act, "a test")

    return Browser(make_app(config, submit=done))


def sent(browser: Browser, path: str, kind: str, **filled: str) -> Any:
    """The answer to a form of the page at `path`, sent as it stands there, with what a person fills in."""
    html = browser.get(path).text
    for form in re.findall(r'<form method="post" action="/act".*?</form>', html, re.DOTALL):
        fields = {has["name"]: has.get("value") or "" for has in Seen(form).all("input") if has.get("name")}
        boxes = {has["name"] for has in Seen(form).all("input", type="checkbox")}
        wanted = {name: value for name, value in fields.items() if name not in boxes}
        if fields.get("act") == kind and filled.keys() <= fields.keys() | boxes:
            return browser.post("/act", {str(name): value for name, value in (wanted | filled).items()})
    raise AssertionError(f"no form {kind} with {filled} at {path}")


def name_of(database: Database, person: int) -> str | None:
    with database.reading() as session:
        query = select(VoiceRow.name).join(PersonRow, PersonRow.voice_id == VoiceRow.id)
        return session.scalar(query.where(PersonRow.id == person))


def recordings_of(database: Database, person: int) -> list[int]:
    with database.reading() as session:
        return sorted(session.scalars(select(MembershipRow.recording_id).where(MembershipRow.person_id == person)))


@pytest.mark.parametrize(
    ("show", "heads"),
    [("named", ["Anna", "Bert Maria"]), ("unnamed", ["Voice 3"]), ("sounds", ["Sound 4"]), ("ignored", ["Voice 5"])],
)
def test_each_kind_has_its_part_of_the_list(people: Browser, show: str, heads: list[str]) -> None:
    html = people.get(f"/people?show={show}").text
    assert re.findall(r'<h2><a href="/people/\d+">([^<]*)<', html) == heads


def test_somebody_without_a_name_can_be_heard_in_several_recordings(people: Browser) -> None:
    html = people.get("/people?show=unnamed").text
    clips = [has["href"] for has in Seen(html).all("a") if "data-clip" in has]
    assert len({(clip or "").partition("?")[0] for clip in clips}) == len(clips) == 3


def test_naming_somebody_is_seen_everywhere_and_undone(people: Browser, database: Database) -> None:
    answer = sent(people, "/people?show=unnamed", "name", name="  Carla ")
    assert answer.status_code == 303 and "done=" in answer.headers["location"]
    assert name_of(database, 3) == "Carla"
    assert "Carla" in Seen(people.get(answer.headers["location"]).text).text
    assert "Carla" in people.get("/recordings/4").text
    assert "3 recordings" in people.get("/recordings?q=carla").text
    undone = sent(people, answer.headers["location"], "undo")
    assert undone.status_code == 303 and name_of(database, 3) is None
    assert "Undone:" in people.get(undone.headers["location"]).text


def test_a_name_that_somebody_has_is_asked_about_first(people: Browser, database: Database) -> None:
    asked = sent(people, "/people/3", "name", name="Anna")
    assert asked.status_code == 409 and name_of(database, 3) is None
    fields = {str(has["name"]): has.get("value") or "" for has in Seen(asked.text).all("input") if has.get("name")}
    answer = people.post("/act", {**fields, "merge": "true"})
    assert answer.status_code == 303
    assert recordings_of(database, 1) == [1, 1, 4, 5]
    led = people.get(answer.headers["location"])
    assert led.status_code == 303 and led.headers["location"].startswith("/people/1?done=")


def test_two_are_made_one_by_name_or_number(people: Browser, database: Database) -> None:
    assert sent(people, "/people/3", "merge", other_called="#4").status_code == 303
    assert people.get("/people/4").headers["location"] == "/people/3"
    assert sent(people, "/people/3", "merge", other_called="nobody").status_code == 409


def test_a_recording_is_split_off(people: Browser, database: Database) -> None:
    assert sent(people, "/people/3", "split", recordings="5").status_code == 303
    assert recordings_of(database, 3) == [1, 4]


def test_somebody_is_ignored_and_shown_again(people: Browser) -> None:
    sent(people, "/people/3", "ignore")
    assert "Voice 3" in people.get("/people?show=ignored").text
    sent(people, "/people/3", "unignore")
    assert "Voice 3" in people.get("/people?show=unnamed").text


def test_a_turn_is_corrected_where_it_stands(people: Browser, database: Database) -> None:
    answer = sent(people, "/recordings/1?row=0", "correct", not_name="Anna", is_name="Bert Maria")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/recordings/1?row=0&done=")


def test_a_lane_is_a_persons_and_leads_there(people: Browser) -> None:
    html = people.get("/recordings/1").text
    assert re.findall(r'data-lane="(\w+)"', html) == ["p1", "p3"]
    assert 'href="/people/3"' in people.get("/recordings/1?row=1").text


def test_months_and_programmes_are_told_as_a_picture_and_as_text(people: Browser) -> None:
    seen = Seen(people.get("/people/3").text)
    assert len([has for has in seen.all("rect") if has.get("height")]) == 3
    assert "2024-08" in seen.text and "2024-09" in seen.text


@pytest.mark.parametrize("kind", ["m3u", "xspf"])
def test_all_of_somebody_is_a_playlist_without_what_is_not_there(people: Browser, kind: str) -> None:
    answer = people.get(f"/people/3/playlist.{kind}")
    assert answer.status_code == 200 and "file:///" not in answer.text
    assert people.get("/people/3/playlist.exe").status_code == 404


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "99999999999999999999"])
def test_nobody_is_said_so(people: Browser, number: str) -> None:
    assert people.get(f"/people/{number}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": "forget", "person": "1"},
        {"act": "name", "person": "1"},
        {"act": "name", "person": "x", "name": "A"},
        {"act": "name", "person": "-1", "name": "A"},
        {"act": "name", "person": "99999999999999999999", "name": "A"},
        {"act": "name", "person": "3", "name": "A" * 201},
        {"act": "correct", "recording": "1", "start_s": "nan", "end_s": "5", "is_name": "Anna"},
        {"act": "correct", "recording": "1", "start_s": "9", "end_s": "5", "is_name": "Anna"},
        {"act": "split", "person": "3"},
    ],
)
def test_a_form_that_says_no_act_does_nothing(people: Browser, fields: dict[str, str]) -> None:
    assert people.post("/act", fields).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"act": "name", "person": "77", "name": "A"},
        {"act": "undo", "number": "77"},
        {"act": "split", "person": "3", "recordings": "77"},
        {"act": "retry", "recording": "1"},
        {"act": "answer", "question": "1:x", "answer": "yes"},
    ],
)
def test_an_act_that_cannot_be_says_why(people: Browser, fields: dict[str, str]) -> None:
    answer = people.post("/act", fields)
    assert (answer.status_code in (404, 409) and "That did not work" in answer.text) or answer.status_code == 404


def test_no_other_site_acts(people: Browser, database: Database) -> None:
    told = {"act": "name", "person": "3", "name": "Evil"}
    assert (
        people.post("/act", told, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}).status_code == 403
    )
    assert people.get("/act?act=name&person=3&name=Evil").status_code == 405
    assert name_of(database, 3) is None


def test_the_way_back_is_on_this_page(people: Browser) -> None:
    answer = people.post("/act", {"act": "ignore", "person": "3", "back": "//evil.example/"})
    assert answer.headers["location"].startswith("/?done=")
