"""HDHomeRun RECORD: what it tells of a recording stands in the recording, as JSON in its first packets.

Its `.mpg` files are transport streams. Their first 12,032 bytes are 64 packets of PID 0x1FFA, whose payloads in a row
are one JSON object (`Title`, `EpisodeTitle`, `ChannelName`, `RecordStartTime` …), padded with 0xFF. UNIX times.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from voicemark.bounds import duration, moment
from voicemark.clean_text import clean, decoded, one_line
from voicemark.epg.genres import words_of_categories
from voicemark.epg.xmltv import parse_episode
from voicemark.foreign import OWN_FOLDER, ForeignMissingError, Reach, read_bytes
from voicemark.guard import unit
from voicemark.mpegts import PACKET, SYNC
from voicemark.recording import Programme

HEADER = 64 * PACKET  # bytes
PID = 0x1FFA
SUFFIX = ".mpg"


@dataclass(frozen=True)
class Header:
    """What the first packets tell."""

    programme: Programme
    started_at: datetime | None
    """When the recording began."""
    length_s: float | None
    """How long it was recorded, where it is done."""


def read_header(path: Path, notes: list[str], reach: Reach = OWN_FOLDER) -> Header | None:
    """What the recording at `path` tells of itself, None when it is none of HDHomeRun's; what is wrong with it is added
    to `notes`."""
    if path.suffix.lower() != SUFFIX:
        return None
    with unit("the metadata in its first packets", notes.append):
        try:
            return parse_header(read_bytes(path, HEADER, reach))
        except ForeignMissingError:
            return None
    return None


def parse_header(raw: bytes) -> Header | None:
    """What the first bytes of a recording tell; None where they hold no such object, or no title."""
    text = decoded(payload_of(raw)).strip("\0\xff\ufffd \r\n\t")
    start = text.find("{")
    if start < 0:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return _header(data) if isinstance(data, dict) else None


def payload_of(raw: bytes) -> bytes:
    """The payloads of the packets with that PID, in a row, as far as there is nothing but those."""
    parts = []
    for at in range(0, len(raw) - PACKET + 1, PACKET):
        packet = raw[at : at + PACKET]
        if packet[0] != SYNC or (packet[1] & 0x1F) << 8 | packet[2] != PID:
            break
        begin = 5 + packet[4] if packet[3] & 0x20 else 4
        parts.append(packet[begin:])
    return b"".join(parts).rstrip(b"\xff\0")


def _header(data: Mapping[str, Any]) -> Header | None:
    title = _line(data, "Title")
    if not title:
        return None
    start, end = moment(data.get("StartTime")), moment(data.get("EndTime"))
    began, ended = moment(data.get("RecordStartTime")), moment(data.get("RecordEndTime"))
    season, episode = parse_episode("onscreen", _line(data, "EpisodeNumber")[:40])
    category = _line(data, "Category")
    programme = Programme(
        title=title,
        source="hdhomerun",
        subtitle=_line(data, "EpisodeTitle") or None,
        description=clean(_text(data, "Synopsis")) or None,
        channel=_line(data, "ChannelName") or None,
        start=start,
        duration_s=duration((end - start).total_seconds()) if start and end else None,
        genres=words_of_categories([category] if category else []),
        season=season,
        episode=episode,
    )
    return Header(programme, began, duration((ended - began).total_seconds()) if began and ended else None)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _line(data: Mapping[str, Any], key: str) -> str:
    return one_line(_text(data, key))
