"""One recording's programmes from all sources: its recorder, its stream, the guides in the configuration."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from voicemark.config import EpgSection
from voicemark.epg.channels import channel_key, channel_keys
from voicemark.epg.epgdata import read_epg_data
from voicemark.epg.origin import origin_of, piece_positions
from voicemark.epg.stream_eit import StreamEpg, read_stream_epg
from voicemark.epg.timeline import lay_out
from voicemark.epg.xmltv import read_programmes
from voicemark.errors import GuideError
from voicemark.fits import written_at
from voicemark.guard import unit
from voicemark.patience import within_patience
from voicemark.recording import Programme, ProgrammeSpan, Recording

MARGIN = timedelta(hours=4)
"""Guides are read so far around a recording: a programme that began before it may have no end of its own."""
MAX_GUIDE_PROGRAMMES = 5000
"""Of one guide, on one channel, around one recording; a channel has some fifty a day."""
_KNOWN_GUIDES = 16


@dataclass(frozen=True)
class Programmes:
    """The programmes of a recording on its timeline, and each source's faults as a sentence."""

    spans: tuple[ProgrammeSpan, ...]
    started_at: datetime | None
    """Time of day at the recording's first moment, as the sources tell it best; None when edited or unknown."""
    notes: tuple[str, ...] = ()


def programmes_of(recording: Recording, duration_s: float, epg: EpgSection) -> Programmes:
    """Who was on air when in a recording that plays for `duration_s` seconds.

    Never raises for what is wrong with a source: the others are used, and `notes` say what was wrong.
    """
    notes: list[str] = []
    main = recording.programme
    channel = main.channel if main else None
    stream = StreamEpg()
    if epg.stream_eit and duration_s > 0:
        with unit("the stream's EPG", notes.append):
            positions = piece_positions(recording, duration_s)
            begins = {piece.first_file: at_s for piece, at_s in zip(recording.pieces, positions, strict=False)}
            stream = read_stream_epg(recording.files, duration_s, channel, begins)
            notes += stream.notes
    told = origin_of(recording, stream, duration_s, written_at(recording.files[-1]))
    notes += told.notes
    started_at = told.clock.started_at if told.clock is not None else None
    guides: list[list[Programme]] = []
    if started_at is not None and (epg.xmltv or epg.vdr_epg_data):
        name = channel or stream.service_name
        if name is None:
            notes.append("no channel is known, so the guides were not asked")
        else:
            pairs = [pair.split("=", 1) for pair in epg.channels]
            names = (name, *(guide for own, guide in pairs if channel_key(own) == channel_key(name)))
            span = (started_at - MARGIN, started_at + timedelta(seconds=max(duration_s, 0.0)) + MARGIN)
            guides = _from_guides(epg, names, *span, notes)
    spans = lay_out(recording, duration_s, guides, stream, told.clock)
    return Programmes(spans, started_at, tuple(notes))


def _from_guides(
    epg: EpgSection, names: tuple[str, ...], start: datetime, end: datetime, notes: list[str]
) -> list[list[Programme]]:
    """Of each guide the programmes that it has; what comes before a fault counts."""
    found: list[list[Programme]] = []
    for path in epg.xmltv:
        found.append([])
        with unit(f"guide {path.name}", notes.append):
            if _reaches(path, start, end):
                found[-1].extend(islice(read_programmes(path, names, start, end), MAX_GUIDE_PROGRAMMES))
    keys = frozenset(key for name in names for key in channel_keys(name))
    for path in epg.vdr_epg_data:
        found.append([])
        with unit(f"guide {path.name}", notes.append):
            some = read_epg_data(path, lambda _, name: not keys.isdisjoint(channel_keys(name or "")), start, end)
            found[-1].extend(islice(some, MAX_GUIDE_PROGRAMMES))
    return found


_reach: OrderedDict[tuple[Path, int, int], tuple[datetime, datetime] | None] = OrderedDict()


def _reach_of(path: Path) -> tuple[datetime, datetime] | None:
    """First and last start in a guide; None for a guide that is broken or empty."""
    first: datetime | None = None
    last: datetime | None = None
    for programme in read_programmes(path):
        assert programme.start is not None
        first = programme.start if first is None or programme.start < first else first
        last = programme.start if last is None or programme.start > last else last
    return (first, last) if first and last else None


def _reaches(path: Path, start: datetime, end: datetime) -> bool:
    """Whether a guide has anything to say of a time; guides tell of two weeks, archives go back years.

    Remembered for each guide until it changes. True for a broken one, whose fault will be told when it is read.
    """
    try:
        stat = within_patience(path, path.stat)
        key = (path, stat.st_mtime_ns, stat.st_size)
        if key not in _reach:
            _reach[key] = _reach_of(path)
            while len(_reach) > _KNOWN_GUIDES:
                _reach.popitem(last=False)
    except (OSError, GuideError):
        return True
    reach = _reach[key]
    return reach is not None and reach[0] < end and reach[1] + MARGIN > start
