"""Sidecars of media files: `.nfo` as Kodi reads it, `.xml` with an XMLTV programme or Matroska tags.

A sidecar has the media file's name with another suffix. Entity bombs and external entities are refused.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from voicemark.bounds import EPISODE, MAX_GENRES, MINUTES, SEASON, duration
from voicemark.clean_text import clean, one_line
from voicemark.epg.epgdata import MAX_NAME
from voicemark.epg.genres import words_of_categories
from voicemark.errors import GuideError, VoicemarkError
from voicemark.fits import Facts, written_at
from voicemark.foreign import OWN_FOLDER, ForeignMissingError, Reach, read_bytes
from voicemark.guard import unit
from voicemark.recorders.local_time import aware
from voicemark.recorders.names import NamedFields
from voicemark.recording import Programme

MAX_SIDECAR = 4 << 20  # bytes
MAX_ELEMENTS = 20_000  # each takes a hundred times the bytes of its tag
MAX_DEPTH = 64
_FIRST = re.compile(rb"<(movie|episodedetails|musicvideo|tvshow)\b")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::\d\d)?", re.ASCII)
ZONES_DIFFER = timedelta(hours=15)
_KODI_ROOTS = ("movie", "episodedetails", "musicvideo", "tvshow", "recording")


def read_sidecar(
    media: Path, notes: list[str], reach: Reach = OWN_FOLDER, named: NamedFields | None = None, zone: str | None = None
) -> Programme | None:
    """What the sidecar of `media` says, or None; a sidecar that is there but broken, or that belongs to an earlier
    recording of the name, adds a sentence to `notes`. `named`: what the name says; `zone`: of times without one."""
    for suffix in (".nfo", ".xml"):
        programme = None
        path = media.with_suffix(suffix)
        with unit(f"{suffix} sidecar", notes.append):
            try:
                raw = read_bytes(path, MAX_SIDECAR + 1, reach)
            except ForeignMissingError:
                continue
            programme = parse_sidecar(raw, partial(_show_of, media, reach, named), zone)
            if programme is not None and (why := _does_not_fit(programme, media, path, named)):
                notes.append(f"{suffix} sidecar {why}: it is passed over")
                programme = None
        if programme is not None:
            return programme
    return None


def _show_of(media: Path, reach: Reach, named: NamedFields | None) -> str | None:
    """The title of the show whose episode `media` is: from `tvshow.nfo` in its folder or the one around, else its
    name's, where the name tells of an episode."""
    for path in sidecars_of(media)[2:]:
        with suppress(VoicemarkError, OSError):
            show = parse_sidecar(read_bytes(path, MAX_SIDECAR + 1, reach))
            if show is not None:
                return show.title
    of_a_show = named is not None and (named.subtitle or named.episode is not None or named.started_at is not None)
    return named.title if named is not None and of_a_show and named.titled else None


def _does_not_fit(programme: Programme, media: Path, sidecar: Path, named: NamedFields | None) -> str | None:
    """Why a sidecar cannot be that of `media`; None when it can."""
    when, told = written_at(media), written_at(sidecar)
    if programme.start is not None and not Facts(when, None).began_by(programme.start):
        return "tells of a later recording"
    began = named.started_at if named is not None else None
    if began is None or named is None:
        return None
    slack = timedelta(seconds=named.start_error_s) + ZONES_DIFFER
    lasting = timedelta(seconds=programme.duration_s or 0.0)
    if programme.start is not None and abs(programme.start - began) > slack + lasting:
        return "tells of a recording of another time"
    return "is older than the recording" if told is not None and told + slack < began else None


def sidecars_of(media: Path) -> tuple[Path, ...]:
    """Where the sidecars of `media` stand, and those of the show that it is an episode of."""
    shows = (folder / "tvshow.nfo" for folder in (media.parent, media.parent.parent))
    return (media.with_suffix(".nfo"), media.with_suffix(".xml"), *shows)


def parse_sidecar(
    raw: bytes, show_of: Callable[[], str | None] = lambda: None, zone: str | None = None
) -> Programme | None:
    """The programme in a sidecar's bytes; None when it is a kind of XML (or a bare link) that names no programme.
    `show_of` is asked for the show of an episode that does not name it itself; `zone`: of times without one.

    Raises `GuideError` when it is broken, too large, or declares entities.
    """
    if len(raw) > MAX_SIDECAR:
        raise GuideError(f"is larger than {MAX_SIDECAR} bytes")
    text = raw.strip()
    if not text.startswith((b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return None  # a bare link, which Kodi allows too, or the words of a release group
    try:
        root = _parse(text)
    except DefusedXmlException:
        raise GuideError("declares entities, which is refused") from None
    except (ParseError, ValueError, LookupError) as error:
        raise GuideError(f"is not valid XML ({error})") from None
    kind = _local(root)
    if kind in _KODI_ROOTS:
        return _from_kodi(root, show_of)
    if kind == "tv":
        return _from_xmltv(root)
    if kind == "tags":
        return _from_matroska_tags(root, zone)
    return None


def _parse(text: bytes) -> Element:
    try:
        return _tree(text)
    except ParseError:
        # Kodi allows a link after the closing tag, and several <episodedetails> in a row: the first is taken.
        begins = _FIRST.search(text)
        closing = b"</" + begins[1] if begins else b""
        ends = text.find(closing, begins.end()) if begins else -1
        close = text.find(b">", ends) + 1 if ends >= 0 else 0
        if not close or close == len(text) or text[ends + len(closing) : close - 1].strip():
            raise
        return _tree(text[:close])


class _Small(TreeBuilder):
    """Builds a tree that has an end."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = self._depth = 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        """An element begins. Raises `ValueError` when there are too many."""
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_ELEMENTS} elements, or {MAX_DEPTH} within each other")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> Element:
        """An element ends."""
        self._depth -= 1
        return super().end(tag)


def _tree(text: bytes) -> Element:
    parser = DefusedXMLParser(target=_Small())
    parser.feed(text)
    root: Element = parser.close()
    return root


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].casefold()


def _text(root: Element, *names: str) -> str | None:
    """The first of the children so named that holds text."""
    for name in names:
        for child in root:
            if _local(child) == name and child.text and child.text.strip():
                return child.text
    return None


def _line(root: Element, *names: str) -> str | None:
    return one_line(_text(root, *names) or "") or None


def _from_kodi(root: Element, show_of: Callable[[], str | None]) -> Programme | None:
    """https://kodi.wiki/view/NFO_files: an episode's own title is the subtitle, its show's the title, which Jellyfin
    does not name in an episode."""
    title, show = _line(root, "title", "originaltitle"), _line(root, "showtitle")
    if show is None and _local(root) == "episodedetails":
        show = show_of()
    subtitle = _line(root, "tagline") if show is None else title
    if show is None and _local(root) == "recording":
        subtitle = _line(root, "subtitle", "shortdescription")
    genres = [child.text or "" for child in root if _local(child) == "genre"][:MAX_GENRES]
    minutes = MINUTES(_text(root, "runtime") or "")
    name = show or title
    if name is None:
        return None
    return Programme(
        title=name,
        source="nfo",
        subtitle=subtitle if subtitle != name else None,
        description=clean(_text(root, "plot", "outline", "description") or "") or None,
        channel=_line(root, "channel", "channelname"),
        duration_s=minutes * 60.0 if minutes else None,
        genres=words_of_categories([part for genre in genres for part in one_line(genre).split(" / ")][:MAX_GENRES]),
        season=SEASON(_text(root, "season") or ""),
        episode=EPISODE(_text(root, "episode") or ""),
    )


def _from_xmltv(root: Element) -> Programme | None:
    from voicemark.epg.xmltv import programme_of

    element = next((child for child in root if _local(child) == "programme"), None)
    names = {
        channel.get("id", "")[:MAX_NAME]: _line(channel, "display-name") or one_line(channel.get("id", ""), MAX_NAME)
        for channel in root
        if _local(channel) == "channel"
    }
    return programme_of(element, names) if element is not None else None


def _from_matroska_tags(root: Element, zone: str | None) -> Programme | None:
    """https://www.matroska.org/technical/tagging.html, as MediaPortal writes it beside its recordings."""
    values: dict[str, str] = {}
    for simple in (element for element in root.iter() if _local(element) == "simpletag"):
        name, value = _line(simple, "name"), _text(simple, "value", "string")
        if name and value:
            values.setdefault(name.casefold(), value)
    title = one_line(values.get("title", ""))
    if not title:
        return None
    start, end = (_local_time(values.get(name, ""), zone) for name in ("starttime", "endtime"))
    return Programme(
        title=title,
        source="sidecar",
        subtitle=one_line(values.get("episodename", "") or values.get("subtitle", "")) or None,
        description=clean(values.get("comment", "") or values.get("description", "")) or None,
        channel=one_line(values.get("channel_name", "")) or None,
        start=start,
        duration_s=duration((end - start).total_seconds()) if start and end else None,
        genres=words_of_categories([one_line(values.get("genre", ""))]),
        season=SEASON(values.get("seriesnum", "")),
        episode=EPISODE(values.get("episodenum", "")),
    )


def _local_time(text: str, zone: str | None) -> datetime | None:
    """MediaPortal's `2024-01-31 20:15`, in the recorder's time zone."""
    match = _TIME.fullmatch(text.strip()[:40])
    if match is None:
        return None
    year, month, day, hour, minute = map(int, match.groups())
    return aware(year, month, day, hour, minute, zone=zone)
