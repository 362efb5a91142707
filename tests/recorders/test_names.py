"""Names of plain files: title, channel and time by patterns."""

from dataclasses import replace
from datetime import UTC, datetime

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
        ("1021_20240131191500", NamedFields("1021", None, None, WHEN)),
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
