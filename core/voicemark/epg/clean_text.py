"""Text from disks and broadcasts made fit to store: one spelling of newlines, no control characters, no surrogates."""

import os
import re
import unicodedata

_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_BLANKS = re.compile(r"[ \t]+")


def clean(text: str, limit: int = 65536) -> str:
    """`text` in NFC without control characters (newlines stay), runs of blanks closed up, at most `limit` characters.

    Idempotent, and always encodable as UTF-8.
    """
    text = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n").replace("\x8a", "\n")
    text = unicodedata.normalize("NFC", _DROPPED.sub("", text))
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip()[:limit].strip()


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
    """A file's name as text for people: bytes that are no UTF-8 are read as Latin-1."""
    return one_line(decoded(os.fsencode(name)))
