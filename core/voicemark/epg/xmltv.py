"""XMLTV guides, streamed: a guide of any size takes as much memory as one programme and the names of its channels.

Format: xmltv.dtd. Plain or packed, told by the bytes and not by the name (`packed`); taken apart by `guide_xml`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

from voicemark.bounds import AGE, EPISODE, LENGTH_S, MAX_GENRES, SEASON, duration, number_in, within
from voicemark.clean_text import clean, one_line
from voicemark.epg.channels import channel_keys
from voicemark.epg.epgdata import MAX_NAME, on_air_between
from voicemark.epg.genres import words_of_categories
from voicemark.epg.guide_xml import elements
from voicemark.errors import GuideError
from voicemark.languages import language_code
from voicemark.recording import Programme

MAX_NAMES = 16  # names of one channel
MAX_NAMES_KEPT = 8 << 20  # characters of all channels' names and ids: the largest guides have a tenth of it
MAX_KEYS = 10_000  # channels whose keys are remembered

_ZONES = {
    "UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 60, "IST": 60, "WEST": 60, "CET": 60, "MEZ": 60,
    "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "EST": -300, "EDT": -240, "CST": -360,
    "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
}  # fmt: skip
_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:([+-])(\d\d):?(\d\d)|([A-Za-z]+))?", re.ASCII)
_EPISODE = re.compile(r"[Ss](\d{1,4})[ .:_-]*[Ee](?:p\.? ?)?(\d{1,5})|(\d{1,3})x(\d{1,4})", re.ASCII)


def read_programmes(
    path: Path,
    channels: Iterable[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    on_error: Callable[[GuideError], None] | None = None,
) -> Iterator[Programme]:
    """The programmes in the guide at `path`, in its order.

    `channels`: only those of these channels, by any of their display names or ids (see `channel_keys`); `start` and
    `end` (aware): only those on air between them. A programme without a title or a start is passed over. When the
    guide breaks off or cannot be read, what came before is given first, and then one `GuideError` is raised, or
    handed to `on_error`.
    """
    wanted = None if channels is None else frozenset(key for name in channels for key in channel_keys(name))
    guide = _Guide()
    try:
        for element in elements(path):
            if element.tag == "channel":
                guide.declare(element, path)
                continue
            identity = element.get("channel", "")[:MAX_NAME]
            if wanted is not None and wanted.isdisjoint(guide.keys(identity)):
                continue
            programme = programme_of(element, guide.names)
            if programme is not None and (start is end is None or on_air_between(programme, start, end)):
                yield programme
    except GuideError as error:
        if on_error is None:
            raise
        on_error(error)


def programme_of(element: Element, names: Mapping[str, str]) -> Programme | None:
    """A `<programme>` element as a programme; `names`: channel id → name. None without a title or a valid start."""
    title_element = next((child for child in element if child.tag == "title" and one_line(child.text or "")), None)
    start = parse_time(element.get("start", ""))
    if title_element is None or start is None:
        return None
    identity = one_line(element.get("channel", ""), MAX_NAME)
    season, episode = _numbers(element)
    return Programme(
        title=one_line(title_element.text or ""),
        source="xmltv",
        subtitle=one_line(element.findtext("sub-title") or "") or None,
        description=clean(element.findtext("desc") or "") or None,
        channel=names.get(element.get("channel", "")[:MAX_NAME]) or identity or None,
        start=start,
        duration_s=_duration(element, start),
        genres=_genres(element),
        language=language_code(title_element.get("lang", "")) or language_code(element.findtext("language") or ""),
        season=season,
        episode=episode,
        age_rating=_age(element),
    )


def parse_time(text: str) -> datetime | None:
    """`20251021024500 +0200`, `202510210245 CEST`, `20251021` … as UTC; None when no calendar has it
    or it is out of bounds.

    A time without a zone, or with a name that is not known, is UTC (xmltv.dtd).
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, zone_h, zone_m, zone_name = match.groups()
    minutes = int(zone_h or 0) * 60 + int(zone_m or 0)
    if zone_name:
        minutes = _ZONES.get(zone_name.upper(), 0)
    if minutes > 24 * 60:
        return None
    offset = timedelta(minutes=-minutes if sign == "-" else minutes)
    try:
        local = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        return within(local - offset)
    except (ValueError, OverflowError):
        return None


def parse_episode(system: str, text: str) -> tuple[int | None, int | None]:
    """Season and episode, counted from 1, out of an `<episode-num>`: `xmltv_ns` or as shown on screen."""
    if system == "xmltv_ns":
        season, episode = (*text.split(".", 2), "", "")[:2]
        return SEASON(_counted_from_1(season)), EPISODE(_counted_from_1(episode))
    match = _EPISODE.search(text)
    if match:
        return SEASON(match[1] or match[3]), EPISODE(match[2] or match[4])
    alone = re.fullmatch(r"\D{0,20}(\d{1,5})\D{0,20}", text.strip(), re.ASCII)
    return (None, EPISODE(alone[1])) if alone and system == "onscreen" else (None, None)


def _counted_from_1(part: str) -> int | None:
    """`4/12`, counted from 0, is 5."""
    number = number_in(part.split("/", 1)[0])
    return None if number is None or number < 0 else number + 1


def _genres(element: Element) -> tuple[str, ...]:
    words = [one_line(child.text or "", MAX_NAME) for child in element if child.tag == "category"]
    return words_of_categories(words[:MAX_GENRES])


def _numbers(element: Element) -> tuple[int | None, int | None]:
    found = [
        parse_episode(child.get("system", "onscreen").casefold(), one_line(child.text or ""))
        for child in sorted(element.iterfind("episode-num"), key=lambda child: child.get("system") != "xmltv_ns")
    ]
    return next((pair for pair in found if pair != (None, None)), (None, None))


def _duration(element: Element, start: datetime) -> float | None:
    """Seconds up to `stop`, else the length without adverts; None when neither makes sense."""
    stop = parse_time(element.get("stop", ""))
    if stop is not None and (lasting := duration((stop - start).total_seconds())) is not None:
        return lasting
    length = element.find("length")
    if stop is None and length is not None:
        seconds = (LENGTH_S(length.text or "") or 0) * {"seconds": 1, "minutes": 60, "hours": 3600}.get(
            length.get("units", ""), 0
        )
        return duration(seconds)
    return None


def _age(element: Element) -> int | None:
    """The age in a `<rating>` such as `FSK 12`, `12` or `PG-13`."""
    for rating in element.iterfind("rating"):
        match = re.search(r"(?<!\d)(\d{1,2})(?!\d)", rating.findtext("value") or "", re.ASCII)
        age = AGE(match[1]) if match else None
        if age is not None and age <= 21:
            return age
    return None


class _Guide:
    """The channels of a guide as they have been declared so far."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.all_names: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, frozenset[str]] = {}
        self._room = MAX_NAMES_KEPT

    def declare(self, element: Element, path: Path) -> None:
        """Take a `<channel>`. Raises `GuideError` when the guide names more than all channels there are."""
        identity = element.get("id", "")[:MAX_NAME]
        told = (one_line(child.text or "", MAX_NAME) for child in element if child.tag == "display-name")
        names = tuple(name for name, _ in zip(filter(None, told), range(MAX_NAMES), strict=False))
        self._room -= 2 * len(identity) + sum(map(len, names)) + 64
        if self._room < 0:
            raise GuideError(f"names more than {MAX_NAMES_KEPT >> 20} MB of channels", path=path)
        self.names[identity] = names[0] if names else one_line(identity)
        self.all_names[identity] = names
        self._keys.pop(identity, None)

    def keys(self, identity: str) -> frozenset[str]:
        """What the channel may be matched by."""
        if identity not in self._keys:
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            names = (identity, *self.all_names.get(identity, ()))
            self._keys[identity] = frozenset(key for name in names for key in channel_keys(name))
        return self._keys[identity]
