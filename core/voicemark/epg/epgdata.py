"""VDR's tagged lines: the `epg.data` file of everything it knows, and the letters that its `info` files share.

`C channel … c` frames a channel, `E event … e` an event, one letter each for the rest (vdr.5, "EPG DATA"; VDR's
epg.c, `cEvent::Parse`). Unknown letters are passed over: VDR gains one now and then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from voicemark.bounds import AGE, CONTENT, EVENT_ID, MAX_STREAMS, duration, moment, number_in
from voicemark.clean_text import clean, decoded, one_line
from voicemark.epg.event import AUDIO_STREAMS, Event
from voicemark.errors import GuideError
from voicemark.foreign import ANYWHERE, opened
from voicemark.languages import language_code
from voicemark.recording import Programme, StreamHint

MAX_LINE = 1 << 20  # bytes; a description is a few thousand
MAX_NAME = 256  # characters of a channel's name or id


@dataclass
class EventLines(Event):
    """One event as its lines come in; `programme()` is what they say together."""

    event_id: int | None = None
    start: datetime | None = None
    duration_s: float | None = None
    title: str | None = None
    subtitle: str | None = None
    description: str | None = None
    content: tuple[int, ...] = ()
    age_rating: int | None = None
    language: str | None = None
    streams: list[StreamHint] = field(default_factory=list)

    def add(self, letter: str, text: str) -> bool:
        """Take one line's letter and the rest of it. False when the letter is no event's, or its text is broken."""
        match letter:
            case "E":
                return self._add_times(text.split())
            case "T":
                self.title = one_line(text) or None
            case "S":
                self.subtitle = one_line(text) or None
            case "D":
                self.description = clean(text.replace("|", "\n")) or None
            case "G":
                self.content = genre_codes(text)
            case "R":
                self.age_rating = AGE(text)
            case "X":
                return self._add_stream(text.split(maxsplit=3))
            case "V" | "@" | "#":
                pass
            case _:
                return False
        return True

    def _add_times(self, parts: list[str]) -> bool:
        event_id, start, lasting = ([number_in(part) for part in parts[:3]] + [None] * 3)[:3]
        if event_id is None or start is None or lasting is None:
            return False
        self.event_id, self.start, self.duration_s = EVENT_ID(event_id), moment(start), duration(lasting)
        return self.start is not None

    def _add_stream(self, parts: list[str]) -> bool:
        kind, form = ([number_in(part, 16) for part in parts[:2]] + [None] * 2)[:2]
        if kind is None or form is None:
            return False
        language = language_code(parts[2].split("+")[0]) if len(parts) > 2 else None
        if kind == 0 and form == 0:
            self.language = language
        elif kind in AUDIO_STREAMS and len(self.streams) < MAX_STREAMS:
            description = one_line(parts[3]) or None if len(parts) > 3 else None
            # ETSI EN 300 468, table 26: 0x02 of stream content 2; `2ch` stands where the language should.
            dual = kind == 2 and (form == 2 or parts[2:3] == ["2ch"])
            self.streams.append(StreamHint(kind, language, description, dual))
        return True


def genre_codes(text: str) -> tuple[int, ...]:
    """Hexadecimal content bytes as VDR writes them after `G`; stops at the first that is none."""
    codes: list[int] = []
    for part in text.split()[:4]:
        code = CONTENT(part, 16)
        if code is None:
            break
        codes.append(code)
    return tuple(codes)


def channel_line(text: str) -> tuple[str, str | None]:
    """`S19.2E-1-1011-11100 Das Erste HD` → channel id and name."""
    identity, _, name = text.strip().partition(" ")
    return one_line(identity, MAX_NAME), one_line(name, MAX_NAME) or None


def read_epg_data(
    path: Path,
    channels: Callable[[str, str | None], bool] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[Programme]:
    """The events in `epg.data`, streamed: those of the channels (id, name) that `channels` accepts, on air between
    `start` and `end`.

    Broken events are passed over. Raises `GuideError` when the file cannot be read, or holds no line of the format.
    """
    channel: str | None = None
    wanted = True
    event: EventLines | None = None
    known = lines = 0
    for letter, text in _tagged_lines(path):
        lines += 1
        known += letter in "CEce"
        if letter == "C":
            identity, name = channel_line(text)
            channel = name or identity
            wanted = channels is None or channels(identity, name)
            event = None
        elif letter == "c":
            channel, event = None, None
        elif not wanted:
            continue
        elif letter == "E":
            event = EventLines()
            if not event.add("E", text):
                event = None
        elif letter == "e":
            programme = event.programme("epg.data", channel) if event else None
            if programme is not None and on_air_between(programme, start, end):
                yield programme
            event = None
        elif event is not None:
            event.add(letter, text)
    if lines and not known:
        raise GuideError("is no epg.data of VDR", path=path)


def on_air_between(programme: Programme, start: datetime | None, end: datetime | None) -> bool:
    """Whether any of the programme lies between two times (aware; None is open)."""
    if programme.start is None:
        return False
    if end is not None and programme.start >= end:
        return False
    return start is None or programme.start.timestamp() + (programme.duration_s or 0.0) > start.timestamp()


def _tagged_lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with opened(path, ANYWHERE) as file:
            while line := file.readline(MAX_LINE):
                text = decoded(line).strip("\r\n\0")
                if text:
                    yield text[0], text[1:].strip()
    except OSError as error:
        raise GuideError(f"cannot be read: {error.strerror}", path=path) from error
