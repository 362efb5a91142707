"""RTTM: rich transcription time marks, what diarisation tools exchange (NIST RT-09 evaluation plan, appendix A).

SPEAKER <file> <channel> <start> <duration> <NA> <NA> <name> <confidence> <NA>
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from voicemark.export.base import MarkedRecording, beside_recording, one_line


class Rttm:
    """One `SPEAKER` line for each marker, and nothing else: readers take no comments."""

    name = "rttm"
    suffix = ".rttm"
    for_player = False
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Fields are parted by blanks, so a blank within one becomes `_`."""
        return _lines(recording, ((one.speaker, one.start_s, one.end_s, one.score) for one in recording.markers))

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.rttm` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


class RttmTurns:
    """One `SPEAKER` line for each turn of everybody who speaks, with a name or a number."""

    name = "rttm-turns"
    suffix = ".turns.rttm"
    for_player = False
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """The confidence is that of the name; without a name there is none."""
        return _lines(recording, ((one.who, one.start_s, one.end_s, one.score) for one in recording.turns))

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.turns.rttm` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _lines(recording: MarkedRecording, spoken: Iterable[tuple[str, float, float, float | None]]) -> bytes:
    """A line for each (who, start_s, end_s, confidence)."""
    file = _field(recording.path.stem)
    lines = (
        f"SPEAKER {file} 1 {start_s:.3f} {max(0.001, end_s - start_s):.3f} <NA> <NA> {_field(who)} "
        f"{'<NA>' if confidence is None else f'{confidence:.3f}'} <NA>\n"
        for who, start_s, end_s, confidence in spoken
    )
    return "".join(lines).encode()


def _field(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()
    return one_line(whole).replace(" ", "_") or "_"
