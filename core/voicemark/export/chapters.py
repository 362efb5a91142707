"""Chapters: ffmpeg's ffmetadata and Matroska's chapters XML, one chapter for each marker.

Chapters of several voices may overlap; both formats allow it. `ffmpeg -i X.ts -i X.ffmetadata -map_chapters 1 …` and
`mkvmerge --chapters X.chapters.xml …` put them into a Matroska or MP4 file, which Jellyfin and others show.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from voicemark.export.base import MarkedRecording, Marker, beside_recording, clock, one_line


def _span_ms(marker: Marker) -> tuple[int, int]:
    """Start and end in milliseconds; a chapter is never empty."""
    start = round(marker.start_s * 1000)
    return start, max(round(marker.end_s * 1000), start + 1)


class Ffmetadata:
    """ffmpeg's metadata file (ffmpeg-formats, "Metadata")."""

    name = "ffmetadata"
    suffix = ".ffmetadata"
    for_player = True
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Title, then chapters in milliseconds."""
        lines = [";FFMETADATA1", "; written by voicemark"]
        if recording.title:
            lines.append(f"title={_escaped(recording.title)}")
        for marker in recording.markers:
            start, end = _span_ms(marker)
            lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}"]
            lines.append(f"title={_escaped(marker.speaker)}")
        return "".join(f"{line}\n" for line in lines).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.ffmetadata` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in one_line(text))


class MatroskaChapters:
    """Matroska's chapters as mkvmerge reads them (RFC 9559, section 20)."""

    name = "matroska"
    suffix = ".chapters.xml"
    for_player = True
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """One edition with a flat list of chapters."""
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<!DOCTYPE Chapters SYSTEM "matroskachapters.dtd">',
            "<!-- written by voicemark -->",
            "<Chapters>",
            "  <EditionEntry>",
        ]
        for number, marker in enumerate(recording.markers, start=1):
            start, end = _span_ms(marker)
            lines += [
                "    <ChapterAtom>",
                f"      <ChapterUID>{_uid(recording, number)}</ChapterUID>",
                f"      <ChapterTimeStart>{clock(start / 1000, 9)}</ChapterTimeStart>",
                f"      <ChapterTimeEnd>{clock(end / 1000, 9)}</ChapterTimeEnd>",
                "      <ChapterDisplay>",
                f"        <ChapterString>{escape(one_line(marker.speaker))}</ChapterString>",
                "        <ChapterLanguage>und</ChapterLanguage>",
                "      </ChapterDisplay>",
                "    </ChapterAtom>",
            ]
        lines += ["  </EditionEntry>", "</Chapters>"]
        return "".join(f"{line}\n" for line in lines).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.chapters.xml` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _uid(recording: MarkedRecording, number: int) -> int:
    """Not 0, unique within the file, and the same when the same markers are exported again."""
    digest = hashlib.sha256(f"{recording.content}:{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") | 1
