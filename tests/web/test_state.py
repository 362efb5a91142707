"""The state says what is done, what is in the way, what failed and how it is tried again."""

from sqlalchemy import text
from support.page import Browser, Seen

from voicemark.store.database import Database


def test_the_state_tells_the_queue_and_what_failed(browser: Browser) -> None:
    seen = Seen(browser.get("/state").text)
    assert "the decoder stopped" in seen.text and "/video/2.ts" in seen.text
    assert {has["value"] for has in seen.all("input", name="act")} == {"retry"}


def test_what_is_in_the_way_is_told(own_browser: Browser, database: Database) -> None:
    with database.writing() as session:
        session.execute(text("INSERT INTO waiting VALUES ('the queue', 'no room <b>', '2024-01-01 00:00:00.000000')"))
    assert "no room <b>" in Seen(own_browser.get("/state").text).text


def test_the_doctor_looks_without_loading_a_network(browser: Browser) -> None:
    seen = Seen(browser.get("/state/doctor").text)
    assert "ffmpeg" in seen.text and "encoder" not in seen.text
    assert "right:" in seen.text and "note:" in seen.text
