"""Text in DVB tables: the first bytes name the character table (ETSI EN 300 468, annex A).

Without such bytes it is ISO/IEC 6937 with the euro sign: an accent's byte stands before its letter's. Emphasis marks
are dropped, 0x8A is a newline. Some broadcasters send UTF-8 or two-byte tables without saying so, or another table than
they say; where the bytes leave no doubt, they are read as what they are.
"""

import re

from voicemark.clean_text import clean

MAX_TEXT = 1 << 16  # bytes; a section holds 4096

_ONE_BYTE = {
    0x01: 5, 0x02: 6, 0x03: 7, 0x04: 8, 0x05: 9, 0x06: 10, 0x07: 11, 0x09: 13, 0x0A: 14, 0x0B: 15,
}  # fmt: skip
"""First byte → part of ISO/IEC 8859 (table A.3). 0x08 stands for part 12, which does not exist."""

_SYMBOLS = (
    "\u00a0¡¢£€¥ §¤‘“«←↑→↓"  # 0xA0
    "°±²³×µ¶·÷’”»¼½¾¿"
    "                "  # 0xC0: accents, below
    "—¹®©™♪¬¦    ⅛⅜⅝⅞"
    "ΩÆÐªĦ ĲĿŁØŒºÞŦŊŉ"
    "ĸæđðħıĳŀłøœßþŧŋ\u00ad"
)
"""ISO/IEC 6937 from 0xA0 on, with the euro sign of figure A.1; a blank is a place without a character."""

_ACCENTS = {
    0xC1: "\u0300", 0xC2: "\u0301", 0xC3: "\u0302", 0xC4: "\u0303", 0xC5: "\u0304", 0xC6: "\u0306", 0xC7: "\u0307",
    0xC8: "\u0308", 0xC9: "\u0308", 0xCA: "\u030a", 0xCB: "\u0327", 0xCC: "\u0332", 0xCD: "\u030b", 0xCE: "\u0328",
    0xCF: "\u030c",
}  # fmt: skip
"""Byte before the letter → the combining mark that Unicode puts behind it."""

_STANDING = {
    "\u0300": "`", "\u0301": "´", "\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0306": "˘", "\u0307": "˙",
    "\u0308": "¨", "\u030a": "˚", "\u0327": "¸", "\u0332": "_", "\u030b": "˝", "\u0328": "˛", "\u030c": "ˇ",
}  # fmt: skip
"""An accent over a blank stands for itself."""

_UTF8_SEQUENCE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")
_CONTROLS: dict[int, str | None] = dict.fromkeys((*range(0x80, 0xA0), *range(0xE080, 0xE0A0))) | {
    0x85: "\n", 0x8A: "\n", 0xE085: "\n", 0xE08A: "\n",
}  # fmt: skip
"""C1 codes of DVB (table A.1), and where two-byte and UTF-8 tables keep them (table A.2)."""


def decode_text(raw: bytes) -> str:
    """The text in a descriptor's bytes, clean, with `\\n` for line breaks. Any bytes give a text; none raise."""
    table, body = split_table(raw[:MAX_TEXT])
    return clean(_decode(table, body).translate(_CONTROLS), MAX_TEXT)


def split_table(raw: bytes) -> tuple[str, bytes]:
    """The character table that a text begins with, and the bytes behind; `""` is the default table."""
    if not raw or raw[0] >= 0x20:
        return "", raw
    first = raw[0]
    if first in _ONE_BYTE:
        return f"iso8859_{_ONE_BYTE[first]}", raw[1:]
    if first == 0x10:
        part = int.from_bytes(raw[1:3], "big")
        return (f"iso8859_{part}" if 1 <= part <= 16 and part != 12 else ""), raw[3:]
    if first == 0x1F:  # an encoding of the broadcaster's own (Freesat's compression): nothing that can be read
        return "private", b""
    named = {0x11: "utf_16_be", 0x12: "cp949", 0x13: "gbk", 0x14: "chinese", 0x15: "utf_8"}
    return named.get(first, ""), raw[1:]


def join_texts(parts: list[bytes]) -> str:
    """One text that was cut into several descriptors: a character may be cut too, and each part names its table."""
    if not parts:
        return ""
    tables = [split_table(part) for part in parts if part]
    if len({table for table, _ in tables}) == 1:
        head = parts[0][: len(parts[0]) - len(split_table(parts[0])[1])] if parts[0] else b""
        return decode_text(head + b"".join(body for _, body in tables))
    return "".join(decode_text(part) for part in parts)


def _decode(table: str, body: bytes) -> str:
    if table == "":
        return _decode_default(body)
    if table == "chinese":
        return _decode_chinese(body)
    if table == "utf_16_be":
        body = body[: len(body) // 2 * 2]
    return body.decode(table, "ignore") if table != "private" else ""


def _decode_default(body: bytes) -> str:
    """ISO/IEC 6937, or UTF-8 that does not say so: an accent is never followed by a byte above 0x7F."""
    if _UTF8_SEQUENCE.search(body):
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return decode_iso6937(body)


def decode_iso6937(body: bytes) -> str:
    """ISO/IEC 6937 to Unicode, not composed; places without a character give nothing."""
    text: list[str] = []
    accent = ""
    for code in body:
        if code in _ACCENTS:
            text.append(_STANDING.get(accent, ""))
            accent = _ACCENTS[code]
            continue
        character = chr(code) if code < 0xA0 else _SYMBOLS[code - 0xA0].strip(" ")
        if not accent:
            text.append(character)
        elif character == " " or not character.isalpha():
            text.append(_STANDING[accent] + (character if character != " " else ""))
        else:
            text.append(character + accent)
        accent = ""
    text.append(_STANDING.get(accent, ""))
    return "".join(text)


def _decode_chinese(body: bytes) -> str:
    """Table 0x14: by the standard the Chinese of ISO/IEC 10646 in two bytes each, in practice also GBK."""
    if not body.isascii() and len(body) % 2 == 0:
        text = body.decode("utf_16_be", "replace")
        if all(
            "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or c >= "\uff00" or " " <= c < "\u0100" for c in text
        ):
            return text
    return body.decode("gbk", "ignore")
