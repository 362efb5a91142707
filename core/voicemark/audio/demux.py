"""A recording's audio as blocks of 16 kHz mono samples on the player's clock, however long the recording is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark.audio import ffmpeg
from voicemark.audio.choose import Choice, choose_stream, mono_filter
from voicemark.audio.scrambling import is_scrambled
from voicemark.audio.streams import Media
from voicemark.audio.timeline import SAMPLE_RATE, Break, Samples, Timeline
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError
from voicemark.recording import Recording, StreamHint

BLOCK_SAMPLES = 30 * SAMPLE_RATE  # 480000 samples in a 30-second block
SEEK_MARGIN_S = 10.0
"""Seeking in a transport stream is inexact: begin earlier and drop what is before."""


@dataclass(frozen=True)
class Heard:
    """What there was to hear, known once the last block has been taken."""

    duration_s: float
    breaks: tuple[Break, ...]
    damage: str | None
    """ffmpeg's complaints in a few words; None for a clean stream."""
    complaint_lines: int


class AudioReader:
    """Reads the chosen audio stream of a recording; `blocks` once, then `heard`.

    The stream is chosen from the first file, since a recorder changes no streams within a recording.
    """

    def __init__(
        self,
        files: Sequence[Path],
        settings: AudioSection,
        *,
        hints: Sequence[StreamHint] = (),
        expected_duration_s: float | None = None,
    ) -> None:
        """Raises `NoAudioError` when there is nothing to hear, `RecordingError` when it cannot be read."""
        self._files = tuple(files)
        self._settings = settings
        self._expected_duration_s = expected_duration_s
        self.media: Media = ffmpeg.probe(self._files[0])
        for file in self._files[1:]:
            ffmpeg.check_readable(file)
        try:
            self.choice: Choice = choose_stream(self.media, hints, settings)
        except NoAudioError as error:
            raise NoAudioError(error.what, path=self._files[0], hint=error.hint) from error
        self._heard: Heard | None = None

    @classmethod
    def of(cls, recording: Recording, settings: AudioSection) -> "AudioReader":
        """A reader for all files of `recording`."""
        return cls(
            recording.files,
            settings,
            hints=recording.streams,
            expected_duration_s=recording.expected_duration_s,
        )

    @property
    def heard(self) -> Heard:
        """Available after the last block."""
        if self._heard is None:
            raise RuntimeError("the audio has not been read to its end")
        return self._heard

    def blocks(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Samples]:
        """float32 blocks of up to 30 s, contiguous from `start_s` (player's time) to `end_s` or the end.

        Raises `NoAudioError` when nothing could be decoded at all, `RecordingError` when ffmpeg fails.
        """
        gathered: list[Samples] = []
        size = 0
        for samples in self._cut(start_s, end_s):
            while len(samples):
                part = samples[: BLOCK_SAMPLES - size]
                samples = samples[len(part) :]
                gathered.append(part)
                size += len(part)
                if size == BLOCK_SAMPLES:
                    yield np.concatenate(gathered)
                    gathered, size = [], 0
        if size:
            yield np.concatenate(gathered)

    def stretch(self, start_s: float, end_s: float) -> Samples:
        """The samples from `start_s` to `end_s` (player's time), fewer where the recording ends; for short
        stretches, as they lie in memory whole. Leaves `heard` as it is."""
        heard = self._heard
        samples = list(self.blocks(start_s, end_s))
        self._heard = heard or self._heard
        return np.concatenate(samples) if samples else np.zeros(0, np.float32)

    def _cut(self, start_s: float, end_s: float | None) -> Iterator[Samples]:
        """Pieces of the player's timeline within the stretch."""
        stream = self.choice.stream
        origin_s = self.media.start_s if self.media.start_s is not None else stream.start_s or 0.0
        timeline = Timeline(
            origin=round(origin_s * SAMPLE_RATE),
            max_hole_s=self._settings.max_hole_s,
            expected_duration_s=self._expected_duration_s,
        )
        seek_s = max(0.0, start_s - SEEK_MARGIN_S) if len(self._files) == 1 else 0.0
        first = round(start_s * SAMPLE_RATE)
        last = None if end_s is None else round(end_s * SAMPLE_RATE)

        def within(samples: Samples) -> Samples:
            at = timeline.written - len(samples)
            return samples[max(0, first - at) : None if last is None else max(0, last - at)]

        decoded = False
        with ffmpeg.Decoder(
            self._files,
            stream,
            mono=mono_filter(stream, self._settings.languages),
            seek_s=seek_s,
            stall_s=self._settings.stall_s,
        ) as decoder:
            for piece in decoder:
                if seek_s and not decoded:
                    timeline.begin_with(piece)
                decoded = True
                yield from map(within, timeline.lay(piece))
                if last is not None and timeline.written >= last:
                    break
            else:
                yield from map(within, timeline.finish())
            complaints = list(decoder.complaints)
        if not decoded and is_scrambled(self._files[0]):
            raise ffmpeg.scrambled(self._files[0])
        if not decoded:
            raise NoAudioError(
                f"no audio could be decoded: {ffmpeg.last_words(complaints, self._files[0])}",
                path=self._files[0],
                hint="was it cut off after its headers?",
            )
        self._heard = Heard(
            duration_s=timeline.duration_s,
            breaks=tuple(timeline.breaks),
            damage=ffmpeg.last_words(complaints, self._files[0]) if complaints else None,
            complaint_lines=decoder.complaint_lines,
        )
