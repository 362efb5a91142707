"""`.sm`: Tvheadend's scene markers, merged with those that Tvheadend writes itself.

Tvheadend writes the programme's start and stop there when a recording ends (dvr_db.c,
dvr_create_recording_scene_markers) and merges the file into what it tells players (dvr_cutpoints.c). The lines are
those of `voicemark.export.edl`; it reads at most 10,000 lines of 127 characters and 5,000 entries.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from voicemark.errors import ExportError
from voicemark.export.base import MarkedRecording, beside_each_file
from voicemark.export.edl import MAX_ENTRIES, best_of, scene_line

MAX_LINES = 10_000


class SceneMarkers:
    """Tvheadend's `.sm` file."""

    name = "sm"
    suffix = ".sm"
    for_player = True
    per_file = True

    def entries(self, recording: MarkedRecording) -> list[str]:
        """Our lines; two voices that begin at the same moment share one."""
        lines = [scene_line(marker.start_s) for marker in best_of(recording.markers, MAX_ENTRIES)]
        return list(dict.fromkeys(lines))

    def merge(self, present: bytes, earlier: Collection[str], entries: Sequence[str]) -> tuple[bytes, list[str]]:
        """Lines of others stay byte for byte; ours follow. When there are too many, our last ones are left out."""
        if b"\0" in present:
            raise ExportError("is no file of scene markers")
        others = [line for line in present.splitlines(keepends=True) if _text(line) not in earlier]
        if others and not others[-1].endswith((b"\n", b"\r")):
            others[-1] += b"\n"
        there = {_text(line) for line in others}
        room = max(0, min(MAX_ENTRIES, MAX_LINES) - len(others))
        added = [entry for entry in entries if entry not in there][:room]
        return b"".join(others) + "".join(f"{entry}\n" for entry in added).encode("ascii"), added

    def render(self, recording: MarkedRecording) -> bytes:
        """Our lines alone."""
        return self.merge(b"", (), self.entries(recording))[0]

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.sm` beside each `X.ts`."""
        return beside_each_file(recording, self.suffix)


def _text(line: bytes) -> str:
    return line.decode("latin-1").strip("\r\n")
