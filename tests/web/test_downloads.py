"""What the page gives to take away: every format, and playlists that begin at the place."""

import json

import pytest
from sqlalchemy import update
from support.page import Browser

from voicemark.export.write import WRITERS
from voicemark.store.database import Database
from voicemark.store.schema import RecordingRow


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_format_can_be_taken(browser: Browser, name: str) -> None:
    answer = browser.get(f"/recordings/1/export/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="1.')


def test_what_is_taken_is_what_the_export_writes(browser: Browser) -> None:
    told = json.loads(browser.get("/recordings/1/export/json").content)
    assert [one["speaker"] for one in told["markers"]] == ["Anna", "Anna"]


def test_a_player_is_sent_to_the_place(browser: Browser) -> None:
    answer = browser.get("/recordings/1/play.m3u?at=610")
    assert "#EXTVLCOPT:start-time=609.000" in answer.text and "stop-time" not in answer.text
    assert answer.text.splitlines()[-1] == "file:///video/1.ts"


def test_a_title_makes_no_line_of_its_own_in_a_playlist(own_browser: Browser, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(RecordingRow).values(title="A\nfile:///etc/passwd\r\n#EXTVLCOPT:x"))
    lines = own_browser.get("/recordings/1/play.m3u").text.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["file:///video/1.ts"]


@pytest.mark.parametrize("path", ["/recordings/1/export/exe", "/recordings/9/export/json", "/recordings/x/play.m3u"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_recording_that_was_not_heard_has_no_markers_to_take(browser: Browser) -> None:
    assert browser.get("/recordings/3/export/json").status_code == 404
