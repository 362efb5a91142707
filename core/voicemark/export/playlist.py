"""One playlist of a voice over the whole archive: each stretch in which it is heard is an entry.

XSPF with VLC's start and stop times (wiki.videolan.org/XSPF), or M3U with the same options; other players begin each
entry at the file's start. Entries are named by URI, since paths may hold any byte.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from voicemark.export.base import MarkedRecording, clock, one_line

OURS = b"voicemark"
"""Stands near the beginning of every playlist that was made here."""
VLC = "http://www.videolan.org/vlc/playlist"


@dataclass(frozen=True)
class Entry:
    """From `start_s` to `end_s` (seconds; None: its end) of the file at `path`."""

    path: Path
    title: str
    start_s: float
    end_s: float | None

    @property
    def length_s(self) -> float | None:
        """How long it plays; None where that is not known."""
        return None if self.end_s is None else self.end_s - self.start_s


def entries_of(recording: MarkedRecording, speaker: str) -> Iterator[Entry]:
    """The stretches of a voice, by its name in any case, each in the file that it lies in, on that file's clock.

    The recording's files must have their times where there are several.
    """
    for file in recording.files:
        part = recording.only(speaker).file_part(file)
        for marker in part.markers:
            about = " – ".join(filter(None, (marker.speaker, marker.programme or recording.title)))
            when = f", {recording.started_at:%Y-%m-%d}" if recording.started_at else ""
            title = one_line(f"{about}{when}, at {clock(marker.start_s + file.start_s, 0).removesuffix('.0')}")
            yield Entry(file.path, title, marker.start_s, marker.end_s)


def xspf(entries: Sequence[Entry], title: str) -> bytes:
    """The playlist as XSPF."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<playlist version="1" xmlns="http://xspf.org/ns/0/" xmlns:vlc="{VLC}/ns/0/">',
        "  <creator>voicemark</creator>",
        f"  <title>{escape(one_line(title))}</title>",
        "  <trackList>",
    ]
    for number, entry in enumerate(entries):
        lines += [
            "    <track>",
            f"      <location>{escape(entry.path.as_uri())}</location>",
            f"      <title>{escape(entry.title)}</title>",
            *([] if entry.length_s is None else [f"      <duration>{round(1000 * entry.length_s)}</duration>"]),
            f'      <extension application="{VLC}/0">',
            f"        <vlc:id>{number}</vlc:id>",
            *(f"        <vlc:option>{option}</vlc:option>" for option in _options(entry)),
            "      </extension>",
            "    </track>",
        ]
    lines += ["  </trackList>", "</playlist>"]
    return _joined(lines)


def m3u(entries: Sequence[Entry], title: str) -> bytes:
    """The playlist as extended M3U."""
    lines = ["#EXTM3U", "# made by voicemark", f"#PLAYLIST:{one_line(title)}"]
    for entry in entries:
        length = -1 if entry.length_s is None else round(entry.length_s)
        lines.append(f"#EXTINF:{length},{one_line(entry.title)}")
        lines += [f"#EXTVLCOPT:{option}" for option in _options(entry)]
        lines.append(entry.path.as_uri())
    return _joined(lines)


def _options(entry: Entry) -> list[str]:
    stop = [] if entry.end_s is None else [f"stop-time={entry.end_s:.3f}"]
    return [f"start-time={entry.start_s:.3f}", *stop]


def _joined(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
