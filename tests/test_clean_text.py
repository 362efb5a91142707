"""Clean text: fit to store, one spelling, and clean already when cleaned."""

from hypothesis import given
from hypothesis import strategies as st

from voicemark.clean_text import clean, decoded, name_text, one_line


def test_controls_go_and_newlines_stay() -> None:
    assert clean("  a\tb \x00\x07c\r\nd\x8ae\ud800 ") == "a b c\nd\ne"
    assert one_line("a\nb  c") == "a b c"


def test_bytes_are_utf_8_or_latin_1() -> None:
    assert decoded("Größe".encode()) == decoded("Größe".encode("latin-1")) == "Größe"
    assert name_text(b"Gr\xf6\xdfe".decode("utf-8", "surrogateescape")) == "Größe"


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_cleaned_text_is_clean_and_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    assert "\n" not in one_line(text)
