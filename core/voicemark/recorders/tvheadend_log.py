"""Tvheadend's `dvr/log`: one JSON file per recording, found again by the names of the media files in it.

On disk an entry has what `dvr_db.c` saves (`start`, `stop`, `title` and other language maps, `files`, `errorcode` …);
`sched_status` and the `disp_*` fields stand only in what its API tells. Either is understood.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from voicemark.epg.clean_text import clean, decoded, one_line
from voicemark.epg.epgdata import MAX_DURATION_S, from_unix
from voicemark.epg.genres import words_of_categories, words_of_content
from voicemark.languages import language_code
from voicemark.recorders.tree import list_folder
from voicemark.recording import Programme, StreamHint

MAX_ENTRY = 4 << 20  # bytes of one entry

_KINDS = {"MPEG2AUDIO": 2, "AC3": 4, "EAC3": 4, "AAC": 6, "AAC-LATM": 6, "MP4A": 6, "AC-4": 0x19, "AC4": 0x19}
_AUDIO_TYPES = {1: "clean effects", 2: "hearing impaired", 3: "audio description"}  # ISO 639 descriptor, ISO 13818-1


@dataclass(frozen=True)
class LogFile:
    """One of an entry's files: its name where Tvheadend runs, and when it was written."""

    name: PurePosixPath
    start: datetime | None
    stop: datetime | None


@dataclass(frozen=True)
class LogEntry:
    """One recording as Tvheadend tells it."""

    path: Path
    files: tuple[LogFile, ...]
    programme: Programme | None
    starts_at: datetime | None
    """When it was to start and to stop, margins included."""
    stops_at: datetime | None
    status: str | None
    removed: bool
    streams: tuple[StreamHint, ...]
    notes: tuple[str, ...]


@dataclass
class Log:
    """The entries in a `dvr/log` folder, read again when the folder changes (each save renames a file in it)."""

    folder: Path
    _stamp: int = -1
    _entries: dict[str, tuple[tuple[int, int], LogEntry | None]] = field(default_factory=dict)
    _by_name: dict[str, list[tuple[LogEntry, int]]] = field(default_factory=dict)

    def entry_of(self, path: Path) -> tuple[LogEntry, int] | None:
        """The entry that a media file belongs to and its number among the entry's files.

        The folder may be mounted elsewhere here, so names are compared from their ends.
        """
        self._refresh()
        best, score = None, 0
        for entry, index in self._by_name.get(path.name, ()):
            common = _common_tail(path.parts, entry.files[index].name.parts)
            if common > score:
                best, score = (entry, index), common
        return best

    def _refresh(self) -> None:
        try:
            stamp = self.folder.stat().st_mtime_ns
        except OSError:
            self._entries, self._by_name, self._stamp = {}, {}, -1
            return
        if stamp == self._stamp:
            return
        listing = list_folder(str(self.folder))
        entries: dict[str, tuple[tuple[int, int], LogEntry | None]] = {}
        for name in sorted(listing[2]) if listing else ():
            path = self.folder / name
            try:
                stat = path.stat()
            except OSError:
                continue
            mark = (stat.st_mtime_ns, stat.st_size)
            known = self._entries.get(name)
            entries[name] = known if known and known[0] == mark else (mark, read_entry(path))
        self._entries, self._stamp = entries, stamp
        self._by_name = {}
        for _, entry in entries.values():
            for index, file in enumerate(entry.files if entry else ()):
                self._by_name.setdefault(file.name.name, []).append((entry, index))  # type: ignore[arg-type]


def read_entry(path: Path) -> LogEntry | None:
    """The entry in one file of the log; None when it is none (not JSON, no files, unreadable)."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_ENTRY + 1)
        data = json.loads(decoded(raw)) if len(raw) <= MAX_ENTRY else None
    except (OSError, ValueError, RecursionError):
        return None
    return parse_entry(data, path) if isinstance(data, dict) else None


def parse_entry(data: Mapping[str, Any], path: Path) -> LogEntry | None:
    """What the JSON of one entry says; None when it names no file."""
    listed = data.get("files")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if not items and isinstance(data.get("filename"), str):
        items = [{"filename": data["filename"]}]
    files = tuple(
        LogFile(PurePosixPath(item["filename"]), _time(item.get("start")), _time(item.get("stop")))
        for item in items[:1000]
        if isinstance(item.get("filename"), str) and PurePosixPath(item["filename"]).name
    )
    if not files:
        return None
    start, stop = _time(data.get("start")), _time(data.get("stop"))
    notes: list[str] = []
    if code := _integer(data.get("errorcode")):
        notes.append(f"Tvheadend gave this recording the error code {code}")
    if errors := _integer(data.get("data_errors")):
        notes.append(f"Tvheadend counted {errors} transport errors")
    status = data.get("sched_status")
    return LogEntry(
        path=path,
        files=files,
        programme=_programme(data, start, stop),
        starts_at=_time(data.get("start_real")) or _shifted(start, -_minutes(data.get("start_extra"))),
        stops_at=_time(data.get("stop_real")) or _shifted(stop, _minutes(data.get("stop_extra"))),
        status=status if isinstance(status, str) else None,
        removed=bool(data.get("fileremoved")),
        streams=_streams(items[0].get("info")),
        notes=tuple(notes),
    )


def _programme(data: Mapping[str, Any], start: datetime | None, stop: datetime | None) -> Programme | None:
    title, language = _spoken(data, "title")
    if not title:
        return None
    subtitle = one_line(_spoken(data, "subtitle")[0]) or None
    summary = one_line(_spoken(data, "summary")[0]) or None
    description = clean(_spoken(data, "description")[0]) or None
    if subtitle is None and description is not None:
        subtitle, summary = summary, None
    duration = (stop - start).total_seconds() if start and stop else 0.0
    season, episode = _episode(data)
    age = _integer(data.get("age_rating"))
    event_id = _integer(data.get("dvb_eid"))
    return Programme(
        title=one_line(title),
        source="tvheadend",
        subtitle=subtitle,
        description=description or summary,
        channel=one_line(str(data.get("channelname") or "")) or None,
        start=start,
        duration_s=duration if 0 < duration <= MAX_DURATION_S else None,
        genres=_genres(data),
        language=language_code(language),
        event_id=event_id if event_id and 0 < event_id < 1 << 16 else None,
        season=season,
        episode=episode,
        age_rating=age if age and 0 < age < 100 else None,
    )


def _spoken(data: Mapping[str, Any], key: str) -> tuple[str, str]:
    """A field that is a map from languages to texts, or a plain text, or only there as `disp_…`; and its language."""
    value = data.get(key)
    if isinstance(value, dict):
        for language, text in value.items():
            if isinstance(text, str) and one_line(text):
                return text, str(language)
    for text in (value, data.get(f"disp_{key}")):
        if isinstance(text, str) and one_line(text):
            return text, ""
    return "", ""


def _genres(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Content codes; for lack of them `content_type`, which is a code's first nibble; and categories in words."""
    listed = data.get("genre")
    codes = [code for code in map(_integer, listed if isinstance(listed, list) else ()) if code and 0 < code <= 0xFF]
    kind = _integer(data.get("content_type"))
    if not codes and kind and 0 < kind < 0x10:
        codes = [kind << 4]
    words = data.get("category")
    categories = [one_line(word) for word in words if isinstance(word, str)] if isinstance(words, list) else []
    return tuple(dict.fromkeys((*words_of_content(codes), *words_of_categories(categories))))


def _episode(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """From the `episode` map, or from `S02E05`, `Season 2.Episode 5`."""
    value = data.get("episode")
    if isinstance(value, dict):
        return _integer(value.get("snum")), _integer(value.get("enum"))
    text = str(value if isinstance(value, str) else data.get("episode_disp") or "")[:200]
    season = re.search(r"\b(?:s|season|staffel)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    episode = re.search(r"(?:\b|\d)(?:e|ep|episode|folge)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    return int(season[1]) if season else None, int(episode[1]) if episode else None


def _streams(info: Any) -> tuple[StreamHint, ...]:
    hints = []
    for item in info[:100] if isinstance(info, list) else ():
        if not isinstance(item, dict) or item.get("type") not in _KINDS:
            continue
        language = language_code(str(item.get("language") or ""))
        hints.append(
            StreamHint(_KINDS[item["type"]], language, _AUDIO_TYPES.get(_integer(item.get("audio_type")) or 0))
        )
    return tuple(hints)


def _integer(value: Any) -> int | None:
    """A JSON number as an integer; None for anything else, NaN and infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value)


def _time(value: Any) -> datetime | None:
    seconds = _integer(value)
    return from_unix(seconds) if seconds is not None else None


def _minutes(value: Any) -> float:
    minutes = _integer(value) or 0
    return minutes * 60.0 if 0 < minutes <= 24 * 60 else 0.0


def _shifted(moment: datetime | None, seconds: float) -> datetime | None:
    return from_unix(moment.timestamp() + seconds) if moment else None


def _common_tail(ours: Iterable[str], theirs: Iterable[str]) -> int:
    count = 0
    for mine, other in zip(reversed(tuple(ours)), reversed(tuple(theirs)), strict=False):
        if mine != other:
            break
        count += 1
    return count


MARGIN = timedelta(hours=1)
"""So long after its scheduled end an unfinished entry may still be recording; later Tvheadend was ended in between."""
