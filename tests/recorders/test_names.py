"""Names of plain files: title, channel and time by patterns."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.recorders.names import NamedFields, read_file_name

WHEN = datetime(2024, 1, 31, 19, 15, tzinfo=UTC)
DAY = datetime(2024, 1, 30, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("20240131 2015 - Das Erste - Tatort", NamedFields("Tatort", None, "Das Erste", WHEN)),
        ("20240131 2015 - Das Erste - Tatort - Borowski", NamedFields("Tatort", "Borowski", "Das Erste", WHEN)),
        ("Tatort - 20240131 2015_Das Erste", NamedFields("Tatort", None, "Das Erste", WHEN)),
        ("Tatort - 2024-01-31 20-15", NamedFields("Tatort", None, None, WHEN)),
        ("Tatort - Borowski - 2024-01-31 20.15", NamedFields("Tatort", "Borowski", None, WHEN)),
        ("Tatort_2024-01-31_20-15-00", NamedFields("Tatort", None, None, WHEN)),
        ("Tatort (2024-01-31)", NamedFields("Tatort", None, None, DAY, 86400.0)),
        ("Tatort 31.01.2024 20h15", NamedFields("Tatort", None, None, WHEN)),
        ("2024-01-31 20-15 - Tatort - Borowski", NamedFields("Tatort", "Borowski", None, WHEN)),
        ("2024-01-31_20-15-00_Das Erste_Tatort", NamedFields("Tatort", None, "Das Erste", WHEN)),
        ("Tatort_24.01.31_20-15_ard_90_TVOON_DE.mpg.HQ", NamedFields("Tatort", None, "ard", WHEN)),
        ("1021_20240131191500", NamedFields("1021", None, None, WHEN, titled=False)),
        ("Show.S02E05.Name", NamedFields("Show", "Name", season=2, episode=5, start_error_s=86400.0)),
        ("Die.Show.S02E05", NamedFields("Die Show", None, season=2, episode=5, start_error_s=86400.0)),
        ("Show - 2x05 - Der Name", NamedFields("Show", "Der Name", season=2, episode=5, start_error_s=86400.0)),
        (
            "Show - S02E05 - Der Name - 2024-01-31 20-15",
            NamedFields("Show", "Der Name", None, WHEN, season=2, episode=5),
        ),
        ("Tatort", NamedFields("Tatort")),
        ("Der.Film.mit.Punkten", NamedFields("Der Film mit Punkten")),
        ("S.W.A.T.", NamedFields("S.W.A.T.")),
        ("Tatort - 2024-02-31 20-15", NamedFields("Tatort - 2024-02-31 20-15")),
    ],
)
def test_usual_names(stem: str, expected: NamedFields) -> None:
    found = read_file_name(stem, zone="Europe/Berlin")
    if expected.started_at is None:
        assert found.started_at is None
        found = replace(found, start_error_s=expected.start_error_s)
    assert found == expected


def test_the_patterns_of_the_configuration_come_first() -> None:
    pattern = r"(?P<channel>[a-z]+)\+(?P<date>\d{8})T(?P<time>\d{4})\+(?P<title>.+)"
    found = read_file_name("ard+20240131T2015+Tatort", (pattern,), "Europe/Berlin")
    assert found == NamedFields("Tatort", None, "ard", WHEN)
    assert read_file_name("Tatort", (pattern,)).title == "Tatort"


@given(st.text(max_size=120))
def test_any_name_has_a_title(stem: str) -> None:
    found = read_file_name(stem.replace("\0", "") or "x")
    assert found.title
    found.title.encode("utf-8")


@given(st.text(" .-_0123456789SExe()T", max_size=250))
def test_names_made_to_confuse_take_little_time(stem: str) -> None:
    assert read_file_name(stem).title


REAL = [
    # Jellyfin and Emby
    ("The Show S12E10 The Part", "The Show", "The Part", 12, 10, None),
    ("The Show 2018_12_06_21_06_00 - The Part", "The Show", "The Part", None, None, "2018-12-06 21:06"),
    ("Evening News 2018_12_06_21_06_00", "Evening News", None, None, None, "2018-12-06 21:06"),
    ("The Show 2018-12-06 - The Part", "The Show", "The Part", None, None, "2018-12-06 00:00"),
    ("The Film (2006)", "The Film", None, None, None, None),
    ("Show 2 S01E02 Part - Two", "Show 2", "Part - Two", 1, 2, None),
    ("Show (2019) S01E02 Part", "Show", "Part", 1, 2, None),
    # Plex
    ("The Show (2017) - S01E02 - Title", "The Show", "Title", 1, 2, None),
    ("The Show - S01E02", "The Show", None, 1, 2, None),
    ("The Show - s2024e31 - Title", "The Show", "Title", 2024, 31, None),
    ("The Show (2017) - 2018-12-06 21 06 00 - The Part", "The Show", "The Part", None, None, "2018-12-06 21:06"),
    ("The Show (2017) - 2018-12-06 21 06 00", "The Show", None, None, None, "2018-12-06 21:06"),
    ("The Show - 2018-12-06 - The Part", "The Show", "The Part", None, None, "2018-12-06 00:00"),
    ("The Show - S01E01-E02 - Two Parts", "The Show", "Two Parts", 1, 1, None),
    # HDHomeRun RECORD
    ("The Show S12E10 20181206 [20181206-2106]", "The Show", None, 12, 10, "2018-12-06 21:06"),
    ("The Show 20181201 [20181206-2106]", "The Show", None, None, None, "2018-12-06 21:06"),
    ("The Show [20181206-2106]", "The Show", None, None, None, "2018-12-06 21:06"),
    ("The Show S12E10 [20181206-2106]", "The Show", None, 12, 10, "2018-12-06 21:06"),
    ("24 Hours S01E02 20181206 [20181206-2106]", "24 Hours", None, 1, 2, "2018-12-06 21:06"),
    # Channels DVR
    ("Nova S51E02 2024-02-07 When Whales Walk 2024-02-07-2100", "Nova", "When Whales Walk", 51, 2, "2024-02-07 21:00"),
    ("Nova S51E02 When Whales Walk 2024-02-07-2100", "Nova", "When Whales Walk", 51, 2, "2024-02-07 21:00"),
    ("Nova 2024-02-01 When Whales Walk 2024-02-07-2100", "Nova", "When Whales Walk", None, None, "2024-02-07 21:00"),
    ("Nightly News 2024-02-07-1830", "Nightly News", None, None, None, "2024-02-07 18:30"),
    ("A Film (2019) 2024-02-07-2100", "A Film", None, None, None, "2024-02-07 21:00"),
    ("Nova S51E02 2024-02-07 2024-02-07-2100", "Nova", None, 51, 2, "2024-02-07 21:00"),
    # NextPVR
    ("The Show_20181206_21062200", "The Show", None, None, None, "2018-12-06 21:06"),
    ("The.Show.20181206.21062200", "The Show", None, None, None, "2018-12-06 21:06"),
    ("The Show.S01E02.The Part", "The Show", "The Part", 1, 2, None),
    ("The.Show.S01E02.The.Part", "The Show", "The Part", 1, 2, None),
    ("The Show.S01E02_20181206_21062200", "The Show", None, 1, 2, "2018-12-06 21:06"),
    # MythTV, whose names are UTC
    ("1021_20181206200600", "1021", None, None, None, "2018-12-06 21:06"),
    ("10021_20180706190600", "10021", None, None, None, "2018-07-06 21:06"),
    # MediaPortal; its sidecar says which part is the channel
    ("Tatort - Das Erste - 2018-12-06 21-06", "Tatort", "Das Erste", None, None, "2018-12-06 21:06"),
    ("Das Erste - 2018-12-06 21-06", "Das Erste", None, None, None, "2018-12-06 21:06"),
    # Enigma2 and DVBViewer
    ("20181206 2106 - ZDF HD - Krimi", "Krimi", None, None, None, "2018-12-06 21:06"),
    ("20181206 2106 - ZDF HD - Krimi - Der Fall", "Krimi", "Der Fall", None, None, "2018-12-06 21:06"),
    ("Krimi - 20181206 2106_ZDF HD", "Krimi", None, None, None, "2018-12-06 21:06"),
    ("2018-12-06_21-06-00_ZDF_Krimi", "Krimi", None, None, None, "2018-12-06 21:06"),
    ("2018-12-06_21-06-00_ZDF_Krimi_Der Fall", "Krimi", "Der Fall", None, None, "2018-12-06 21:06"),
    # Tvheadend, as its owners set it up
    ("Krimi-Der Fall2018-12-06", "Krimi-Der Fall2018-12-06", None, None, None, None),
    ("Krimi.S02E05.2018-12-06", "Krimi", None, 2, 5, "2018-12-06 00:00"),
    ("Krimi - Der Fall - 2018-12-06 21-06", "Krimi", "Der Fall", None, None, "2018-12-06 21:06"),
    ("Krimi-1", "Krimi-1", None, None, None, None),
    # OnlineTVRecorder
    ("Krimi_18.12.06_21-06_zdf_90_TVOON_DE", "Krimi", None, None, None, "2018-12-06 21:06"),
    ("Der_Fall_18.12.06_21-06_zdfneo_45_TVOON_DE.mpg.HD", "Der Fall", None, None, None, "2018-12-06 21:06"),
    # Kodi, Sonarr and the scene
    ("The Show - 1x02 - The Part", "The Show", "The Part", 1, 2, None),
    ("The.Show.1x02.The.Part", "The Show", "The Part", 1, 2, None),
    ("the_show_s01e02_the_part", "the show", "the part", 1, 2, None),
    ("S.W.A.T. S02E03 Title", "S.W.A.T.", "Title", 2, 3, None),
    ("The Show S01 E02 The Part", "The Show", "The Part", 1, 2, None),
    # people
    ("06.12.2018 Krimi", "Krimi", None, None, None, "2018-12-06 00:00"),
    ("Krimi (06.12.2018)", "Krimi", None, None, None, "2018-12-06 00:00"),
    ("Krimi 06.12.2018 21h06", "Krimi", None, None, None, "2018-12-06 21:06"),
    ("20181206 Krimi", "Krimi", None, None, None, "2018-12-06 00:00"),
    ("2018-12-06 21.06 Krimi", "Krimi", None, None, None, "2018-12-06 21:06"),
    # titles that look like something else
    ("1984", "1984", None, None, None, None),
    ("2001 - Odyssee im Weltraum", "2001 - Odyssee im Weltraum", None, None, None, None),
    ("Blade Runner 2049", "Blade Runner 2049", None, None, None, None),
    ("M*A*S*H", "M*A*S*H", None, None, None, None),
    ("24", "24", None, None, None, None),
    ("Studio 54 (1998)", "Studio 54", None, None, None, None),
    ("(500) Days of Summer", "(500) Days of Summer", None, None, None, None),
]


@pytest.mark.parametrize(("stem", "title", "subtitle", "season", "episode", "begun"), REAL)
def test_names_as_recorders_write_them(
    stem: str, title: str, subtitle: str | None, season: int | None, episode: int | None, begun: str | None
) -> None:
    found = read_file_name(stem, zone="Europe/Berlin")
    local = found.started_at.astimezone(ZoneInfo("Europe/Berlin")) if found.started_at else None
    told = (found.title, found.subtitle, found.season, found.episode, f"{local:%Y-%m-%d %H:%M}" if local else None)
    assert told == (title, subtitle, season, episode, begun)


@pytest.mark.parametrize(
    ("stem", "folders", "title", "subtitle", "season"),
    [
        ("S12E10", ("The Show",), "The Show", None, 12),
        ("S12E10 - The Part", ("Season 12", "The Show"), "The Show", "The Part", 12),
        ("s12e10.The.Part", ("Staffel 12", "The Show (2017)"), "The Show", "The Part", 12),
        ("20181206_210600", ("The Show", "TV_Shows"), "The Show", None, None),
        ("S12E10", (), "S12E10", None, None),
        ("Another S12E10", ("The Show",), "Another", None, 12),
    ],
)
def test_a_shows_folder_names_its_episodes(
    stem: str, folders: tuple[str, ...], title: str, subtitle: str | None, season: int | None
) -> None:
    found = read_file_name(stem, zone="Europe/Berlin", folders=folders)
    assert (found.title, found.subtitle, found.season) == (title, subtitle, season)
