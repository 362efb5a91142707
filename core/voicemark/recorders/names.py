"""Title, channel and time out of a media file's name.

Each usual way of naming is a function of its own (`FORMS`): it finds what has a fixed length (a date, a time, a season
with an episode) and cuts the rest at it, so that a name takes time in proportion to its length, whatever is in it.

Patterns of the configuration are regular expressions with named groups: `title`, `subtitle`, `channel`, `date`
(20240131, 2024-01-31, 24.01.31 or 31.01.2024), `time` (2015, 20-15, 20.15.00), `season`, `episode`. A pattern must
match the whole name without its suffix; the first that does, wins, and comes before the usual ways.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from voicemark.bounds import EPISODE, SEASON
from voicemark.epg.clean_text import name_text, one_line
from voicemark.recorders.local_time import aware, other_readings

MAX_NAME = 300  # characters that are looked at

_DATE = r"(?P<date>(?:19|20)\d\d[-._]?[01]\d[-._]?[0-3]\d)"
_DATE_BACK = r"(?P<date>[0-3]\d\.[01]\d\.(?:19|20)\d\d)"
_TIME = r"(?P<time>[0-2]\d[-.:hH]?[0-5]\d(?:[-.:][0-5]\d)?)"
_THEN_TIME = rf"(?:[ _.T-]{{1,20}}{_TIME})?"
_SIGNS = " ._-"

_BOX = re.compile(r"(?P<date>\d{8})[ _](?P<time>\d{4}) - ")
_BOX_EVENT = re.compile(rf" - {_DATE}[ _]{_TIME}_")
_OTR = re.compile(r"_(?P<date>\d\d\.[01]\d\.[0-3]\d)_(?P<time>[0-2]\d-[0-5]\d)_(?P<channel>[^_]{1,60})_\d{1,6}_TVOON")
_MYTH = re.compile(rf"(?P<title>\d{{1,20}})_{_DATE}(?P<time>[0-2]\d[0-5]\d[0-5]\d)")
_DATED_TIMED = re.compile(rf"{_DATE}_{_TIME}_")
_BEGINS_DATED = tuple(re.compile(date + then) for date in (_DATE, _DATE_BACK) for then in (_THEN_TIME, ""))
_ENDS_DATED = tuple(re.compile(rf"{date}{_THEN_TIME}\)?\Z") for date in (_DATE, _DATE_BACK))
_EPISODE = re.compile(
    r"(?<=[ ._-])[Ss](?P<season>\d{1,4})[ ._-]?[Ee](?P<episode>\d{1,4})"
    r"(?:-?[Ee]\d{1,4}){0,20}(?=[ ._-]|\Z)"
)
_EPISODE_X = re.compile(r"(?<=[ ._-])(?P<season>\d{1,2})x(?P<episode>\d{2,3})(?=[ ._-]|\Z)")

Groups = Mapping[str, str | None]


def _box(text: str) -> Iterator[Groups]:
    """20240131 2015 - Das Erste - Tatort - Der Fall: Enigma2, DVBViewer."""
    if match := _BOX.match(text):
        channel, title, subtitle = (*_cut(text[match.end() :], 2), "", "")[:3]
        if title:
            yield {**match.groupdict(), "channel": channel, "title": title, "subtitle": subtitle}


def _box_event(text: str) -> Iterator[Groups]:
    """Tatort - 20240131 2015_Das Erste: Enigma2, by events."""
    if match := _BOX_EVENT.search(text, 1):
        yield {**match.groupdict(), "title": text[: match.start()], "channel": text[match.end() :]}


def _otr(text: str) -> Iterator[Groups]:
    """Tatort_24.01.31_20-15_ard_90_TVOON_DE: OnlineTVRecorder."""
    if match := _OTR.search(text, 1):
        yield {**match.groupdict(), "title": text[: match.start()]}


def _myth(text: str) -> Iterator[Groups]:
    """1021_20240131191500: MythTV, whose titles are in its database; in UTC since its version 0.26."""
    if match := _MYTH.fullmatch(text):
        yield {**match.groupdict(), "zone": "UTC"}


def _by_underscores(text: str) -> Iterator[Groups]:
    """2024-01-31_20-15-00_Das Erste_Tatort."""
    if match := _DATED_TIMED.match(text):
        channel, title, subtitle = (*text[match.end() :].split("_", 2), "", "")[:3]
        if channel and title:
            yield {**match.groupdict(), "channel": channel, "title": title, "subtitle": subtitle}


def _episode_and_date(text: str) -> Iterator[Groups]:
    """Tatort - S02E05 - Der Fall - 2024-01-31 20-15."""
    if (dated := _ENDS_DATED[0].search(text)) and text[: dated.start()].endswith(tuple(_SIGNS)):
        for groups in _by_episode(_EPISODE, text[: dated.start()].rstrip(_SIGNS)):
            yield {**groups, **dated.groupdict()}


def _episode(text: str) -> Iterator[Groups]:
    """Show.S02E05.Name."""
    return _by_episode(_EPISODE, text)


def _episode_x(text: str) -> Iterator[Groups]:
    """Show - 2x05 - Name."""
    return _by_episode(_EPISODE_X, text)


def _date_first(text: str) -> Iterator[Groups]:
    """2024-01-31 20-15 - Tatort - Der Fall, 31.01.2024 Tatort."""
    for begins in _BEGINS_DATED:
        if (match := begins.match(text)) and text[match.end() :].startswith(tuple(_SIGNS)):
            title, subtitle = (*_cut(text[match.end() :].lstrip(_SIGNS), 1), "")[:2]
            if title:
                yield {**match.groupdict(), "title": title, "subtitle": subtitle}
                return


def _date_last(text: str) -> Iterator[Groups]:
    """Tatort - Der Fall - 2024-01-31 20-15, Tatort (31.01.2024)."""
    for ends in _ENDS_DATED:
        if (match := ends.search(text)) and text[: match.start()].endswith(tuple(_SIGNS + "(")):
            title, subtitle = (*_cut(text[: match.start()].rstrip(_SIGNS + "("), 1), "")[:2]
            yield {**match.groupdict(), "title": title, "subtitle": subtitle}


def _by_episode(pattern: "re.Pattern[str]", text: str) -> Iterator[Groups]:
    for match in pattern.finditer(text):
        title, rest = text[: match.start()].rstrip(_SIGNS), text[match.end() :]
        if title:
            yield {**match.groupdict(), "title": title, "subtitle": rest.lstrip(_SIGNS)}
            return


def _cut(text: str, times: int) -> list[str]:
    """`text` cut at the first ` - `, so many times; what stands before and behind a cut is never empty."""
    parts: list[str] = []
    while len(parts) < times and 0 < (at := text.find(" - ", 1)) < len(text) - 3:
        parts.append(text[:at])
        text = text[at + 3 :]
    return [*parts, text]


FORMS: tuple[Callable[[str], Iterator[Groups]], ...] = (
    *(_box, _box_event, _otr, _myth, _by_underscores),
    *(_episode_and_date, _episode, _episode_x, _date_first, _date_last),
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
    other_starts: tuple[datetime, ...] = ()
    """What its time may mean as well (see `other_readings`)."""
    season: int | None = None
    episode: int | None = None


def read_file_name(stem: str, patterns: Sequence[str] = (), zone: str | None = None) -> NamedFields:
    """The fields in a file's name without its suffix; the whole name is the title when no pattern matches.

    A match whose date no calendar has is none. `zone` is the local time meant.
    """
    text = name_text(stem)[:MAX_NAME]
    matches = (re.fullmatch(pattern, text) for pattern in patterns)
    own = (match.groupdict() for match in matches if match is not None)
    usual = (groups for form in FORMS for groups in form(text))
    for groups in chain(own, usual):
        fields = _fields(groups, zone)
        if fields is not None:
            return fields
    return NamedFields(_spaced(text) or "?")


def _fields(groups: Groups, zone: str | None) -> NamedFields | None:
    started_at = None
    zone = groups.get("zone") or zone
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
        other_starts=other_readings(started_at, zone) if groups.get("time") else (),
        season=SEASON(groups.get("season")),
        episode=EPISODE(groups.get("episode")),
    )


def _spaced(text: str) -> str:
    """`Die.Sendung_mit` → `Die Sendung mit`; dots stay where the name has blanks of its own."""
    text = text.replace("_", " ")
    if " " not in text.strip() and not _is_initials(text):
        text = re.sub(r"(?<=\w)\.(?=\w)", " ", text)
    return one_line(text).strip(" -")


def _is_initials(text: str) -> bool:
    """`S.W.A.T.`: letters, each with a dot."""
    *letters, last = text.split(".")
    return bool(letters) and all(len(letter) == 1 for letter in letters) and len(last) <= 1


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
