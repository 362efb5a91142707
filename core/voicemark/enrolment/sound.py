"""The sound of a voice's samples, in as few runs of ffmpeg as possible.

Samples are often stretches of one recording, and each run costs more than decoding half a minute. So stretches that lie
near each other are decoded together and kept until each has been taken; a recording is looked at once; and a plain WAV
file needs none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.demux import AudioReader
from voicemark.audio.plain_wav import read_plain
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import AudioSection
from voicemark.enrolment.samples import Sample
from voicemark.errors import VoicemarkError

NEAR_S = 60.0
"""As much as a run of ffmpeg costs: so far apart, stretches are decoded together with what lies between."""
MOST_S = 900.0
"""Of sound that is kept: 58 MB."""

Floats = NDArray[np.float32]


@dataclass
class _Together:
    """Stretches of one recording, decoded in one run."""

    start_s: float
    end_s: float
    left: int
    """Samples that have not been taken."""
    sound: Floats | None = None


class SampleSound:
    """The sound of `samples`, each to be taken once."""

    def __init__(self, samples: Iterable[Sample], settings: AudioSection) -> None:
        self._settings = settings
        self._readers: dict[Path, AudioReader] = {}
        self._together = _near_each_other(samples)

    def blocks(self, sample: Sample) -> Iterator[Floats]:
        """float32 blocks at 16 kHz. Raises `VoicemarkError` as `AudioReader` does."""
        if (plain := self._plain(sample)) is not None:
            yield plain
            return
        reader = self._reader(sample)
        group = self._together.pop((sample.recording.path, sample.start_s, sample.end_s), None)
        if group is not None and sample.end_s is not None and (sound := self._decoded(reader, group)) is not None:
            first, last = (round((at - group.start_s) * SAMPLE_RATE) for at in (sample.start_s, sample.end_s))
            yield sound[first:last]
            return
        yield from reader.blocks(sample.start_s, sample.end_s)

    def _plain(self, sample: Sample) -> Floats | None:
        """Of a WAV file that needs no decoding."""
        files = sample.recording.files
        return read_plain(files[0], sample.start_s, sample.end_s) if len(files) == 1 else None

    def _reader(self, sample: Sample) -> AudioReader:
        path = sample.recording.path
        if path not in self._readers:
            self._readers[path] = AudioReader.of(sample.recording, self._settings)
        return self._readers[path]

    def _decoded(self, reader: AudioReader, group: _Together) -> Floats | None:
        """None where that fails: each by itself then says what is wrong with it, if it is with that one at all."""
        if group.sound is None:
            try:
                group.sound = reader.excerpt(group.start_s, group.end_s)
            except VoicemarkError:
                return None
        sound, group.left = group.sound, group.left - 1
        if not group.left:
            group.sound = None
        return sound


def _near_each_other(samples: Iterable[Sample]) -> dict[tuple[Path, float, float | None], _Together]:
    """Samples that are decoded with others."""
    stretches = sorted(
        (sample.recording.path, sample.start_s, sample.end_s) for sample in samples if sample.end_s is not None
    )
    groups: list[tuple[_Together, list[tuple[Path, float, float | None]]]] = []
    for path, start_s, end_s in stretches:
        group, members = groups[-1] if groups else (None, [])
        if (
            group is not None
            and members[0][0] == path
            and start_s - group.end_s <= NEAR_S
            and max(end_s, group.end_s) - group.start_s <= MOST_S
        ):
            group.end_s = max(group.end_s, end_s)
            members.append((path, start_s, end_s))
        else:
            groups.append((_Together(start_s, end_s, 0), [(path, start_s, end_s)]))
    together: dict[tuple[Path, float, float | None], _Together] = {}
    for group, members in groups:
        group.left = len(members)
        if len(members) > 1:
            together |= dict.fromkeys(members, group)
    return together
