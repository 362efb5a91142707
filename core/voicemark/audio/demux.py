"""A recording's audio as blocks of 16 kHz mono samples on the player's clock, however long the recording is.

Transport streams are followed packet by packet (`voicemark.audio.transport`); of any other container each file is
decoded by itself. Either way the stream is chosen by the same preferences wherever it could be another, and the
timeline goes on.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from time import monotonic

import numpy as np

from voicemark.audio import ffmpeg
from voicemark.audio.account import MOST_UNHEARD_S, Heard
from voicemark.audio.choose import Choice, mono_filter
from voicemark.audio.decoder import BEAT_S, Decoder, Source
from voicemark.audio.looking import Looker
from voicemark.audio.packets import data_end, read_through
from voicemark.audio.parts import FilePart, TransportPart, parts_of, reading_errors
from voicemark.audio.reading import Reading
from voicemark.audio.seeking import Clocks
from voicemark.audio.streams import Media
from voicemark.audio.timeline import (
    JITTER,
    SAMPLE_RATE,
    WRAP,
    Gap,
    Plausible,
    Samples,
    Sound,
    Timeline,
    clock,
)
from voicemark.audio.transport import Stretch, TransportFeed
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError, RecordingError
from voicemark.patience import status
from voicemark.recording import Recording, StreamHint

BLOCK_SAMPLES = 30 * SAMPLE_RATE  # 480000 samples in a 30-second block
SEEK_MARGIN_S = 10.0
"""Seeking in a transport stream is inexact: begin earlier and drop what is before."""
LONGEST_S = 100 * 3600.0
"""No recorder makes a longer one; what claims to be is made to keep a decoder busy."""
TOLD_LENGTHS = frozenset({"matroska", "mov", "asf", "flac", "wav", "w64", "aiff"})
"""Containers whose length stands in them; that of others is ffprobe's guess."""
PLAIN = "pcm_"
"""Codecs of uncompressed samples: zeros at the end of such a file are silence, not what was never written."""
NOTHING: Samples = np.zeros(0, np.float32)
FILE_JOINT = 10 * SAMPLE_RATE
"""Samples that reception may have lost just where one file ends and the next begins. A longer jump of the clock is a
recorder that began anew, and a player goes on at once."""


class AudioReader:
    """Reads what is to be heard of a recording; `blocks` or `sound` once, then `heard`."""

    def __init__(
        self,
        files: Sequence[Path],
        settings: AudioSection,
        *,
        hints: Sequence[StreamHint] = (),
        expected_duration_s: float | None = None,
        supposed_s: float = 0.0,
        dated_s: float | None = None,
        jumps: bool = False,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`supposed_s`: how much of the expected length nobody has said; `dated_s`: from the recording's beginning to
        the last change of its files; `jumps`: its clock is known to jump. `beat` is called whenever work has advanced
        that brings nothing to hear: looks, and packets in which sound is searched. Raises `NoAudioError` when there is
        nothing to hear, other kinds of `RecordingError` when it cannot be read, `ToolError`."""
        self._files, self._beat = tuple(files), beat
        self._settings, self._hints = settings, tuple(hints)
        self._told_s = None if expected_duration_s is None else expected_duration_s - supposed_s
        self._plausible = Plausible(settings.max_hole_s, expected_duration_s, dated_s)
        self._jumps = jumps
        self._clocks: Clocks | None = None
        self._heard: Heard | None = None
        for file in self._files:
            ffmpeg.check_readable(file)
        self._beat()
        self.media: Media = ffmpeg.look(self._files[0], ffmpeg.LOOKS[0])
        """What the first file holds, at its beginning."""
        self._looker = Looker(self._files[0], self.media, settings, self._hints, beat)
        self._parts = parts_of(self._files)
        self.choice: Choice = self._first_choice()
        """What is heard first."""

    @classmethod
    def of(
        cls,
        recording: Recording,
        settings: AudioSection,
        beat: Callable[[], None] = lambda: None,
        *,
        jumps: bool = False,
    ) -> "AudioReader":
        """A reader for all files of `recording`."""
        return cls(
            recording.files,
            settings,
            hints=recording.streams,
            expected_duration_s=recording.expected_duration_s,
            supposed_s=recording.supposed_s,
            dated_s=_dated_s(recording),
            jumps=jumps,
            beat=beat,
        )

    @property
    def heard(self) -> Heard:
        """Available after the last block."""
        if self._heard is None:
            raise RuntimeError("the audio has not been read to its end")
        return self._heard

    def sound(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Sound]:
        """float32 blocks of up to 30 s and long holes, contiguous from `start_s` (player's time) to `end_s` or the end.

        Something comes every few seconds of work, if only a block of no samples. Raises `NoAudioError` when nothing
        could be decoded at all, `RecordingError` when too little could, or it cannot be read, `ToolError`.
        """
        gathered: list[Samples] = []
        size, told = 0, monotonic()
        for part in self._cut(start_s, end_s):
            if isinstance(part, Gap):
                yield np.concatenate(gathered) if gathered else np.zeros(0, np.float32)
                yield part
                gathered, size, told = [], 0, monotonic()
                continue
            while len(part):
                taken = part[: BLOCK_SAMPLES - size]
                part = part[len(taken) :]
                gathered.append(taken)
                size += len(taken)
                if size == BLOCK_SAMPLES:
                    yield np.concatenate(gathered)
                    gathered, size, told = [], 0, monotonic()
            if monotonic() - told > BEAT_S:
                yield np.concatenate(gathered) if gathered else np.zeros(0, np.float32)
                gathered, size, told = [], 0, monotonic()
        if size:
            yield np.concatenate(gathered)

    def blocks(self, start_s: float = 0.0, end_s: float | None = None) -> Iterator[Samples]:
        """The same as samples alone, holes as silence."""
        for part in self.sound(start_s, end_s):
            length = len(part)
            for at in range(0, length, BLOCK_SAMPLES):
                here = min(BLOCK_SAMPLES, length - at)
                yield Gap(here).samples() if isinstance(part, Gap) else part[at : at + here]

    def excerpt(self, start_s: float, end_s: float) -> Samples:
        """The samples from `start_s` to `end_s` (player's time), fewer where the recording ends; for short
        excerpts, as they lie in memory whole. Leaves `heard` as it is."""
        heard = self._heard
        samples = list(self.blocks(start_s, end_s))
        self._heard = heard or self._heard
        return np.concatenate(samples) if samples else np.zeros(0, np.float32)

    def _cut(self, start_s: float, end_s: float | None) -> Iterator[Sound]:
        """Parts of the player's timeline within the excerpt, and nothing in between at least every `BEAT_S`."""
        reading = self._begin(start_s)
        timeline = reading.timeline
        first = round(start_s * SAMPLE_RATE)
        last = None if end_s is None else round(end_s * SAMPLE_RATE)
        with closing(self._play(reading, start_s)) as playing:
            for part in playing:
                at = timeline.written - len(part)
                begin = min(len(part), max(0, first - at))
                end = len(part) if last is None else min(len(part), max(0, last - at))
                if isinstance(part, Gap):
                    if end > begin:
                        yield Gap(end - begin)
                else:
                    yield part[begin:end]
                if last is not None and timeline.written >= last:
                    return
                if timeline.duration_s > LONGEST_S:
                    raise RecordingError(f"claims to be longer than {LONGEST_S / 3600:.0f} hours", path=self._files[0])
        self._heard = reading.account(self._files, self._told_s, whole=not start_s)

    def _begin(self, start_s: float) -> Reading:
        stream = self.choice.stream
        origin_s = self.media.start_s if self.media.start_s is not None else stream.start_s or 0.0
        timeline = Timeline(
            origin=round(origin_s * SAMPLE_RATE),
            plausible=self._plausible,
            wrap=WRAP if isinstance(self._parts[0], TransportPart) else None,
        )
        return Reading(timeline, seek=start_s > SEEK_MARGIN_S and self._can_seek())

    def _can_seek(self) -> bool:
        """Whether a place can be found by the clock: not where it is known to jump."""
        found = () if self._heard is None else self._heard.breaks
        return len(self._parts) == 1 and not self._jumps and not any(one.kind in ("splice", "files") for one in found)

    def _play(self, reading: Reading, start_s: float) -> Generator[Sound, None, None]:
        seek_s = max(0.0, start_s - SEEK_MARGIN_S) if reading.seek else 0.0
        for number, part in enumerate(self._parts):
            if isinstance(part, TransportPart):
                yield from self._play_transport(part, reading, seek_s, first=number == 0)
            else:
                yield from self._play_single(part.file, reading, seek_s, first=number == 0)

    def _play_transport(self, part: TransportPart, reading: Reading, seek_s: float, *, first: bool) -> Iterator[Sound]:
        timeline, place = reading.timeline, (0, 0)
        choose = self._looker.stretch
        if reading.seek:
            place = self._place(part, timeline.origin / SAMPLE_RATE + seek_s)
            choose = self._looker.stretch_again
        reading.seek = reading.seek and place != (0, 0)
        feed = TransportFeed(part.files, deepcopy(part.maps), choose, place)
        anchors: list[tuple[int, int]] = []
        new_clock = not first
        while True:
            stretch: Stretch | None = None
            with reading_errors(part.files):
                for stretch in feed.search():
                    self._beat()
                    if stretch is None:
                        yield NOTHING
            if stretch is None:
                break
            source = Source(
                part.files, f"i:{stretch.stream.pid:#x}", stretch.codec, stretch.mono, form="mpegts"
            )  # fmt: skip
            begun = False
            with Decoder(source, reading.complaints, feed=feed, stall_s=self._settings.stall_s) as decoder:
                for piece in decoder:
                    if piece is None:
                        yield NOTHING
                        continue
                    if not begun:
                        reading.begin(piece)
                        if new_clock:
                            timeline.begin_file(piece.pts)
                            new_clock = False
                        piece = timeline.continued(piece)
                        if not len(piece.samples):
                            continue
                        reading.choose(stretch.choice)
                        begun = True
                    ahead = timeline.ahead(piece)
                    pause = feed.ledger.interruption(piece.pts) if abs(ahead) > JITTER else None
                    if pause is not None and pause.joins_files and abs(ahead) > FILE_JOINT:
                        timeline.close_up(piece, "files")
                    elif abs(ahead) > JITTER or not anchors:
                        anchors.append((piece.pts, timeline.written + max(0, ahead)))
                    yield from timeline.lay(piece, "" if pause is None else pause.reason)
            reading.decoded += decoder.samples
        yield from timeline.finish()
        reading.take(feed.ledger, anchors)

    def _play_single(self, file: Path, reading: Reading, seek_s: float, *, first: bool) -> Iterator[Sound]:
        timeline = reading.timeline
        found = self._looker.file(file)
        if isinstance(found, NoAudioError):
            reading.notes.append(f"at {clock(timeline.duration_s)} a file without sound follows: {file.name}")
            return
        media, choice = found
        plain = (choice.stream.codec or "").startswith(PLAIN)
        with reading_errors((file,)):
            size = status(file).st_size
            end = size if plain else data_end(file)
            whole = end == size
        if plain:
            reading.plain.add(file)
        if not first:
            start_s = media.start_s if media.start_s is not None else choice.stream.start_s or 0.0
            timeline.begin_file(round(start_s * SAMPLE_RATE))
        before, decoded = timeline.written, 0
        source = Source(
            (file,),
            str(choice.stream.index),
            choice.stream.codec,
            mono_filter(choice.stream, self._settings.languages, self._hints),
            url=f"file:{file}" if whole else f"subfile,,start,0,end,{end},,:file:{file}",
            seek_s=seek_s,
            look=media.look,
        )
        with Decoder(source, reading.complaints, stall_s=self._settings.stall_s) as decoder:
            for piece in decoder:
                if piece is None:
                    yield NOTHING
                    continue
                if not decoded:
                    reading.begin(piece)
                    reading.choose(choice)
                decoded += len(piece.samples)
                yield from timeline.lay(piece)
        yield from timeline.finish()
        reading.decoded += decoded
        reading.offered_s += decoded / SAMPLE_RATE
        covered_s = (timeline.written - before) / SAMPLE_RATE
        if media.duration_s is not None and media.format.split(",")[0] in TOLD_LENGTHS and whole:
            missing_s = media.duration_s - covered_s
            reading.offered_s += max(0.0, missing_s)
            if missing_s > MOST_UNHEARD_S:
                with reading_errors((file,)):
                    read_through(file)  # ffmpeg takes a disk that fails for an end

    def _first_choice(self) -> Choice:
        """What is heard first. Raises the `NoAudioError` that says why nothing is."""
        error: NoAudioError | None = None
        for part in self._parts:
            if isinstance(part, FilePart):
                found = self._looker.file(part.file)
                if not isinstance(found, NoAudioError):
                    return found[1]
                error = error or found
                continue
            feed = TransportFeed(part.files, deepcopy(part.maps), self._looker.stretch)
            with reading_errors(part.files):
                for stretch in feed.search():
                    self._beat()
                    if stretch is not None:
                        return stretch.choice
            error = error or self._looker.nothing_in(part.files[0], part.maps.audio)
        assert error is not None
        raise error

    def _place(self, part: TransportPart, clock_s: float) -> tuple[int, int]:
        with reading_errors(part.files):
            if self._clocks is None:
                self._clocks = Clocks(part.files)
            return self._clocks.place(clock_s)


def _dated_s(recording: Recording) -> float | None:
    """From the recording's beginning to the last change of its files; None where that is no length of one."""
    if recording.started_at is None or recording.edited:
        return None
    try:
        changed = max(status(file).st_mtime for file in recording.files)
    except OSError:
        return None
    length = changed - recording.started_at.timestamp()
    return length if 0 < length < LONGEST_S else None
