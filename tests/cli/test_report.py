"""`voicemark report`: one file, in which nothing of a broadcast runs, and that is nobody else's."""

import re
from pathlib import Path

import pytest
import typer
from support.page import Seen, small_archive
from typer.testing import CliRunner

from voicemark.cli.report import report
from voicemark.errors import ConfigError, ExportError, RecordingError
from voicemark.store.schema import ProgrammeRow, RecordingRow, VoiceRow

EVIL = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' & ü"

app = typer.Typer()
app.command("report")(report)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n')
    small_archive(tmp_path / "v.db").close()
    return tmp_path


def run(place: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "-c", str(place / "config.toml")])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def written(place: Path, *more: str) -> str:
    run(place, "/video/1.ts", "--html", str(place / "report.html"), *more)
    return (place / "report.html").read_text()


def test_it_shows_the_timeline_and_the_same_as_a_table(place: Path) -> None:
    text = written(place)
    seen = Seen(text)
    assert "Tagesschau" in seen.text and "Anna" in seen.text and "Speaker 2" in seen.text and "Wetter" in seen.text
    rows = re.findall(r"<tr><td>([\d:]+)</td><td>([\d:]+)</td><td>([^<]+)</td>", text)
    assert rows == [("0:00", "0:10", "Anna"), ("0:20", "0:30", "Speaker 2"), ("10:10", "10:20", "Anna")]
    assert len([has for name, has in seen.elements if name == "path"]) == 2, "a lane for each"


def test_it_is_whole_in_itself_and_does_not_tell_where_the_recording_lies(place: Path) -> None:
    text = written(place)
    seen = Seen(text)
    assert not any(has.get(key) for _, has in seen.elements for key in ("src", "href", "action", "data", "poster"))
    assert not {"script", "link", "iframe", "object", "form", "base"} & {name for name, _ in seen.elements}
    assert "url(" not in text and "@import" not in text and "/video/" not in text
    (policy,) = [has["content"] for has in seen.all("meta") if has.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_nothing_of_a_broadcast_becomes_an_element(place: Path) -> None:
    database = small_archive(place / "evil.db")
    with database.writing() as session:
        recording = session.get_one(RecordingRow, 1)
        recording.title = recording.subtitle = recording.channel = EVIL
        recording.notes = f"signal lost at 0:30.0 for 3.0 s {EVIL}"
        session.get_one(VoiceRow, 1).name = EVIL
        programme = session.get_one(ProgrammeRow, 1)
        programme.title = programme.subtitle = programme.description = programme.genre = EVIL
    database.close()
    (place / "config.toml").write_text('[database]\nurl = "sqlite:///evil.db"\n')
    seen = Seen(written(place))
    assert not {"script", "img"} & {name for name, _ in seen.elements}
    assert not any(key.startswith("on") for _, has in seen.elements for key in has)
    assert "alert(1)" in seen.text


def test_it_is_in_the_language_that_was_asked_for(place: Path) -> None:
    assert '<html lang="de">' in written(place, "--language", "de")
    with pytest.raises(ConfigError, match="language"):
        written(place, "--language", "xx")


def test_it_is_written_anew_but_over_nobody_elses_file(place: Path) -> None:
    written(place)
    written(place, "--language", "de")
    (place / "report.html").write_text("<!doctype html><title>mine</title>")
    with pytest.raises(ExportError, match="someone else"):
        written(place)
    assert "mine" in (place / "report.html").read_text()


def test_what_is_not_known_is_said(place: Path) -> None:
    with pytest.raises(RecordingError, match="not in the database"):
        run(place, "/video/none.ts", "--html", str(place / "report.html"))
