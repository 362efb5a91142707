"""Title, channel and time out of a media file's name, by regular expressions with named groups.

Groups: `title`, `subtitle`, `channel`, `date` (20240131, 2024-01-31, 24.01.31 or 31.01.2024), `time` (2015, 20-15,
20.15.00), `season`, `episode`. A pattern must match the whole name without its suffix; the first that does, wins.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from voicemark.epg.clean_text import name_text, one_line
from voicemark.recorders.local_time import aware

_DATE = r"(?P<date>(?:19|20)\d\d[-._]?[01]\d[-._]?[0-3]\d)"
_DATE_BACK = r"(?P<date>[0-3]\d\.[01]\d\.(?:19|20)\d\d)"
_TIME = r"(?P<time>[0-2]\d[-.:hH]?[0-5]\d(?:[-.:][0-5]\d)?)"
_GAP = r"[ _.T-]+"
_EPISODE = r"[Ss](?P<season>\d{1,4})[ ._-]?[Ee](?P<episode>\d{1,4})(?:-?[Ee]\d{1,4})*"

DEFAULT_PATTERNS = (
    # 20240131 2015 - Das Erste - Tatort - Der Fall: Enigma2, DVBViewer
    r"(?P<date>\d{8})[ _](?P<time>\d{4}) - (?P<channel>.+?) - (?P<title>.+?)(?: - (?P<subtitle>.+))?",
    # Tatort - 20240131 2015_Das Erste: Enigma2, by events
    rf"(?P<title>.+?) - {_DATE}[ _]{_TIME}_(?P<channel>.+)",
    # Tatort_24.01.31_20-15_ard_90_TVOON_DE: OnlineTVRecorder
    r"(?P<title>.+?)_(?P<date>\d\d\.[01]\d\.[0-3]\d)_(?P<time>[0-2]\d-[0-5]\d)_(?P<channel>[^_]+)_\d+_TVOON.*",
    # 1021_20240131201500: MythTV, whose titles are in its database
    rf"(?P<title>\d+)_{_DATE}(?P<time>[0-2]\d[0-5]\d[0-5]\d)",
    # 2024-01-31_20-15-00_Das Erste_Tatort
    rf"{_DATE}_{_TIME}_(?P<channel>[^_]+)_(?P<title>[^_]+)(?:_(?P<subtitle>.+))?",
    # Tatort - S02E05 - Der Fall - 2024-01-31 20-15
    rf"(?P<title>.+?)[ ._-]+{_EPISODE}(?:[ ._-]+(?P<subtitle>.+?))??[ ._-]+{_DATE}(?:{_GAP}{_TIME})?",
    # Show.S02E05.Name
    rf"(?P<title>.+?)[ ._-]+{_EPISODE}(?:[ ._-]+(?P<subtitle>.+))?",
    # Show - 2x05 - Name
    r"(?P<title>.+?)[ ._-]+(?P<season>\d{1,2})x(?P<episode>\d{2,3})(?:[ ._-]+(?P<subtitle>.+))?",
    # 2024-01-31 20-15 - Tatort
    rf"{_DATE}(?:{_GAP}{_TIME})?[ _.-]+(?P<title>.+?)(?: - (?P<subtitle>.+))?",
    rf"{_DATE_BACK}(?:{_GAP}{_TIME})?[ _.-]+(?P<title>.+?)(?: - (?P<subtitle>.+))?",
    # Tatort - Der Fall - 2024-01-31 20-15
    rf"(?P<title>.+?)(?: - (?P<subtitle>.+?))?[ _.(-]+{_DATE}(?:{_GAP}{_TIME})?\)?",
    rf"(?P<title>.+?)(?: - (?P<subtitle>.+?))?[ _.(-]+{_DATE_BACK}(?:{_GAP}{_TIME})?\)?",
)
"""Tried in turn after the patterns in the configuration."""


@dataclass(frozen=True)
class NamedFields:
    """What a name says."""

    title: str
    subtitle: str | None = None
    channel: str | None = None
    started_at: datetime | None = None
    start_error_s: float = 60.0
    season: int | None = None
    episode: int | None = None


def read_file_name(stem: str, patterns: Sequence[str] = (), zone: str | None = None) -> NamedFields:
    """The fields in a file's name without its suffix; the whole name is the title when no pattern matches.

    A match whose date no calendar has is none. `zone` is the local time meant.
    """
    text = name_text(stem)[:300]
    for pattern in (*patterns, *DEFAULT_PATTERNS):
        match = re.fullmatch(pattern, text)
        fields = _fields(match.groupdict(), zone) if match else None
        if fields is not None:
            return fields
    return NamedFields(_spaced(text) or "?")


def _fields(groups: dict[str, str | None], zone: str | None) -> NamedFields | None:
    started_at = None
    if groups.get("date"):
        started_at = _moment(groups["date"] or "", groups.get("time"), zone)
        if started_at is None:
            return None
    title = _spaced(groups.get("title") or "")
    if not title:
        return None
    return NamedFields(
        title=title,
        subtitle=_spaced(groups.get("subtitle") or "") or None,
        channel=_spaced(groups.get("channel") or "") or None,
        started_at=started_at,
        start_error_s=60.0 if groups.get("time") else 86400.0,
        season=_count(groups.get("season")),
        episode=_count(groups.get("episode")),
    )


def _spaced(text: str) -> str:
    """`Die.Sendung_mit` → `Die Sendung mit`; dots stay where the name has blanks of its own."""
    text = text.replace("_", " ")
    if " " not in text.strip() and text.count(".") >= 1 and not re.fullmatch(r"(\w\.)+\w?", text):
        text = re.sub(r"(?<=\w)\.(?=\w)", " ", text)
    return one_line(text).strip(" -")


def _moment(date: str, time: str | None, zone: str | None) -> datetime | None:
    digits = re.sub(r"\D", "", date)
    if not digits.isascii():
        return None
    if re.fullmatch(r"\d\d\D\d\d\D\d{4}", date):
        year, month, day = int(digits[4:]), int(digits[2:4]), int(digits[:2])
    elif len(digits) == 8:
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    elif len(digits) == 6:
        year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
    else:
        return None
    clock = re.sub(r"\D", "", time or "").ljust(6, "0")
    if not clock.isascii():
        return None
    return aware(year, month, day, int(clock[:2]), int(clock[2:4]), int(clock[4:6]), zone)


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None
