"""WebVTT: a cue for each marker, with the voice's name as its speaker (W3C WebVTT, sections 4 and 6)."""

from collections.abc import Iterator
from pathlib import Path

from voicemark.export.base import MarkedRecording, beside_recording, clock, one_line


class WebVtt:
    """Subtitles that say who speaks."""

    name = "webvtt"
    suffix = ".vtt"
    for_player = True
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Cues by start; they may overlap."""
        title = one_line(recording.title).replace("-->", "->")
        blocks = [f"WEBVTT {title}".rstrip(), "NOTE written by voicemark"]
        for marker in sorted(recording.markers, key=lambda marker: (marker.start_s, marker.end_s)):
            start = round(marker.start_s * 1000)
            end = max(round(marker.end_s * 1000), start + 1)
            name = _escaped(one_line(marker.speaker))
            blocks.append(f"{clock(start / 1000)} --> {clock(end / 1000)}\n<v {name}>{name}</v>")
        return "".join(f"{block}\n\n" for block in blocks).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.vtt` beside the recording's first file."""
        yield beside_recording(recording, self.suffix), recording


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
