"""What was heard of a recording, against what there was to hear: by its packets, its containers and its recorder.

A gap is a note that says where it is and why. Sound that was there and was not heard, and nobody knows why, is a
failure once it is more than a few seconds and a fifth of the whole: the recording is tried again.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.packets import TICKS, Rows, elapsed
from voicemark.audio.timeline import SAMPLE_RATE, Break, clock

MOST_UNHEARD = 0.2
MOST_UNHEARD_S = 5.0
NOTED_S = 2.0
"""Less than this is what decoders leave out at the ends of files and stretches."""
SHORT_OF_RECORDER = 0.8
SHORT_OF_RECORDER_S = 120.0
"""A recording is shorter than its recorder says where it lacks both a fifth and two minutes."""
MATCHING_TICKS = TICKS
OTHERS = 25
"""Packets of other streams that show that reception went on."""


@dataclass(frozen=True)
class Interruption:
    """Between two PES packets of the stream that is heard, by their PTS in ticks, there was a pause."""

    since: int | None
    until: int
    scrambled: int
    """Packets of the stream that came meanwhile without a key."""
    others: int
    """Packets of other streams that came meanwhile."""
    new_file: bool
    """Whether another file has begun meanwhile."""

    @property
    def joins_files(self) -> bool:
        """Whether sound of one file ends here and that of another begins."""
        return self.new_file and self.since is not None

    @property
    def reason(self) -> str:
        """Why there was no sound, in words."""
        if self.scrambled:
            return "scrambled"
        return "no sound was sent" if self.others > OTHERS else "signal lost"


@dataclass
class Ledger:
    """Packets of the streams that were heard, counted as they came."""

    packets: int = 0
    lost: int = 0
    """At least so many never came, by the counters."""
    scrambled: int = 0
    signal: int = 0
    """Ticks of sound that whole packets carried."""
    repeated: list[tuple[int, int | None]] = field(default_factory=list)
    """How many packets came again, and behind which PTS."""
    joints: list[tuple[int, int | None]] = field(default_factory=list)
    """The same for files that begin with bytes that the one before has ended with."""
    interruptions: list[Interruption] = field(default_factory=list)
    locked: int = 0
    others: int = 0
    """Of both, since the last PTS: for the next interruption."""
    asked: int = 0
    """Which interruption was asked for last."""

    @property
    def signal_s(self) -> float:
        """Seconds of sound that whole packets carried."""
        return self.signal / TICKS

    def count(self, rows: Rows, before: int | None) -> NDArray[np.bool_]:
        """Take packets that were sent on, whose counter was `before`; (n,) in front of which of them some are lost."""
        counters = (rows[:, 3] & 0x0F).astype(int)
        steps = np.diff(counters, prepend=counters[0] - 1 if before is None else before) - 1 & 0x0F
        self.packets += len(rows)
        self.lost += int(steps.sum())
        jumps: NDArray[np.bool_] = steps != 0
        return jumps

    def repeat(self, packets: int, stamp: int | None) -> None:
        """So many packets came again."""
        if self.repeated and self.repeated[-1][1] == stamp:
            packets += self.repeated.pop()[0]
        self.repeated.append((packets, stamp))

    def interruption(self, pts: int) -> Interruption | None:
        """The one that ends at a time stamp (in samples); asked in order."""
        ticks = round(pts * TICKS / SAMPLE_RATE)
        for index in range(self.asked, len(self.interruptions)):
            if abs(elapsed(self.interruptions[index].until, ticks)) < MATCHING_TICKS:
                self.asked = index
                return self.interruptions[index]
        return None


@dataclass(frozen=True)
class Heard:
    """What there was to hear, known once the last block has been taken."""

    duration_s: float
    breaks: tuple[Break, ...]
    damage: str | None
    """What the decoder complained of in a few words; None for clean audio."""
    complaint_lines: int
    lost_packets: int = 0
    """Of the streams that were heard, as far as their counters tell."""
    remarks: str | None = None
    """What else ffmpeg and its libraries said: nothing about the audio."""
    offered_s: float | None = None
    """Sound that was there, by time stamps or containers, without the holes."""
    decoded_s: float = 0.0
    """Sound that came out of the decoder."""
    notes: tuple[str, ...] = ()
    """What else is to be known, a sentence each: other streams from a place on, packets that came twice, files
    without sound, data that end early."""

    @property
    def unheard_s(self) -> float:
        """Seconds that were there and did not come out of the decoder."""
        return max(0.0, (self.offered_s or 0.0) - self.decoded_s)

    @property
    def is_too_little(self) -> bool:
        """Whether so much is missing that the recording cannot count as heard."""
        return self.unheard_s > max(MOST_UNHEARD_S, MOST_UNHEARD * (self.offered_s or 0.0))


def notes_on(heard: Heard) -> list[str]:
    """What was wrong with the audio, a sentence each."""
    notes = [*map(str, heard.breaks), *heard.notes]
    if heard.unheard_s > NOTED_S:
        notes.append(f"{clock(heard.unheard_s)} of {clock(heard.offered_s or 0.0)} of its sound could not be decoded")
    if heard.lost_packets:
        notes.append(f"{heard.lost_packets} or more packets of its sound are lost")
    if heard.damage:
        notes.append(f"damaged audio: {heard.damage}")
    return notes


def short_of(recorder_s: float | None, duration_s: float) -> str | None:
    """The sentence for a recording that is shorter than its recorder says; None for one that is not."""
    if recorder_s is None or duration_s >= min(recorder_s * SHORT_OF_RECORDER, recorder_s - SHORT_OF_RECORDER_S):
        return None
    return f"the recorder meant it to be {clock(recorder_s)} long, and {clock(duration_s)} are there"
