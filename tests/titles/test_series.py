"""Series: which programmes are one series, and which showings are one part of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.titles.series import SeriesNames, series_of, series_part


@pytest.mark.parametrize(
    "title", ["Tatort", "Tatort: X", "TATORT - X", "tatort – X", "Tatort (3/4)", "Tatort, Folge 12"]
)
def test_spellings_of_one_series_have_one_key(title: str) -> None:
    part = series_part(title)
    assert part is not None and part.series == "tatort"


def test_a_subtitle_names_the_same_part_as_a_title_that_holds_it() -> None:
    in_title, in_subtitle = series_part("Tatort: Der Fall Holdt"), series_part("TATORT", "Der Fall Holdt")
    assert in_title == in_subtitle
    assert in_title is not None and in_title.part == "der fall holdt"


def test_numbered_parts_of_one_title_differ() -> None:
    assert series_part("Ums Paradies betrogen (1)") != series_part("Ums Paradies betrogen (2)")


def test_a_kind_of_programme_is_no_series() -> None:
    one, other = series_part("Fußball: Bayern – Bremen"), series_part("Fußball: HSV – Köln")
    assert one is not None and other is not None and one.series != other.series


def test_a_whole_title_shown_with_many_subtitles_is_a_series_of_its_own() -> None:
    found = series_of(
        {
            1: ("CSI: Miami", "Einer wird gewinnen"),
            2: ("CSI: Miami", "Blutsbande"),
            3: ("CSI: NY", "Am Abgrund"),
            4: ("CSI: NY", "Feuer"),
            5: ("CSI: Miami", "Blutsbande"),
        }
    )
    assert [part.series if part else None for part in found.values()] == [
        "csi miami", "csi miami", "csi ny", "csi ny", "csi miami",
    ]  # fmt: skip
    assert found[2] == found[5] != found[1]


def test_a_known_short_name_wins_over_a_longer_one() -> None:
    names = SeriesNames.learn([("Terra X", "Wale"), ("Terra X", "Wölfe"), ("Terra X: Eis", "1"), ("Terra X: Eis", "2")])
    part = names.part_of("Terra X: Eis", "Der Anfang")
    assert part is not None and (part.series, part.part) == ("terra x", "eis der anfang")


@pytest.mark.parametrize("title", ["", " ", "—", "***", "\x00\u200f"])
def test_a_title_without_letters_or_digits_has_no_series(title: str) -> None:
    assert series_part(title) is None


@pytest.mark.parametrize("unit", [":", ": ", " - ", "(1", "teil 1 ", "s1e1", "–"])
def test_a_title_of_any_length_is_looked_at_only_so_far(unit: str) -> None:
    part = series_part("a" + unit * 50_000, unit * 50_000)
    assert part is None or len(part.series) <= 600


@settings(deadline=None)
@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=40)))
def test_every_title_gives_a_key_that_is_not_empty_or_none(title: str, subtitle: str | None) -> None:
    part = series_part(title, subtitle)
    assert part is None or part.series
