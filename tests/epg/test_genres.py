"""Genres: DVB's content bytes and categories in words become one vocabulary."""

from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.genres import COARSE, FINE, coarse_word, words_of_categories, words_of_content


def test_coarse_words_come_first() -> None:
    assert words_of_content([0x23, 0x81]) == ("news", "society", "documentary", "reportage")
    assert words_of_content([0x14]) == ("movie", "comedy")
    assert words_of_content([0x10]) == ("movie",)


def test_codes_of_the_broadcasters_own_say_nothing() -> None:
    assert words_of_content([0x00, 0xF3, 0xC1]) == ()
    assert words_of_content([0xB3, 0x43]) == ("sports", "live", "football")


def test_every_fine_word_has_a_place_under_a_coarse_one() -> None:
    assert all(code >> 4 in COARSE or code >> 4 == 0xB for code in FINE)
    assert len(set(FINE.values())) == len(FINE)


def test_categories_keep_their_spelling_behind_the_word_that_is_certain() -> None:
    assert words_of_categories(["Krimiserie", "Krimi"]) == ("movie", "Krimiserie", "Krimi")
    assert words_of_categories(["News"]) == ("news",)
    assert words_of_categories(["Kinder|Drama"]) == ("children", "movie", "Kinder|Drama")
    assert words_of_categories(["Magazin", "", " "]) == ("Magazin",)


def test_german_says_what_a_thing_is_at_the_words_end() -> None:
    assert coarse_word("Arztserie") == coarse_word("Actionfilm") == "movie"
    assert coarse_word("Zeichentrickserie") == coarse_word("Kinderfilm") == "children"
    assert coarse_word("Tierdoku") == coarse_word("Naturfilm") == "documentary"
    assert coarse_word("Regionalmagazin") is None


@given(st.lists(st.integers(0, 255), max_size=8))
def test_any_codes_give_words_once(codes: list[int]) -> None:
    words = words_of_content(codes)
    assert len(set(words)) == len(words)


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_categories_give_words_once(categories: list[str]) -> None:
    words = words_of_categories(categories)
    assert len(set(words)) == len(words)
    assert all(word.strip() for word in words)
