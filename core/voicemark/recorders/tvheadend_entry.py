"""One entry of Tvheadend's log: a recording, as its JSON tells it.

On disk an entry has what `dvr_db.c` saves (`start`, `stop`, `title` and other language maps, `files`, `errorcode` …);
`sched_status` and the `disp_*` fields stand only in what its API tells. Either is understood.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from voicemark.recorders.odd_fields import Fields, word
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
    start: datetime | None = None
    stop: datetime | None = None

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
    """What the JSON of one entry says, in the first of `languages` that it has; None when it names no file.

    What is not as Tvheadend writes it is passed over, with a note that names the fields.
    """
    fields = Fields(data)
    items = fields.within("files", MAX_FILES) or ([fields] if "filename" in data else [])
    files = tuple(
        LogFile(name, item.take("start", _time), item.take("stop", _time)) if item is not fields else LogFile(name)
        for item in items
        if (name := item.take("filename", _name)) is not None
    )
    if not files:
        return None
    start, stop = fields.take("start", _time), fields.take("stop", _time)
    notes: list[str] = []
    if code := fields.take("errorcode", COUNT):
        notes.append(f"Tvheadend gave this recording the error code {code}")
    if errors := fields.take("data_errors", COUNT):
        notes.append(f"Tvheadend counted {errors} transport errors")
    status = fields.take("sched_status", word)
    entry = LogEntry(
        path=path,
        files=files,
        programme=_programme(fields, start, stop, languages),
        starts_at=fields.take("start_real", _time) or _shifted(start, -_minutes(fields, "start_extra")),
        stops_at=fields.take("stop_real", _time) or _shifted(stop, _minutes(fields, "stop_extra")),
        status=one_line(status, 64) if status is not None else None,
        removed=bool(data.get("fileremoved")),
        streams=_streams(items[0]) if items[0] is not fields else (),
        notes=(),
    )
    if fields.odd:
        notes.append(f"Tvheadend's log has what cannot be used, and was passed over, in: {', '.join(fields.odd)}")
    return replace(entry, notes=tuple(notes))


def _programme(
    fields: Fields, start: datetime | None, stop: datetime | None, languages: Sequence[str]
) -> Programme | None:
    title, language = _spoken(fields, "title", languages)
    if not title:
        return None
    subtitle = one_line(_spoken(fields, "subtitle", languages)[0]) or None
    summary = one_line(_spoken(fields, "summary", languages)[0]) or None
    description = clean(_spoken(fields, "description", languages)[0]) or None
    if subtitle is None and description is not None:
        subtitle, summary = summary, None
    season, episode = _episode(fields)
    return Programme(
        title=one_line(title),
        source="tvheadend",
        subtitle=subtitle,
        description=description or summary,
        channel=one_line(fields.take("channelname", word) or "") or None,
        start=start,
        duration_s=duration((stop - start).total_seconds()) if start and stop else None,
        genres=_genres(fields),
        language=language_code(language),
        event_id=fields.take("dvb_eid", EVENT_ID) or None,
        season=season,
        episode=episode,
        age_rating=fields.take("age_rating", AGE),
    )


def _spoken(fields: Fields, key: str, languages: Sequence[str]) -> tuple[str, str]:
    """A field that is a map from languages to texts, or a plain text, or only there as `disp_…`; and its language.

    Of several languages the first of `languages` that is there, else the first that there is.
    """

    def told(value: object) -> list[tuple[str, str]] | None:
        if isinstance(value, dict):
            listed = list(value.items())[:MAX_LANGUAGES]
            texts = [(text, str(language)) for language, text in listed if isinstance(text, str)]
            if len(texts) < len(listed):
                fields.cannot_use(key)
        elif isinstance(value, str):
            texts = [(value, "")]
        else:
            return None
        return [one for one in texts if one_line(one[0])]

    found = fields.take(key, told) or fields.take(f"disp_{key}", told)
    if not found:
        return "", ""
    wanted = [code for language in languages if (code := language_code(language))]
    ranks = {code: rank for rank, code in reversed(list(enumerate(wanted)))}
    return min(found, key=lambda one: ranks.get(language_code(one[1]) or "", len(wanted)))


def _genres(fields: Fields) -> tuple[str, ...]:
    """Content codes; for lack of them `content_type`, which is a code's first nibble; and categories in words."""
    codes = fields.listed("genre", CONTENT, MAX_GENRES)
    kind = fields.take("content_type", CONTENT)
    if not codes and kind and 0 < kind < 0x10:
        codes = [kind << 4]
    categories = [one_line(text, 256) for text in fields.listed("category", word, MAX_GENRES)]
    return tuple(dict.fromkeys((*words_of_content(codes), *words_of_categories(categories))))


def _episode(fields: Fields) -> tuple[int | None, int | None]:
    """From the `episode` map, or from `S02E05`, `Season 2.Episode 5`."""
    if (told := fields.below("episode")) is not None:
        return told.take("snum", SEASON), told.take("enum", EPISODE)
    text = (fields.take("episode", word) or fields.take("episode_disp", word) or "")[:200]
    season = re.search(r"\b(?:s|season|staffel)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    episode = re.search(r"(?:\b|\d)(?:e|ep|episode|folge)\s?(\d{1,5})", text, re.ASCII | re.IGNORECASE)
    return SEASON(season[1]) if season else None, EPISODE(episode[1]) if episode else None


def _streams(file: Fields) -> tuple[StreamHint, ...]:
    hints = []
    for item in file.within("info", MAX_STREAMS):
        kind = _KINDS.get(item.take("type", word) or "")
        if kind is not None:
            language = language_code(item.take("language", word) or "")
            hints.append(StreamHint(kind, language, _AUDIO_TYPES.get(item.take("audio_type", COUNT) or 0)))
    return tuple(hints)


def _name(value: object) -> PurePosixPath | None:
    """A file's name where Tvheadend runs."""
    if not isinstance(value, str) or len(value) > MAX_PATH:
        return None
    path = PurePosixPath(value)
    return path if path.name else None


def _time(value: object) -> datetime | None:
    """A JSON number as a time; not a text, which Tvheadend never writes there."""
    return None if isinstance(value, str) else moment(value)


def _minutes(fields: Fields, key: str) -> float:
    return (fields.take(key, MINUTES) or 0) * 60.0


def _shifted(moment: datetime | None, seconds: float) -> datetime | None:
    return within(moment + timedelta(seconds=seconds)) if moment else None
