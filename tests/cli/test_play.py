"""`voicemark playlist` and `voicemark play`: from the database to players."""

import os
import shlex
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from voicemark.cli.play import play
from voicemark.cli.playlist import playlist
from voicemark.errors import ConfigError, ExportError, RecordingError
from voicemark.result import Marker
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.paths import path_to_text
from voicemark.store.schema import FileRow, RecordingRow

NOW = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
XSPF = "{http://xspf.org/ns/0/}"
VLC = "{http://www.videolan.org/vlc/playlist/ns/0/}"

app = typer.Typer()
app.command("play")(play)
app.command("playlist")(playlist)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two recordings in which Anna speaks, and one that is gone."""
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n')
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        voices = voice_ids(session, ["Anna", "Anna-Lena"])
        for number, name in enumerate(("a & b.ts", "Tat\udce4ort\n.ts", "gone.ts")):
            path = tmp_path / name
            if name != "gone.ts":
                path.write_bytes(b"media")
            row = RecordingRow(
                path=path_to_text(path), recorder="plain", content=f"c{number}", title="A <b>", found_at=NOW,
                started_at=NOW, scanned_at=NOW, duration_s=900.0,
            )  # fmt: skip
            row.files = [FileRow(position=0, path=path_to_text(path), size=5, mtime_ns=1)]
            session.add(row)
            session.flush()
            heard = [Marker("Anna", 62.5, 70.0, 0.9), Marker("Anna-Lena", 100.0, 110.0, 0.9)]
            write_markers(session, row.id, heard, "k", voices)
    database.close()
    return tmp_path


def run(place: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "-c", str(place / "config.toml")], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_playlist_has_every_stretch_of_the_voice_and_of_nobody_else(place: Path) -> None:
    root = ElementTree.fromstring(run(place, "playlist", "anna"))
    tracks = root.findall(f"{XSPF}trackList/{XSPF}track")
    names = [
        os.fsdecode(unquote(track.findtext(f"{XSPF}location") or "", errors="surrogateescape")) for track in tracks
    ]
    assert sorted(names) == sorted(f"file://{place}/{name}" for name in ("a & b.ts", "Tat\udce4ort\n.ts"))
    assert [track.findtext(f"{XSPF}duration") for track in tracks] == ["7500", "7500"]
    assert tracks[0].findtext(f"{XSPF}title") == "Anna – A <b>, 2024-03-01, at 00:01:02"
    options = [option.text for option in tracks[0].iter(f"{VLC}option")]
    assert options == ["start-time=62.500", "stop-time=70.000"]
    assert [number.text for number in root.iter(f"{VLC}id")] == ["0", "1"]


def test_as_m3u_each_line_is_one(place: Path) -> None:
    lines = run(place, "playlist", "Anna", "--m3u").splitlines()
    assert lines[0] == "#EXTM3U" and len(lines) == 3 + 2 * 4
    assert "#EXTVLCOPT:start-time=62.500" in lines
    assert f"file://{place}/Tat%E4ort%0A.ts" in lines


def test_a_playlist_is_written_again_and_not_over_what_is_somebody_elses(place: Path) -> None:
    target = place / "anna.m3u8"
    for _ in range(2):
        assert "2 stretches" in run(place, "playlist", "Anna", "-o", str(target))
    assert target.read_text().startswith("#EXTM3U")
    target.write_text("#EXTM3U\nmine.mp3\n")
    with pytest.raises(ExportError, match="someone else"):
        run(place, "playlist", "Anna", "-o", str(target))
    assert "mine.mp3" in target.read_text()


@pytest.mark.parametrize("name", ["k.txt", "k", "k.xspf.bak"])
def test_a_playlist_of_an_unknown_ending_is_refused_with_those_known(place: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"\.xspf, \.m3u, \.m3u8"):
        run(place, "playlist", "Anna", "-o", str(place / name))
    assert not (place / name).exists()
    assert "2 stretches" in run(place, "playlist", "Anna", "--m3u", "-o", str(place / name))
    with pytest.raises(ConfigError, match="--m3u"):
        run(place, "playlist", "Anna", "--m3u", "-o", str(place / "k.xspf"))


def test_nobody_has_no_playlist(place: Path) -> None:
    done = CliRunner().invoke(app, ["playlist", "Ann", "-c", str(place / "config.toml")])
    assert done.exit_code == 1 and done.stdout == ""


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ((), "61.500"),
        (("--voice", "anna-lena"), "99.000"),
        (("--at", "1:30"), "90.000"),
        (("--at", "0"), "0.000"),
    ],
)
def test_the_command_is_printed(place: Path, more: tuple[str, ...], start: str) -> None:
    path = str(place / "a & b.ts")
    assert shlex.split(run(place, "play", path, "--print", "--player", "mpv", *more)) == [
        "mpv", f"--start={start}", "--", path,
    ]  # fmt: skip
    assert shlex.split(run(place, "play", path, "--print", "--player", "vlc", *more)) == [
        "vlc", path, f":start-time={start}",
    ]  # fmt: skip


def test_a_marker_is_played_by_its_number(place: Path) -> None:
    told = shlex.split(run(place, "play", "2", "--print", "--player", "mpv"))
    assert told == ["mpv", "--start=99.000", "--", str(place / "a & b.ts")]
    for number in ("99", "9" * 30):
        with pytest.raises(RecordingError, match="no marker"):
            run(place, "play", number, "--print")


def test_mpv_is_started_with_the_voices_as_chapters(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place / "bin/mpv"
    program.parent.mkdir()
    told = place / "told"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\ncat "${{2#--chapters-file=}}" >> {told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    run(place, "play", str(place / "a & b.ts"))
    text = told.read_text()
    assert text.startswith("--start=61.500\n--chapters-file=/")
    assert str(place / "a & b.ts") in text and "title=Anna-Lena" in text


def test_without_a_player_that_is_said_beside_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    for more, missing in ((("--at", "7"), "mpv, vlc"), (("--at", "7", "--player", "vlc"), "vlc")):
        done = CliRunner().invoke(app, ["play", str(place / "a & b.ts"), *more, "-c", str(place / "config.toml")])
        assert f"no player was found ({missing}); this is the command" in done.stderr
        assert shlex.split(done.stdout)[0] == missing.split(",")[0]
    done = CliRunner().invoke(app, ["play", "2", "--print", "-c", str(place / "config.toml")])
    assert done.stderr == ""


@pytest.mark.parametrize("at", ["99:00", "15:00", "inf", "nan"])
@pytest.mark.parametrize("what", ["a & b.ts", "2"])
def test_a_moment_behind_the_end_is_refused_with_the_length(place: Path, at: str, what: str) -> None:
    with pytest.raises(RecordingError, match=rf"{at} is not within it .*900\.0 s long"):
        run(place, "play", what if what == "2" else str(place / what), "--at", at, "--print")


def test_what_cannot_be_played_is_said(place: Path) -> None:
    with pytest.raises(ConfigError, match="no player"):
        run(place, "play", str(place / "a & b.ts"), "--player", "xine")
    with pytest.raises(ConfigError, match="no voice 'Bert'"):
        run(place, "play", str(place / "a & b.ts"), "--voice", "Bert", "--print")
    with closing(sqlite3.connect(place / "v.db")) as connection, connection:
        connection.execute("INSERT INTO voices (name, enrolled_at) VALUES ('Bert', 0)")
    with pytest.raises(ConfigError, match="not heard"):
        run(place, "play", str(place / "a & b.ts"), "--voice", "Bert", "--print")
    with pytest.raises(ConfigError, match="no time"):
        run(place, "play", str(place / "a & b.ts"), "--at", "soon", "--print")
    with pytest.raises(RecordingError, match="not in the database"):
        run(place, "play", str(place / "none.ts"), "--print")
