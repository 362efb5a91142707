"""DVB text: every character table, accents before their letters, and bytes that are no text at all."""

import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.dvb_text import decode_iso6937, decode_text, join_texts, split_table


def test_text_without_a_table_is_iso_6937_with_the_euro_sign() -> None:
    assert (
        decode_text(b"F\xc8ur 5 \xa4, caf\xc2e, \xcfZi\xcfzek, \xe9re, stra\xfbe")
        == "Für 5 €, café, Žižek, Øre, straße"
    )


def test_every_accent_stands_before_its_letter() -> None:
    raw = b"\xc1a\xc2a\xc3a\xc4a\xc5a\xc6a\xc7z\xc8a\xcaa\xcbc\xcdo\xcea\xcfc"
    assert decode_text(raw) == "àáâãāăżäåçőąč"


def test_an_accent_without_a_letter_stands_for_itself() -> None:
    assert decode_text(b"a\xc2 b\xc8") == "a´b¨"
    assert decode_text(b"\xc8\xc2e") == "¨é"
    assert decode_text(b"\xc85") == "¨5"


def iconv(raw: bytes) -> str | None:
    found = subprocess.run(["iconv", "-f", "ISO_6937", "-t", "UTF-8"], input=raw, capture_output=True)
    return found.stdout.decode() if found.returncode == 0 else None


@pytest.mark.skipif(shutil.which("iconv") is None, reason="needs iconv to compare with")
def test_iso_6937_agrees_with_the_c_library_on_every_character() -> None:
    singles = [bytes([code]) for code in range(0x20, 0x7F)] + [
        bytes([code]) for code in (*range(0xA0, 0xC0), *range(0xD0, 0x100))
    ]
    pairs = [bytes([accent, ord(letter)]) for accent, letters in ACCENTED.items() for letter in letters]
    read_by_iconv = iconv(b"\n".join(raw for raw in [*singles, *pairs] if raw not in UNKNOWN_TO_ICONV))
    assert read_by_iconv is not None
    expected = unicodedata.normalize("NFC", read_by_iconv).split("\n")
    ours = [
        unicodedata.normalize("NFC", decode_iso6937(raw)) for raw in [*singles, *pairs] if raw not in UNKNOWN_TO_ICONV
    ]
    assert ours == expected


UNKNOWN_TO_ICONV = {bytes([code]) for code in (0xA4, 0xA6, 0xD8, 0xD9, 0xDA, 0xDB, 0xE5)}
ACCENTED = {
    0xC1: "AEIOUaeiou", 0xC2: "ACEILNORSUYZaceilnorsuyz", 0xC3: "ACEGHIJOSUWYaceghijosuwy", 0xC4: "AINOUainou",
    0xC5: "AEIOUaeiou", 0xC6: "AGUagu", 0xC7: "CEGIZcegz", 0xC8: "AEIOUYaeiouy", 0xCA: "AUau",
    0xCB: "CGKLNRSTcgklnrst", 0xCD: "OUou", 0xCE: "AEIUaeiu", 0xCF: "CDELNRSTZcdelnrstz",
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "codec", "sample"),
    [
        (b"\x01", "iso8859_5", "Новости"),
        (b"\x02", "iso8859_6", "أخبار"),
        (b"\x03", "iso8859_7", "Ειδήσεις"),
        (b"\x04", "iso8859_8", "חדשות"),
        (b"\x05", "iso8859_9", "Für Größe, Şimdi"),
        (b"\x06", "iso8859_10", "Sámi þ"),
        (b"\x07", "iso8859_11", "ข่าว"),
        (b"\x09", "iso8859_13", "Žinios ą"),
        (b"\x0a", "iso8859_14", "Ŵyth"),
        (b"\x0b", "iso8859_15", "Œuvre à 5 €"),
        (b"\x10\x00\x01", "iso8859_1", "Größe"),
        (b"\x10\x00\x02", "iso8859_2", "Wiadomości"),
        (b"\x10\x00\x05", "iso8859_5", "Новости"),
        (b"\x10\x00\x0f", "iso8859_15", "5 €"),
        (b"\x11", "utf_16_be", "Größe 新闻"),
        (b"\x12", "euc_kr", "뉴스"),
        (b"\x13", "gb2312", "新闻"),
        (b"\x14", "gbk", "新聞聯播"),
        (b"\x14", "utf_16_be", "新聞聯播"),
        (b"\x15", "utf_8", "Größe 新闻 😀"),
    ],
)
def test_each_character_table_is_read(first: bytes, codec: str, sample: str) -> None:
    assert decode_text(first + sample.encode(codec)) == unicodedata.normalize("NFC", sample)


def test_newlines_and_emphasis_in_each_table() -> None:
    assert decode_text(b"one\x8atwo \x86three\x87") == "one\ntwo three"
    assert decode_text(b"\x05one\x8atwo") == "one\ntwo"
    assert decode_text(b"\x15" + "one\u008atwo\ue08athree\ue086!".encode()) == "one\ntwo\nthree!"
    assert decode_text(b"\x11" + "one\ue08atwo".encode("utf_16_be")) == "one\ntwo"


def test_utf_8_that_does_not_say_so_is_recognised() -> None:
    assert decode_text("Größe für 5 €".encode()) == "Größe für 5 €"


def test_tables_that_do_not_exist_are_passed_over() -> None:
    assert decode_text(b"\x08Tagesschau") == "Tagesschau"
    assert decode_text(b"\x10\x00\x0cTagesschau") == "Tagesschau"
    assert decode_text(b"\x10\x12\x34Tagesschau") == "Tagesschau"
    assert decode_text(b"\x1f\x01\x7f\x80") == ""
    assert decode_text(b"\x10") == decode_text(b"") == ""


def test_a_character_cut_between_two_descriptors_is_whole_again() -> None:
    raw = "Größe".encode()
    assert join_texts([b"\x15" + raw[:3], b"\x15" + raw[3:]]) == "Größe"
    assert join_texts([b"\x05Gr", "öße".encode()]) == "Größe"
    assert join_texts([]) == ""


@given(st.binary(max_size=300))
def test_any_bytes_give_text_that_can_be_stored(raw: bytes) -> None:
    text = decode_text(raw)
    text.encode("utf-8")
    assert all(
        character == "\n" or character.isprintable() or unicodedata.category(character) != "Cc" for character in text
    )
    assert split_table(raw)[1] in (raw, raw[1:], raw[3:], b"")


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_pieces_can_be_joined(parts: list[bytes]) -> None:
    join_texts(parts).encode("utf-8")


@given(st.text(st.characters(codec="iso8859_9", min_codepoint=0x20), max_size=100))
def test_a_text_in_latin_5_comes_back(text: str) -> None:
    kept = "".join(character for character in text if not 0x7F <= ord(character) <= 0x9F)
    raw = b"\x05" + kept.encode("iso8859_9")
    assert (
        decode_text(raw) == " ".join(kept.replace("\t", " ").split(" ")).strip()
        or decode_text(raw).split() == kept.split()
    )
