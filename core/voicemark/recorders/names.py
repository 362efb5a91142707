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
from voicemark.clean_text import name_text, one_line
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
_JELLYFIN = re.compile(r" (?P<date>(?:19|20)\d\d_[01]\d_[0-3]\d)_(?P<time>[0-2]\d_[0-5]\d_[0-5]\d)(?= - |\Z)")
_PLEX = re.compile(r" - (?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d) (?P<time>[0-2]\d [0-5]\d [0-5]\d)(?= - |\Z)")
_HDHOMERUN = re.compile(r" \[(?P<date>\d{8})-(?P<time>\d{4})\]\Z")
_CHANNELS = re.compile(r" (?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d)-(?P<time>[0-2]\d[0-5]\d)\Z")
_NEXTPVR = re.compile(r"[_.](?P<date>(?:19|20)\d{6})[_.](?P<time>[0-2]\d[0-5]\d)[0-2]\d[0-5]\d\Z")
_STAMP_ALONE = re.compile(r"(?P<date>(?:19|20)\d{6})_(?P<time>[0-2]\d[0-5]\d[0-5]\d)")
_EPISODE_FIRST = re.compile(r"[Ss](?P<season>\d{1,4})[ ._-]?[Ee](?P<episode>\d{1,4})(?=[ ._-]|\Z)")
_AIRED = re.compile(r"(?<= )(?:19|20)\d\d-?[01]\d-?[0-3]\d(?= |\Z)")
_AIRED_MIDDLE = re.compile(r" (?:- )?(?P<date>(?:19|20)\d\d-[01]\d-[0-3]\d) - ")
_YEAR = re.compile(r" \((?:19|20)\d\d\)\Z")
_SEASON_FOLDER = re.compile(
    r"(?:season|staffel|series|saison|temporada|stagione|s)[ ._-]?\d{1,4}|specials", re.IGNORECASE
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
        yield {**match.groupdict(), "zone": "UTC", "number": "yes"}


def _jellyfin(text: str) -> Iterator[Groups]:
    """The Show 2018_12_06_21_06_00 - The Part: Jellyfin and Emby, for what has no number."""
    return _by_stamp(_JELLYFIN, text)


def _aired(text: str) -> Iterator[Groups]:
    """The Show 2018-12-06 - The Part: Jellyfin, by its first airing."""
    if match := _AIRED_MIDDLE.search(text, 1):
        yield {**match.groupdict(), "title": text[: match.start()], "subtitle": text[match.end() :]}


def _plex(text: str) -> Iterator[Groups]:
    """The Show (2017) - 2018-12-06 21 06 00 - The Part: Plex."""
    return _by_stamp(_PLEX, text)


def _by_stamp(stamp: re.Pattern[str], text: str) -> Iterator[Groups]:
    if match := stamp.search(text, 1):
        subtitle = text[match.end() :].removeprefix(" - ")
        yield {**match.groupdict(), "title": text[: match.start()], "subtitle": subtitle}


def _hdhomerun(text: str) -> Iterator[Groups]:
    """The Show S12E10 20181206 [20181206-2106]: HDHomeRun RECORD; number and first airing may lack."""
    if match := _HDHOMERUN.search(text, 1):
        rest = text[: match.start()]
        aired = next(reversed(list(_AIRED.finditer(rest))), None)
        rest = rest[: aired.start()] if aired is not None and aired.end() == len(rest) else rest
        numbers = next(_by_episode(_EPISODE, rest.rstrip()), {"title": rest})
        yield {**numbers, **match.groupdict()}


def _channels(text: str) -> Iterator[Groups]:
    """The Show S12E10 2018-12-06 The Part 2018-12-06-2106: Channels DVR; number, first airing and part may lack."""
    if match := _CHANNELS.search(text, 1):
        rest = text[: match.start()]
        numbers = next(_by_episode(_EPISODE, rest), None)
        if numbers is None:
            aired = _AIRED.search(rest)
            title, part = (rest[: aired.start()], rest[aired.end() :]) if aired else (rest, "")
            numbers = {"title": title, "subtitle": part}
        subtitle = f" {numbers.get('subtitle') or ''}"
        if (aired := _AIRED.match(subtitle, 1)) is not None:
            subtitle = subtitle[aired.end() :]
        yield {**numbers, "subtitle": subtitle.strip(), **match.groupdict()}


def _nextpvr(text: str) -> Iterator[Groups]:
    """The Show_20181206_21062200: NextPVR, from when to when."""
    if (match := _NEXTPVR.search(text, 1)) is not None:
        numbers = next(_by_episode(_EPISODE, text[: match.start()]), {"title": text[: match.start()]})
        yield {**numbers, **match.groupdict()}


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
        title, rest = text[: match.start()].rstrip(" _-"), text[match.end() :]
        title = title if _is_initials(title) else title.rstrip(_SIGNS)
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
    *(_box, _box_event, _otr, _myth, _jellyfin, _plex, _hdhomerun, _channels, _nextpvr, _by_underscores),
    *(_episode_and_date, _episode, _episode_x, _date_first, _date_last, _aired),
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
    titled: bool = True
    """Whether `title` is one, and not a number in a recorder's database."""
    season: int | None = None
    episode: int | None = None


def read_file_name(
    stem: str, patterns: Sequence[str] = (), zone: str | None = None, folders: Sequence[str] = ()
) -> NamedFields:
    """The fields in a file's name without its suffix; the whole name is the title when no pattern matches.

    A match whose date no calendar has is none. `zone` is the local time meant. `folders`: names of those around the
    file, innermost first; a show's is the title of a file that is called `S12E10` or by the time alone.
    """
    text = name_text(stem)[:MAX_NAME]
    matches = (re.fullmatch(pattern, text) for pattern in patterns)
    own = (match.groupdict() for match in matches if match is not None)
    usual = (groups for form in FORMS for groups in form(text))
    for groups in chain(own, _in_a_shows_folder(text, folders), usual):
        fields = _fields(groups, zone)
        if fields is not None:
            return fields
    return NamedFields(_titled(text) or "?")


def _in_a_shows_folder(text: str, folders: Sequence[str]) -> Iterator[Groups]:
    """The Show/S12E10, The Show/Season 12/S12E10 - The Part, The Show/20181206_210600: Dispatcharr, and libraries."""
    show = next((name for name in folders[:3] if not _SEASON_FOLDER.fullmatch(name[:MAX_NAME])), "")
    if not name_text(show)[:MAX_NAME].strip(" /"):
        return
    title = name_text(show)[:MAX_NAME]
    if match := _STAMP_ALONE.fullmatch(text):
        yield {**match.groupdict(), "title": title}
    elif match := _EPISODE_FIRST.match(text):
        yield {**match.groupdict(), "title": title, "subtitle": text[match.end() :].strip(_SIGNS)}


def _fields(groups: Groups, zone: str | None) -> NamedFields | None:
    started_at = None
    zone = groups.get("zone") or zone
    if groups.get("date"):
        started_at = _moment(groups["date"] or "", groups.get("time"), zone)
        if started_at is None:
            return None
    title = _titled(groups.get("title") or "")
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
        titled=groups.get("number") is None,
    )


def _spaced(text: str) -> str:
    """`Die.Sendung_mit` → `Die Sendung mit`; dots stay where the name has blanks of its own."""
    text = text.replace("_", " ")
    if " " not in text.strip() and not _is_initials(text):
        text = re.sub(r"(?<=\w)\.(?=\w)", " ", text)
    return one_line(text).strip(" -")


def _titled(text: str) -> str:
    """Without the year by which libraries tell films and shows of one name apart: `The Show (2017)`."""
    title = _spaced(text)
    return _YEAR.sub("", title)


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
