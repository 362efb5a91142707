"""One pass over a recording: what was offered, chosen and decoded on the way, and what is to be said of it at last."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voicemark.audio import ffmpeg
from voicemark.audio.account import Heard, Ledger, short_of
from voicemark.audio.choose import Choice
from voicemark.audio.complaints import Complaints
from voicemark.audio.packets import TICKS, data_end, elapsed
from voicemark.audio.parts import reading_errors
from voicemark.audio.scrambling import is_scrambled
from voicemark.audio.timeline import SAMPLE_RATE, Piece, Timeline, clock
from voicemark.errors import NoAudioError, RecordingError
from voicemark.patience import status


@dataclass
class Reading:
    """What one pass over a recording has found so far."""

    timeline: Timeline
    seek: bool
    """Whether the first piece says where the timeline begins."""
    complaints: Complaints = field(default_factory=Complaints)
    decoded: int = 0
    """Samples."""
    offered_s: float = 0.0
    lost_packets: int = 0
    chosen: list[tuple[float, Choice]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plain: set[Path] = field(default_factory=set)
    """Files of uncompressed samples."""

    def begin(self, piece: Piece) -> None:
        """The first piece of a decoder has come."""
        if self.seek:
            self.timeline.begin_with(piece)
            self.seek = False

    def choose(self, choice: Choice) -> None:
        """From here on `choice` is heard."""
        if not self.chosen or self.chosen[-1][1].stream != choice.stream:
            self.chosen.append((self.timeline.duration_s, choice))

    def take(self, ledger: Ledger, anchors: Sequence[tuple[int, int]]) -> None:
        """The packets of a transport stream have ended; `anchors` are time stamps and their places, in samples."""
        self.offered_s += ledger.signal_s
        self.lost_packets += ledger.lost
        for packets, ticks in ledger.repeated:
            self.notes.append(f"{packets} packets of its sound came twice at {_place(ticks, anchors)}")
        for size, ticks in ledger.joints:
            self.notes.append(f"{size:,} bytes came twice where the next file begins, at {_place(ticks, anchors)}")

    def account(self, files: Sequence[Path], expected_s: float | None, *, whole: bool) -> Heard:
        """What was heard of `files`, once everything has been; `expected_s` is the length that their recorder told,
        which counts where the `whole` was read.

        Raises `NoAudioError`, `RecordingError` where that is nothing, or too little, `ToolError`.
        """
        file, timeline = files[0], self.timeline
        if not self.decoded:
            if is_scrambled(file):
                raise ffmpeg.scrambled(file)
            ffmpeg.blame_tool("ffmpeg")
            said = self.complaints.told or self.complaints.remarked or "it gave no reason"
            raise NoAudioError(
                f"no audio could be decoded: {said}", path=file, hint="was it cut off after its headers?"
            )
        with reading_errors(files):
            notes = [
                f"from {clock(at_s)} on something else is heard: {choice.reason}" for at_s, choice in self.chosen[1:]
            ]
            notes += [
                *self.notes,
                *filter(None, (_zeros_told(each) for each in files if each not in self.plain)),
            ]
        if whole and (short := short_of(expected_s, timeline.duration_s)) is not None:
            notes.append(short)
        heard = Heard(
            duration_s=timeline.duration_s,
            breaks=tuple(timeline.breaks),
            damage=self.complaints.told,
            complaint_lines=self.complaints.damage_lines,
            lost_packets=self.lost_packets,
            remarks=self.complaints.remarked,
            offered_s=self.offered_s,
            decoded_s=self.decoded / SAMPLE_RATE,
            notes=tuple(notes),
        )
        if heard.is_too_little:
            ffmpeg.blame_tool("ffmpeg")
            raise RecordingError(
                f"only {clock(heard.decoded_s)} of {clock(heard.offered_s or 0)} of its sound could be decoded"
                + (f": {heard.damage}" if heard.damage else ""),
                path=file,
                hint="it is not taken for heard; is the file whole?",
            )
        return heard


def _place(ticks: int | None, anchors: Sequence[tuple[int, int]]) -> str:
    """Where a time stamp is heard; `anchors` are time stamps and their places, in samples."""
    if ticks is None or not anchors:
        return clock(0.0)
    behind = [(elapsed(round(pts * TICKS / SAMPLE_RATE), ticks), place) for pts, place in anchors]
    since, place = min((one for one in behind if one[0] >= 0), default=behind[0])
    return clock(max(0.0, place / SAMPLE_RATE + since / TICKS))


def _zeros_told(file: Path) -> str | None:
    """The sentence for a file that was given more room than the recorder came to fill."""
    size, end = status(file).st_size, data_end(file)
    if size == end:
        return None
    return f"the last {(size - end) / 1e6:,.1f} MB of {file.name} are zeros: the recorder never wrote them"
