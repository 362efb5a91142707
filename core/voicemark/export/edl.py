"""`.edl`: one scene marker at each start of a voice, for Kodi (and Tvheadend, which reads the same).

A line is `start end action`. Kodi jumps to a scene marker's *end* (xbmc VideoPlayer/Edl.cpp, ReadEdl), while
Tvheadend refuses lines whose start is not before their end (dvr_cutpoints.c), so the end is the voice's start and the
start lies a little before. The action is always 2, scene: 0 would cut, 3 skip as advertising. Kodi takes any blank
between fields, Tvheadend is given the TAB of its documentation. Lines beginning with `##` are comments for Kodi and
no entry for Tvheadend.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from voicemark.export.base import MarkedRecording, Marker, beside_each_file, clock, one_line

SCENE = 2
LEAD_S = 0.1
"""Both read times as 32-bit floats: at 48 hours these are 1/64 s apart."""
MAX_ENTRIES = 5000
"""Tvheadend reads no more (DVR_MAX_CUT_ENTRIES)."""


def scene_line(start_s: float) -> str:
    """One scene marker, without its line end."""
    end_s = max(start_s, LEAD_S)
    return f"{end_s - LEAD_S:.3f}\t{end_s:.3f}\t{SCENE}"


def best_of(markers: Iterable[Marker], limit: int) -> list[Marker]:
    """The `limit` markers with the highest scores, by start."""
    best = sorted(markers, key=lambda marker: -marker.score)[: max(0, limit)]
    return sorted(best, key=lambda marker: (marker.start_s, marker.speaker))


class Edl:
    """Kodi's edit decision list."""

    name = "edl"
    suffix = ".edl"
    for_player = True
    per_file = True

    def render(self, recording: MarkedRecording) -> bytes:
        """A comment that names the voice, then its scene marker, for each marker."""
        lines = ["## voicemark: where voices are heard"]
        for marker in best_of(recording.markers, MAX_ENTRIES - 1):
            lines.append(f"## {clock(marker.start_s, 1)} {one_line(marker.speaker, 80)}")
            lines.append(scene_line(marker.start_s))
        return "".join(f"{line}\n" for line in lines).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.edl` beside each `X.ts`."""
        return beside_each_file(recording, self.suffix)
