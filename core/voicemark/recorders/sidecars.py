"""Sidecars of media files: `.nfo` as Kodi reads it, `.xml` with an XMLTV programme or Matroska tags.

A sidecar has the media file's name with another suffix. Entity bombs and external entities are refused.
"""

import re
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from voicemark.epg.clean_text import clean, one_line
from voicemark.epg.epgdata import number
from voicemark.epg.genres import words_of_categories
from voicemark.errors import GuideError
from voicemark.recording import Programme

MAX_SIDECAR = 4 << 20  # bytes
_KODI_ROOTS = ("movie", "episodedetails", "musicvideo", "tvshow", "recording")


def read_sidecar(media: Path, notes: list[str]) -> Programme | None:
    """What the sidecar of `media` says, or None; a sidecar that is there but broken adds a sentence to `notes`."""
    for suffix in (".nfo", ".xml"):
        sidecar = media.with_suffix(suffix)
        try:
            with sidecar.open("rb") as file:
                raw = file.read(MAX_SIDECAR + 1)
        except OSError as error:
            if not isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
                notes.append(f"{suffix} sidecar cannot be read: {error.strerror}")
            continue
        try:
            programme = parse_sidecar(raw)
        except GuideError as error:
            notes.append(f"{suffix} sidecar {error.what}")
            continue
        if programme is not None:
            return programme
    return None


def parse_sidecar(raw: bytes) -> Programme | None:
    """The programme in a sidecar's bytes; None when it is a kind of XML (or a bare link) that names no programme.

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
        return _from_kodi(root)
    if kind == "tv":
        return _from_xmltv(root)
    if kind == "tags":
        return _from_matroska_tags(root)
    return None


def _parse(text: bytes) -> Element:
    try:
        root: Element = ElementTree.fromstring(text)
        return root
    except ParseError:
        # Kodi allows a link after the closing tag, and several <episodedetails> in a row: the first is taken.
        match = re.match(rb"(?s)(.*?<(movie|episodedetails|musicvideo|tvshow)\b.*?</\2\s*>)", text)
        if match is None or match.end() == len(text):
            raise
        first: Element = ElementTree.fromstring(match[1])
        return first


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


def _from_kodi(root: Element) -> Programme | None:
    """https://kodi.wiki/view/NFO_files: an episode's own title is the subtitle, its show's the title."""
    title, show = _line(root, "title", "originaltitle"), _line(root, "showtitle")
    subtitle = _line(root, "tagline") if show is None else title
    if show is None and _local(root) == "recording":
        subtitle = _line(root, "subtitle", "shortdescription")
    genres = [child.text or "" for child in root if _local(child) == "genre"]
    minutes = number(_text(root, "runtime") or "")
    name = show or title
    if name is None:
        return None
    return Programme(
        title=name,
        source="nfo",
        subtitle=subtitle if subtitle != name else None,
        description=clean(_text(root, "plot", "outline", "description") or "") or None,
        channel=_line(root, "channel", "channelname"),
        duration_s=minutes * 60.0 if minutes and 0 < minutes <= 1440 else None,
        genres=words_of_categories(part for genre in genres for part in one_line(genre).split(" / ")),
        season=number(_text(root, "season") or ""),
        episode=number(_text(root, "episode") or ""),
    )


def _from_xmltv(root: Element) -> Programme | None:
    from voicemark.epg.xmltv import programme_of

    element = next((child for child in root if _local(child) == "programme"), None)
    names = {
        channel.get("id", ""): str(_line(channel, "display-name") or channel.get("id", ""))
        for channel in root
        if _local(channel) == "channel"
    }
    return programme_of(element, names) if element is not None else None


def _from_matroska_tags(root: Element) -> Programme | None:
    """https://www.matroska.org/technical/tagging.html, as MediaPortal writes it beside its recordings."""
    values: dict[str, str] = {}
    for simple in (element for element in root.iter() if _local(element) == "simpletag"):
        name, value = _line(simple, "name"), _text(simple, "value", "string")
        if name and value:
            values.setdefault(name.casefold(), value)
    title = one_line(values.get("title", ""))
    if not title:
        return None
    return Programme(
        title=title,
        source="sidecar",
        subtitle=one_line(values.get("episodename", "") or values.get("subtitle", "")) or None,
        description=clean(values.get("comment", "") or values.get("description", "")) or None,
        channel=one_line(values.get("channel_name", "")) or None,
        genres=words_of_categories([values.get("genre", "")]),
        season=number(values.get("seriesnum", "")),
        episode=number(values.get("episodenum", "")),
    )
