"""Text from disks and broadcasts made fit to store: one spelling of newlines, no control characters, no surrogates."""

import os
import re
import unicodedata

MAX_MARKS = 30
"""Combining marks in a row that are kept (Unicode's stream-safe text format, UAX #15): putting a longer run into order
takes time with the square of its length."""

_OTHER_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")  # taken apart, these are marks, too
_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_BLANKS = re.compile(r"[ \t]+")


def clean(text: str, limit: int = 65536) -> str:
    """`text` in NFC without control characters (newlines stay), runs of blanks closed up, at most `limit` characters.

    Idempotent, and always encodable as UTF-8.
    """
    text = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\x8a", "\n")
    text = stream_safe(unicodedata.normalize("NFC", stream_safe(_DROPPED.sub("", text))))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip()[:limit].strip()


def stream_safe(text: str) -> str:
    """`text` without what is beyond `MAX_MARKS` combining marks in a row: it can be normalised in linear time."""
    if text.isascii():
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) or character in _OTHER_MARKS else 0
        if run <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def one_line(text: str, limit: int = 1024) -> str:
    """`clean` text on a single line: for titles, names of channels, languages."""
    return " ".join(clean(text, limit).split())


def decoded(raw: bytes) -> str:
    """UTF-8 where it is, else Latin-1: what Linux recorders have written over the years."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def name_text(name: str) -> str:
    """A file's name as text for people: bytes that are no UTF-8 are read as Latin-1. Never raises."""
    try:
        return one_line(decoded(os.fsencode(name)))
    except UnicodeEncodeError:
        return one_line(name)
