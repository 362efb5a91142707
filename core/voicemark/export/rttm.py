"""RTTM: rich transcription time marks, what diarisation tools exchange (NIST RT-09 evaluation plan, appendix A).

SPEAKER <file> <channel> <start> <duration> <NA> <NA> <name> <confidence> <NA>
"""

from collections.abc import Iterator
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
        file = _field(recording.path.stem)
        lines = (
            f"SPEAKER {file} 1 {marker.start_s:.3f} {max(0.001, marker.end_s - marker.start_s):.3f} <NA> <NA> "
            f"{_field(marker.speaker)} {marker.score:.3f} <NA>\n"
            for marker in recording.markers
        )
        return "".join(lines).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.rttm` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _field(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode()
    return one_line(whole).replace(" ", "_") or "_"
