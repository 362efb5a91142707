"""Plain folders and their sidecars."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.errors import GuideError, RecordingVanishedError
from voicemark.recorders.plain import Plain, is_media_name
from voicemark.recorders.sidecars import parse_sidecar
from voicemark.recording import RecordingState

NOW = datetime(2024, 2, 1, tzinfo=UTC)
EPISODE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<episodedetails><title>Der Fall</title><showtitle>Tatort</showtitle><season>2</season><episode>5</episode>
<plot>Ein Fall.</plot><runtime>89</runtime><genre>Krimi</genre><genre>Drama / Thriller</genre></episodedetails>
"""
MOVIE = "<movie><title>Flutsch und weg</title><tagline>Ratten</tagline><plot>Roddy.</plot><genre>Comedy</genre></movie>"
TAGS = """<tags><tag><SimpleTag><name>TITLE</name><value>Tatort</value></SimpleTag>
<SimpleTag><name>CHANNEL_NAME</name><value>Das Erste</value></SimpleTag>
<SimpleTag><name>EPISODENAME</name><value>Borowski</value></SimpleTag></tag></tags>"""
XMLTV = """<tv><channel id="a"><display-name>Das Erste</display-name></channel><programme start="20240131201500 +0100"
stop="20240131214500 +0100" channel="a"><title>Tatort</title></programme></tv>"""


def media(folder: Path, name: str = "Film.mkv", sidecar: str | bytes | None = None, suffix: str = ".nfo") -> Path:
    path = folder / name
    path.write_bytes(b"media")
    if sidecar is not None:
        path.with_suffix(suffix).write_bytes(sidecar if isinstance(sidecar, bytes) else sidecar.encode())
    return path


def test_media_files_are_found_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "b.TS",
        "a.mkv",
        "c.mp3",
        "notes.txt",
        "a.nfo",
        ".hidden.ts",
        "x.ts.part",
        "noext",
        "sub/d.avi",
        ".trash/e.ts",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in Plain().find(tmp_path)] == ["a.mkv", "b.TS", "c.mp3", "d.avi"]
    assert list(Plain().find(tmp_path / "a.nfo")) == [tmp_path / "a.mkv"], "a sidecar stands for its media file"


def test_an_episodes_sidecar(tmp_path: Path) -> None:
    recording = Plain().read(media(tmp_path, sidecar=EPISODE))
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.description) == ("Tatort", "Der Fall", "Ein Fall.")
    assert (programme.season, programme.episode, programme.source) == (2, 5, "nfo")
    assert programme.genres == ("movie", "Krimi", "Drama", "Thriller")
    assert recording.expected_duration_s == 5340.0


def test_a_movies_sidecar_with_a_link_behind_it(tmp_path: Path) -> None:
    programme = Plain().read(media(tmp_path, sidecar=MOVIE + "\nhttps://www.example.org/title/tt0000001/")).programme
    assert programme is not None
    assert (programme.title, programme.subtitle) == ("Flutsch und weg", "Ratten")


@pytest.mark.parametrize(("sidecar", "subtitle"), [(TAGS, "Borowski"), (XMLTV, None)])
def test_xml_sidecars(tmp_path: Path, sidecar: str, subtitle: str | None) -> None:
    programme = Plain().read(media(tmp_path, sidecar=sidecar, suffix=".xml")).programme
    assert programme is not None
    assert (programme.title, programme.channel, programme.subtitle) == ("Tatort", "Das Erste", subtitle)


def test_time_and_channel_stay_from_the_name(tmp_path: Path) -> None:
    path = media(tmp_path, "20240131 2015 - Das Erste - Tatort.ts", EPISODE)
    recording = Plain(zone="Europe/Berlin").read(path)
    assert recording.started_at == datetime(2024, 1, 31, 19, 15, tzinfo=UTC)
    assert recording.programme is not None and recording.programme.channel == "Das Erste"


BOMB = "<!DOCTYPE movie [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><movie><title>&b;</title></movie>"


@pytest.mark.parametrize(
    ("sidecar", "note"),
    [
        ("<movie><title>", "not valid XML"),
        (BOMB, "entities"),
        (b"<movie>\xff\xfe</movie>", "not valid XML"),
        ("<x>" * 100_000, "not valid XML"),
    ],
)
def test_a_broken_sidecar_is_a_note_and_the_name_counts(tmp_path: Path, sidecar: str | bytes, note: str) -> None:
    recording = Plain().read(media(tmp_path, sidecar=sidecar))
    assert recording.title == "Film"
    assert note in recording.notes[0]


@pytest.mark.parametrize(
    "sidecar",
    ["", "https://www.example.org/tt1", "<html><title>x</title></html>", "<movie><plot>no title</plot></movie>"],
)
def test_a_sidecar_without_a_programme_says_nothing(tmp_path: Path, sidecar: str) -> None:
    recording = Plain().read(media(tmp_path, sidecar=sidecar))
    assert (recording.title, recording.notes) == ("Film", ())


def test_a_giant_sidecar_is_refused(tmp_path: Path) -> None:
    recording = Plain().read(media(tmp_path, sidecar="<movie><title>x</title>" + " " * 5_000_000 + "</movie>"))
    assert "larger than" in recording.notes[0]


def test_a_plain_file_says_nothing_of_its_state(tmp_path: Path) -> None:
    path = media(tmp_path)
    assert Plain().state(path, NOW) == RecordingState.UNKNOWN
    path.unlink()
    assert Plain().state(path, NOW) == RecordingState.UNKNOWN
    with pytest.raises(RecordingVanishedError):
        Plain().read(path)


def test_a_sidecar_belongs_to_its_media_file(tmp_path: Path) -> None:
    path = media(tmp_path, sidecar=MOVIE)
    assert Plain().recognise(path.with_suffix(".nfo")) == Plain().recognise(path) == path
    assert Plain().recognise(tmp_path) is Plain().recognise(tmp_path / "other.nfo") is None


@given(st.binary(max_size=300))
def test_any_bytes_as_sidecar(raw: bytes) -> None:
    for text in (raw, b"<movie>" + raw, b"<movie><title>" + raw + b"</title></movie>"):
        try:
            programme = parse_sidecar(text)
        except GuideError:
            continue
        assert programme is None or programme.title


@given(st.text(max_size=30))
def test_any_name_is_a_media_name_or_not(name: str) -> None:
    assert is_media_name(name + ".ts") == (bool(name) and not name.startswith("."))


SHOWLESS = """<episodedetails><title>The Part</title><aired>2018-12-06</aired><episode>10</episode>
<season>12</season></episodedetails>"""


def test_an_episode_that_does_not_name_its_show_is_told_by_tvshow_nfo(tmp_path: Path) -> None:
    season = tmp_path / "The Show/Season 12"
    season.mkdir(parents=True)
    path = media(season, "The Show S12E10 The Part.ts", SHOWLESS)
    (tmp_path / "The Show/tvshow.nfo").write_text("<tvshow><title>The Show!</title></tvshow>")
    programme = Plain().read(path).programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.season, programme.episode) == (
        "The Show!",
        "The Part",
        12,
        10,
    )
    assert tmp_path / "The Show/tvshow.nfo" in Plain().metadata(path)


@pytest.mark.parametrize(
    ("name", "title", "subtitle"),
    [
        ("The Show S12E10 The Part.ts", "The Show", "The Part"),
        ("The Show 2018_12_06_21_06_00 - The Part.ts", "The Show", "The Part"),
        ("recorded.ts", "The Part", None),
    ],
)
def test_without_a_tvshow_nfo_the_name_tells_the_show(
    tmp_path: Path, name: str, title: str, subtitle: str | None
) -> None:
    programme = Plain().read(media(tmp_path, name, SHOWLESS)).programme
    assert programme is not None and (programme.title, programme.subtitle) == (title, subtitle)


@pytest.mark.parametrize("sidecar", ["<tvshow>", "<!DOCTYPE x [<!ENTITY a 'b'>]><tvshow><title>&a;</title></tvshow>"])
def test_a_broken_tvshow_nfo_leaves_the_name(tmp_path: Path, sidecar: str) -> None:
    (tmp_path / "tvshow.nfo").write_text(sidecar)
    assert Plain().read(media(tmp_path, "The Show S12E10 The Part.ts", SHOWLESS)).title == "The Show"


def test_a_sidecar_of_another_recording_of_the_name_is_passed_over(tmp_path: Path) -> None:
    path = media(tmp_path, "Tatort 2024-01-31 20-15.ts", XMLTV, ".xml")
    assert Plain(zone="Europe/Berlin").read(path).programme == parse_sidecar(XMLTV.encode())
    earlier = path.rename(tmp_path / "Tatort 2024-03-02 20-15.ts")
    path.with_suffix(".xml").rename(earlier.with_suffix(".xml"))
    recording = Plain(zone="Europe/Berlin").read(earlier)
    assert recording.programme is not None and recording.programme.source == "name"
    assert "another time" in recording.notes[0]
    os.utime(earlier, (1_600_000_000, 1_600_000_000))
    assert "later recording" in Plain().read(earlier).notes[0]
    old = media(tmp_path, "Tatort 2024-05-01 20-15.ts", EPISODE)
    os.utime(old.with_suffix(".nfo"), (1_700_000_000, 1_700_000_000))
    assert "is older than the recording" in Plain().read(old).notes[0]


def test_mediaportals_times_are_local(tmp_path: Path) -> None:
    tags = TAGS.replace(
        "</tag>",
        "<SimpleTag><name>STARTTIME</name><value>2024-01-31 20:15</value></SimpleTag>"
        "<SimpleTag><name>ENDTIME</name><value>2024-01-31 21:45</value></SimpleTag></tag>",
    )
    path = media(tmp_path, "Tatort - Das Erste - 2024-01-31 20-10.ts", tags, ".xml")
    recording = Plain(zone="Europe/Berlin").read(path)
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.channel) == ("Tatort", "Borowski", "Das Erste")
    assert (programme.start, programme.duration_s) == (datetime(2024, 1, 31, 19, 15, tzinfo=UTC), 5400.0)
    assert recording.started_at == datetime(2024, 1, 31, 19, 10, tzinfo=UTC)


def test_dispatcharrs_empty_file_beside_a_stream_says_that_it_is_being_written(tmp_path: Path) -> None:
    stream, remuxed = media(tmp_path, "20240131_201500.ts"), tmp_path / "20240131_201500.mkv"
    assert Plain().state(stream, NOW) is RecordingState.UNKNOWN
    remuxed.touch()
    assert Plain().state(stream, NOW) is Plain().state(remuxed, NOW) is RecordingState.RECORDING
    remuxed.write_bytes(b"done")
    assert Plain().state(stream, NOW) is RecordingState.UNKNOWN
    stream.unlink()
    assert Plain().state(remuxed, NOW) is RecordingState.UNKNOWN


def test_mythtvs_number_is_no_title(tmp_path: Path) -> None:
    recording = Plain(zone="Europe/Berlin").read(media(tmp_path, "1021_20240731181500.ts"))
    assert recording.programmes == ()
    assert recording.started_at == datetime(2024, 7, 31, 18, 15, tzinfo=UTC)
