"""JSON and CSV: everything that is known of each marker, for other programs and for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from voicemark.export.base import MarkedRecording, Marker, beside_recording, clock
from voicemark.store.paths import path_to_text

COLUMNS = (
    "recording",
    "title",
    "subtitle",
    "channel",
    "started_at",
    "programme",
    "speaker",
    "start_s",
    "end_s",
    "at",
    "score",
)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheets take for a formula, full-width ones too."""


class Json:
    """One object: the recording, and its markers in a list."""

    name = "json"
    suffix = ".json"
    for_player = False
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Times in seconds of the player's clock; dates in ISO 8601, UTC."""
        table = {
            "written_by": "voicemark",
            "recording": path_to_text(recording.path),
            "files": [path_to_text(file.path) for file in recording.files],
            "title": recording.title,
            "subtitle": recording.subtitle,
            "channel": recording.channel,
            "started_at": recording.started_at.isoformat() if recording.started_at else None,
            "duration_s": recording.duration_s,
            "markers": [
                {
                    "speaker": marker.speaker,
                    "start_s": _milli(marker.start_s),
                    "end_s": _milli(marker.end_s),
                    "score": _milli(marker.score),
                    "programme": marker.programme,
                }
                for marker in recording.markers
            ],
        }
        return (json.dumps(table, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.voicemark.json` beside the recording's first file: `X.json` is used by many programs."""
        yield beside_recording(recording, ".voicemark.json"), recording


class Csv:
    """A heading and one row for each marker (RFC 4180, UTF-8)."""

    name = "csv"
    suffix = ".csv"
    for_player = False
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Columns as in `COLUMNS`; `at` is start_s as HH:MM:SS. A text that a spreadsheet would run is kept from it."""
        text = io.StringIO(newline="")
        rows = csv.writer(text)
        rows.writerow(COLUMNS)
        rows.writerows(self._row(recording, marker) for marker in recording.markers)
        return text.getvalue().encode("utf-8", "backslashreplace")

    @staticmethod
    def _row(recording: MarkedRecording, marker: Marker) -> list[str]:
        return [
            _inert(path_to_text(recording.path)),
            _inert(recording.title),
            _inert(recording.subtitle or ""),
            _inert(recording.channel or ""),
            recording.started_at.isoformat() if recording.started_at else "",
            _inert(marker.programme or ""),
            _inert(marker.speaker),
            f"{marker.start_s:.3f}",
            f"{marker.end_s:.3f}",
            clock(int(marker.start_s), 0).removesuffix(".0"),
            f"{marker.score:.3f}",
        ]

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.csv` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _inert(text: str) -> str:
    """A text cell that no spreadsheet takes for a formula: an apostrophe stands before such a beginning, as people
    write it who mean the sign itself (OWASP, "CSV Injection")."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS) else text


def _milli(value: float) -> float:
    return round(value, 3)
