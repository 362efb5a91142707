"""One entry of Tvheadend's log: a recording, as its JSON tells it.

On disk an entry has what `dvr_db.c` saves (`start`, `stop`, `title` and other language maps, `files`, `errorcode` …);
`sched_status` and the `disp_*` fields stand only in what its API tells. Either is understood.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from voicemark.bounds import (
    AGE,
    CONTENT,
    COUNT,
    EPISODE,
    EVENT_ID,
    MAX_GENRES,
    MAX_STREAMS,
    MINUTES,
    SEASON,
    duration,
    moment,
    within,
)
from voicemark.clean_text import clean, decoded, one_line
from voicemark.epg.genres import words_of_categories, words_of_content
from voicemark.errors import VoicemarkError
from voicemark.foreign import OWN_FOLDER, read_bytes
from voicemark.guard import unit
from voicemark.languages import language_code
from voicemark.recording import Programme, StreamHint

log = logging.getLogger(__name__)

MAX_ENTRY = 4 << 20  # bytes of one entry
MAX_FILES = 200  # of one entry; each interruption begins another
MAX_PATH = 4096  # characters
MAX_LANGUAGES = 100

_KINDS = {"MPEG2AUDIO": 2, "AC3": 4, "EAC3": 4, "AAC": 6, "AAC-LATM": 6, "MP4A": 6, "AC-4": 0x19, "AC4": 0x19}
_AUDIO_TYPES = {1: "clean effects", 2: "hearing impaired", 3: "audio description"}  # ISO 639 descriptor, ISO 13818-1


@dataclass(frozen=True)
class LogFile:
    """One of an entry's files: its name where Tvheadend runs, and when it was written."""

    name: PurePosixPath
    start: datetime | None
    stop: datetime | None

    @property
    def length_s(self) -> float | None:
        """So long it was written; None while it is, and where that is not known."""
        return duration((self.stop - self.start).total_seconds()) if self.start and self.stop else None

    @cached_property
    def backwards(self) -> tuple[str, ...]:
        """The parts of its name from the end."""
        return self.name.parts[::-1]


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


def read_entry(path: Path, languages: Sequence[str] = ()) -> LogEntry | None:
    """The entry in one file of the log; None when it is none (not JSON, no files, unreadable), which is logged."""
    with unit(path.name, lambda fault: log.warning("Tvheadend's log: %s", fault)):
        raw = read_bytes(path, MAX_ENTRY + 1, OWN_FOLDER)
        if len(raw) > MAX_ENTRY:
            raise VoicemarkError(f"is larger than {MAX_ENTRY} bytes", path=path)
        try:
            data = json.loads(decoded(raw))
        except (ValueError, RecursionError):
            raise VoicemarkError("is not JSON", path=path) from None
        return parse_entry(data, path, languages) if isinstance(data, dict) else None
    return None


def parse_entry(data: Mapping[str, Any], path: Path, languages: Sequence[str] = ()) -> LogEntry | None:
    """What the JSON of one entry says, in the first of `languages` that it has; None when it names no file."""
    listed = data.get("files")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    if not items and isinstance(data.get("filename"), str):
        items = [{"filename": data["filename"]}]
    files = tuple(
        LogFile(PurePosixPath(item["filename"]), _time(item.get("start")), _time(item.get("stop")))
        for item in items[:MAX_FILES]
        if isinstance(item.get("filename"), str)
        and len(item["filename"]) <= MAX_PATH
        and PurePosixPath(item["filename"]).name
    )
    if not files:
        return None
    start, stop = _time(data.get("start")), _time(data.get("stop"))
    notes: list[str] = []
    if code := COUNT(data.get("errorcode")):
        notes.append(f"Tvheadend gave this recording the error code {code}")
    if errors := COUNT(data.get("data_errors")):
        notes.append(f"Tvheadend counted {errors} transport errors")
    status = data.get("sched_status")
    return LogEntry(
        path=path,
        files=files,
        programme=_programme(data, start, stop, languages),
        starts_at=_time(data.get("start_real")) or _shifted(start, -_minutes(data.get("start_extra"))),
        stops_at=_time(data.get("stop_real")) or _shifted(stop, _minutes(data.get("stop_extra"))),
        status=one_line(status, 64) if isinstance(status, str) else None,
        removed=bool(data.get("fileremoved")),
        streams=_streams(items[0].get("info")),
        notes=tuple(notes),
    )


def _programme(
    data: Mapping[str, Any], start: datetime | None, stop: datetime | None, languages: Sequence[str]
) -> Programme | None:
    title, language = _spoken(data, "title", languages)
    if not title:
        return None
    subtitle = one_line(_spoken(data, "subtitle", languages)[0]) or None
    summary = one_line(_spoken(data, "summary", languages)[0]) or None
    description = clean(_spoken(data, "description", languages)[0]) or None
    if subtitle is None and description is not None:
        subtitle, summary = summary, None
    season, episode = _episode(data)
    return Programme(
        title=one_line(title),
        source="tvheadend",
        subtitle=subtitle,
        description=description or summary,
        channel=one_line(_word(data.get("channelname"))) or None,
        start=start,
        duration_s=duration((stop - start).total_seconds()) if start and stop else None,
        genres=_genres(data),
        language=language_code(language),
        event_id=EVENT_ID(data.get("dvb_eid")) or None,
        season=season,
        episode=episode,
        age_rating=AGE(data.get("age_rating")),
    )


def _spoken(data: Mapping[str, Any], key: str, languages: Sequence[str]) -> tuple[str, str]:
    """A field that is a map from languages to texts, or a plain text, or only there as `disp_…`; and its language.

    Of several languages the first of `languages` that is there, else the first that there is.
    """
    value = data.get(key)
    if isinstance(value, dict):
        told = [
            (text, str(language))
            for language, text in list(value.items())[:MAX_LANGUAGES]
            if isinstance(text, str) and one_line(text)
        ]
        wanted = [code for language in languages if (code := language_code(language))]
        ranks = {code: rank for rank, code in reversed(list(enumerate(wanted)))}
        if told:
            return min(told, key=lambda one: ranks.get(language_code(one[1]) or "", len(wanted)))
    for text in (value, data.get(f"disp_{key}")):
        if isinstance(text, str) and one_line(text):
            return text, ""
    return "", ""


def _genres(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Content codes; for lack of them `content_type`, which is a code's first nibble; and categories in words."""
    listed = data.get("genre")
    codes = [code for code in map(CONTENT, listed[:MAX_GENRES] if isinstance(listed, list) else ()) if code]
    kind = CONTENT(data.get("content_type"))
    if not codes and kind and 0 < kind < 0x10:
        codes = [kind << 4]
    words = data.get("category")
    listed = words[:MAX_GENRES] if isinstance(words, list) else []
    categories = [one_line(word, 256) for word in listed if isinstance(word, str)]
    return tuple(dict.fromkeys((*words_of_content(codes), *words_of_categories(categories))))


def _episode(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """From the `episode` map, or from `S02E05`, `Season 2.Episode 5`."""
    value = data.get("episode")
    if isinstance(value, dict):
        return SEASON(value.get("snum")), EPISODE(value.get("enum"))
    text = (_word(value) or _word(data.get("episode_disp")))[:200]
    season = re.search(r"\b(?:s|season|staffel)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    episode = re.search(r"(?:\b|\d)(?:e|ep|episode|folge)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    return SEASON(season[1]) if season else None, EPISODE(episode[1]) if episode else None


def _streams(info: Any) -> tuple[StreamHint, ...]:
    hints = []
    for item in info[:MAX_STREAMS] if isinstance(info, list) else ():
        kind = _KINDS.get(_word(item.get("type"))) if isinstance(item, dict) else None
        if kind is not None:
            language = language_code(_word(item.get("language")))
            hints.append(StreamHint(kind, language, _AUDIO_TYPES.get(COUNT(item.get("audio_type")) or 0)))
    return tuple(hints)


def _word(value: object) -> str:
    """A JSON text; empty for anything else."""
    return value if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    """A JSON number as a time; not a text, which Tvheadend never writes there."""
    return None if isinstance(value, str) else moment(value)


def _minutes(value: object) -> float:
    return (MINUTES(value) or 0) * 60.0


def _shifted(moment: datetime | None, seconds: float) -> datetime | None:
    return within(moment + timedelta(seconds=seconds)) if moment else None
