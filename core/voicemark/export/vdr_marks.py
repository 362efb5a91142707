"""VDR's `marks`: a pair of marks around each span in which voices are heard.

VDR uses them to jump, and to cut when told to: what lies between a begin and an end mark is kept (recording.c,
cMarks::GetNextBegin). An odd number of marks has broken clients, and after every edit the pairs must still be pairs;
so spans that overlap or nearly touch are joined, and every one is long enough that VDR, which moves marks to the
nearest I-frame (cMarks::Align), cannot put its two ends on the same frame.

A mark is `h:mm:ss.ff`, where ff counts frames within the second, and a comment. VDR counts the frames of its index:
where the signal was lost, there are none, and no time passes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voicemark.export.base import DEFAULT_FRAME_RATE, MarkedRecording, one_line

MIN_SPAN_S = 2.0
"""Longer than any broadcaster's distance between I-frames, twice."""
MIN_GAP_S = 2.0


@dataclass(frozen=True)
class MarkedSpan:
    """From frame to frame of VDR's index, with the voices in it."""

    begin: int
    end: int
    speakers: tuple[str, ...]


def frame_at(seconds: float, recording: MarkedRecording) -> int:
    """The frame of VDR's index that a player shows at `seconds`."""
    lost = sum(min(hole.length_s, max(0.0, seconds - hole.start_s)) for hole in recording.holes)
    return round(max(0.0, seconds - lost) * (recording.frame_rate or DEFAULT_FRAME_RATE))


def frame_text(frame: int, frame_rate: float) -> str:
    """`h:mm:ss.ff` as VDR writes it and reads back as the same frame (recording.c, IndexToHMSF, HMSFToIndex)."""
    seconds = int((frame + 0.5) / frame_rate)
    if _first_frame(seconds, frame_rate) > frame:  # only where a second begins on exactly half a frame (12.5 fps)
        seconds -= 1
    rest = frame - _first_frame(seconds, frame_rate)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:02d}"


def _first_frame(seconds: int, frame_rate: float) -> int:
    """The frame that VDR takes `seconds` for: halves are rounded up, as C's round() does."""
    return int(seconds * frame_rate + 0.5)


def marked_spans(recording: MarkedRecording) -> list[MarkedSpan]:
    """Where any voice is heard, joined and in order; each end is after its begin, and each begin after the last end."""
    rate = recording.frame_rate or DEFAULT_FRAME_RATE
    last = None if recording.frames is None else max(0, recording.frames - 1)
    shortest, gap = round(MIN_SPAN_S * rate), round(MIN_GAP_S * rate)
    found: list[MarkedSpan] = []
    for marker in sorted(recording.markers, key=lambda marker: (marker.start_s, marker.end_s)):
        begin = frame_at(marker.start_s, recording)
        if last is not None:
            begin = min(begin, max(0, last - shortest))
        end = max(frame_at(marker.end_s, recording), begin + shortest)
        if last is not None:
            end = min(end, last)
        if end <= begin:
            continue
        if found and begin <= found[-1].end + gap:
            before = found[-1]
            speakers = tuple(dict.fromkeys((*before.speakers, marker.speaker)))
            found[-1] = MarkedSpan(before.begin, max(before.end, end), speakers)
        else:
            found.append(MarkedSpan(begin, end, (marker.speaker,)))
    return found


class VdrMarks:
    """VDR's marks file."""

    name = "vdr-marks"
    suffix = ".marks"
    for_player = True
    per_file = False

    def render(self, recording: MarkedRecording) -> bytes:
        """Two lines for each span: always an even number."""
        rate = recording.frame_rate or DEFAULT_FRAME_RATE
        lines = []
        for span in marked_spans(recording):
            names = one_line(", ".join(span.speakers))
            lines.append(f"{frame_text(span.begin, rate)} voicemark: {names}\n")
            lines.append(f"{frame_text(span.end, rate)} voicemark: end\n")
        return "".join(lines).encode()

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`marks` in the `.rec` directory (`marks.vdr` for recordings of VDR before 1.7); none elsewhere."""
        first = recording.files[0].path
        if recording.recorder == "vdr":
            yield first.with_name("marks.vdr" if first.suffix == ".vdr" else "marks"), recording
