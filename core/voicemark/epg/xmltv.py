"""XMLTV guides, streamed: a guide of any size takes as much memory as one programme.

Format: xmltv.dtd. Plain or gzip (told by the bytes, not by the name); entity declarations are refused (defusedxml), so
no entity bomb goes off and no file outside the guide is ever opened.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from voicemark.epg.channels import channel_keys
from voicemark.epg.clean_text import clean, one_line
from voicemark.epg.epgdata import MAX_DURATION_S, number, on_air_between
from voicemark.epg.genres import words_of_categories
from voicemark.errors import GuideError
from voicemark.languages import language_code
from voicemark.recording import Programme

BLOCK = 1 << 16  # bytes read at a time
MAX_ELEMENT = 1 << 20  # characters of text kept of one programme; real ones have a few thousand
MAX_CHILDREN = 5000  # elements kept of one programme
MAX_CHANNELS = 100_000
GZIP_MAGIC = b"\x1f\x8b"
MAX_SILENCE = 8 << 20  # bytes of a single tag or comment: no guide has so long ones

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
        for element in _elements(path, guide):
            identity = element.get("channel", "")
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
    identity = one_line(element.get("channel", ""))
    season, episode = _numbers(element)
    return Programme(
        title=one_line(title_element.text or ""),
        source="xmltv",
        subtitle=one_line(element.findtext("sub-title") or "") or None,
        description=clean(element.findtext("desc") or "") or None,
        channel=names.get(element.get("channel", "")) or identity or None,
        start=start,
        duration_s=_duration(element, start),
        genres=words_of_categories(one_line(child.text or "") for child in element if child.tag == "category"),
        language=language_code(title_element.get("lang", "")) or language_code(element.findtext("language") or ""),
        season=season,
        episode=episode,
        age_rating=_age(element),
    )


def parse_time(text: str) -> datetime | None:
    """`20251021024500 +0200`, `202510210245 CEST`, `20251021` … as UTC; None when no calendar has it.

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
        return local - offset
    except (ValueError, OverflowError):
        return None


def parse_episode(system: str, text: str) -> tuple[int | None, int | None]:
    """Season and episode, counted from 1, out of an `<episode-num>`: `xmltv_ns` or as shown on screen."""
    if system == "xmltv_ns":
        parts = [number(part.split("/")[0]) for part in text.split(".")]
        season, episode = (None if part is None or part < 0 else part + 1 for part in [*parts, None, None][:2])
        return season, episode
    match = _EPISODE.search(text)
    if match:
        return number(match[1] or match[3]), number(match[2] or match[4])
    alone = re.fullmatch(r"\D{0,20}(\d{1,5})\D{0,20}", text.strip(), re.ASCII)
    return (None, number(alone[1])) if alone and system == "onscreen" else (None, None)


def _numbers(element: Element) -> tuple[int | None, int | None]:
    found = [
        parse_episode(child.get("system", "onscreen").casefold(), one_line(child.text or ""))
        for child in sorted(element.iterfind("episode-num"), key=lambda child: child.get("system") != "xmltv_ns")
    ]
    return next((pair for pair in found if pair != (None, None)), (None, None))


def _duration(element: Element, start: datetime) -> float | None:
    """Seconds up to `stop`, else the length without adverts; None when neither makes sense."""
    stop = parse_time(element.get("stop", ""))
    if stop is not None and 0 < (stop - start).total_seconds() <= MAX_DURATION_S:
        return (stop - start).total_seconds()
    length = element.find("length")
    if stop is None and length is not None:
        count = number(length.text or "")
        seconds = (count or 0) * {"seconds": 1, "minutes": 60, "hours": 3600}.get(length.get("units", ""), 0)
        return float(seconds) if 0 < seconds <= MAX_DURATION_S else None
    return None


def _age(element: Element) -> int | None:
    """The age in a `<rating>` such as `FSK 12`, `12` or `PG-13`."""
    for rating in element.iterfind("rating"):
        match = re.search(r"(?<!\d)(\d{1,2})(?!\d)", rating.findtext("value") or "", re.ASCII)
        if match and 0 < int(match[1]) <= 21:
            return int(match[1])
    return None


class _Guide:
    """The channels of a guide as they have been declared so far."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.all_names: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, frozenset[str]] = {}

    def declare(self, element: Element) -> None:
        identity = element.get("id", "")
        names = tuple(name for child in element if child.tag == "display-name" and (name := one_line(child.text or "")))
        if len(self.names) < MAX_CHANNELS:
            self.names[identity] = names[0] if names else one_line(identity)
            self.all_names[identity] = names
            self._keys.pop(identity, None)

    def keys(self, identity: str) -> frozenset[str]:
        """What the channel may be matched by."""
        if identity not in self._keys:
            if len(self._keys) > MAX_CHANNELS:
                self._keys.clear()
            names = (identity, *self.all_names.get(identity, ()))
            self._keys[identity] = frozenset(key for name in names for key in channel_keys(name))
        return self._keys[identity]


class _Target:
    """Receives the parser's events and keeps the `<channel>` or `<programme>` at hand, no more."""

    def __init__(self) -> None:
        self.done: list[Element] = []
        self.events = 0
        self.root: str | None = None
        self._depth = 0
        self._builder: TreeBuilder | None = None
        self._room = self._children = self._skipped = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.events += 1
        self._depth += 1
        if self._depth == 1:
            self.root = tag
        if self._depth == 2 and tag in ("channel", "programme"):
            self._builder, self._room, self._children = TreeBuilder(), MAX_ELEMENT, MAX_CHILDREN
        if self._builder is not None:
            self._children -= 1
            if self._skipped or self._children < 0 or self._depth > 32:
                self._skipped += 1
            else:
                self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        self.events += 1
        if self._builder is not None:
            if self._skipped:
                self._skipped -= 1
            else:
                self._builder.end(tag)
            if self._depth == 2:
                self.done.append(self._builder.close())
                self._builder = None
        self._depth -= 1

    def data(self, text: str) -> None:
        self.events += 1
        if self._builder is not None and not self._skipped and self._room > 0:
            self._builder.data(text[: self._room])
            self._room -= len(text)

    def close(self) -> None:
        return None


def _elements(path: Path, guide: _Guide) -> Iterator[Element]:
    """The `<programme>` elements; channels go to `guide` as they pass."""
    target = _Target()
    parser = DefusedXMLParser(target=target)
    silence = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            file = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
            while block := file.read(BLOCK):
                before = target.events
                parser.feed(block)
                silence = 0 if target.events > before else silence + len(block)
                if target.root not in (None, "tv") or silence > MAX_SILENCE:
                    raise GuideError("is no XMLTV guide", path=path)
                yield from _taken(target, guide)
            parser.close()
            yield from _taken(target, guide)
        if target.root is None:
            raise GuideError("is no XMLTV guide", path=path)
    except DefusedXmlException:
        raise GuideError("declares entities, which is refused", path=path) from None
    except ParseError as error:
        yield from _taken(target, guide)
        raise GuideError(f"is broken or not complete ({error})", path=path) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield from _taken(target, guide)
        raise GuideError("is broken or not complete (gzip)", path=path) from None
    except OSError as error:
        raise GuideError(f"cannot be read: {error.strerror}", path=path) from error
    except (ValueError, LookupError) as error:  # an encoding that Python or expat does not know
        raise GuideError(f"cannot be read: {error}", path=path) from None


def _taken(target: _Target, guide: _Guide) -> Iterator[Element]:
    done, target.done = target.done, []
    for element in done:
        if element.tag == "channel":
            guide.declare(element)
        else:
            yield element
