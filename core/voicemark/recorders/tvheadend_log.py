"""Tvheadend's `dvr/log`: one JSON file per recording, found again by the names of the media files in it.

On disk an entry has what `dvr_db.c` saves (`start`, `stop`, `title` and other language maps, `files`, `errorcode` …);
`sched_status` and the `disp_*` fields stand only in what its API tells. Either is understood.
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from voicemark.fits import CLOCKS_DIFFER, Facts, facts_of, written_at
from voicemark.foreign import OWN_FOLDER, Reach, read_bytes, size_of
from voicemark.guard import unit
from voicemark.languages import language_code
from voicemark.patience import within_patience
from voicemark.recorders.tree import list_folder
from voicemark.recording import Programme, StreamHint

log = logging.getLogger(__name__)

MAX_ENTRY = 4 << 20  # bytes of one entry
MAX_FILES = 200  # of one entry; each interruption begins another
MAX_LISTED = 500_000  # files of all entries
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


@dataclass
class Log:
    """The entries in a `dvr/log` folder, read again when the folder changes (each save renames a file in it)."""

    folder: Path
    languages: tuple[str, ...] = ()
    """Preferred of titles in several languages, best first (ISO 639-2)."""
    _stamp: int = -1
    _entries: dict[str, tuple[tuple[int, int], LogEntry | None]] = field(default_factory=dict)
    _by_name: dict[str, list[tuple[LogEntry, int]]] = field(default_factory=dict)
    _chosen: dict[tuple[Path, datetime | None, int], tuple[LogEntry, int] | None] = field(default_factory=dict)
    """Of files that were measured, the entry that fits."""

    def entry_of(self, path: Path, reach: Reach = OWN_FOLDER) -> tuple[LogEntry, int] | None:
        """The entry that a media file belongs to and its number among the entry's files.

        The folder may be mounted elsewhere here, so names are compared from their ends. A name may have been used
        before: of several entries the newest is meant that fits the file in time and in length, and one of a later
        recording is none of its.
        """
        self._refresh()
        ours = path.parts[::-1]
        rated = [(_common(ours, entry.files[index].backwards), entry, index) for entry, index in self._named(path)]
        if not rated:
            return None
        when = written_at(path)
        rated = [one for one in rated if Facts(when, None).began_by(_began(*one[1:]))]
        most = max((common for common, *_ in rated), default=0)
        alike = [(entry, index) for common, entry, index in rated if common == most]
        if not alike or (len(alike) == 1 and not _ended_before(when, *alike[0])):
            return alike[0] if alike else None
        key = (path, when, _size(path, reach))
        if key not in self._chosen:
            facts = facts_of(path, reach)
            entry, index = max(alike, key=lambda one: _fitness(facts, *one))
            file = entry.files[index]
            self._chosen[key] = None if facts.is_another(file.stop, file.length_s) else (entry, index)
        return self._chosen[key]

    def of_another(self, path: Path) -> bool:
        """Whether there are entries for a file of that name, and all of them are of other recordings."""
        return bool(self._named(path)) and self.entry_of(path) is None

    def _named(self, path: Path) -> Sequence[tuple[LogEntry, int]]:
        return self._by_name.get(path.name, ())

    def _refresh(self) -> None:
        try:
            stamp = within_patience(self.folder, self.folder.stat).st_mtime_ns
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
                stat = within_patience(path, path.stat)
            except OSError:
                continue
            mark = (stat.st_mtime_ns, stat.st_size)
            known = self._entries.get(name)
            entries[name] = known if known and known[0] == mark else (mark, read_entry(path, self.languages))
        self._entries, self._stamp, self._chosen = entries, stamp, {}
        self._by_name = _by_name([entry for _, entry in entries.values() if entry is not None])


def _began(entry: LogEntry, index: int) -> datetime | None:
    return entry.files[index].start or entry.starts_at


def _size(path: Path, reach: Reach) -> int:
    try:
        return size_of(path, reach)
    except OSError:
        return 0


def _ended_before(written: datetime | None, entry: LogEntry, index: int) -> bool:
    """Whether a file was last written to long after an entry says that it was closed: copied, or another one."""
    stop = entry.files[index].stop
    return stop is not None and written is not None and written > stop + CLOCKS_DIFFER


def _fitness(facts: Facts, entry: LogEntry, index: int) -> tuple[int, bool, float]:
    """How well an entry fits a file that it names: by its length, then not being removed, then the newest."""
    lasts = facts.lasts(entry.files[index].length_s)
    began = _began(entry, index)
    return (0 if lasts is None else 1 if lasts else -1), not entry.removed, began.timestamp() if began else 0.0


def _by_name(entries: Sequence[LogEntry]) -> dict[str, list[tuple[LogEntry, int]]]:
    found: dict[str, list[tuple[LogEntry, int]]] = {}
    room = MAX_LISTED
    for entry in entries:
        room -= len(entry.files)
        if room < 0:
            log.warning("%s: lists more than %d files; the rest is passed over", entry.path.parent, MAX_LISTED)
            break
        for index, file in enumerate(entry.files):
            found.setdefault(file.name.name, []).append((entry, index))
    return found


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


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many parts two paths, both from their ends, have in common."""
    count = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            break
        count += 1
    return count


MARGIN = timedelta(hours=1)
"""So long after its scheduled end an unfinished entry may still be recording; later Tvheadend was ended in between."""
