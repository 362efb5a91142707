"""What is to be heard at a place of a recording: ffprobe looks, the preferences choose.

Each place is looked at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from voicemark.audio import ffmpeg
from voicemark.audio.choose import Choice, choose_stream, mono_filter, nothing_to_hear
from voicemark.audio.frames import is_dual
from voicemark.audio.packets import data_end
from voicemark.audio.program_map import Elementary
from voicemark.audio.scrambling import is_scrambled
from voicemark.audio.streams import AudioStream, Media
from voicemark.audio.transport import Stretch
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError, RecordingError, Trouble
from voicemark.recording import StreamHint

NEAR_START = 1 << 20
"""Bytes from the first file's beginning for which what was seen there holds, where sound begins."""
SOON_S = 3.0
"""Streams of a multiplex begin within so long of each other."""


class Looker:
    """Knows what was seen; `media` is what the first file holds at its beginning. `beat` is called before each look."""

    def __init__(
        self,
        first: Path,
        media: Media,
        settings: AudioSection,
        hints: Sequence[StreamHint],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._first, self._media, self._beat = first, media, beat
        self._settings, self._hints = settings, tuple(hints)
        self._stretches: dict[tuple[Path, int], Stretch | None] = {}
        self._known: dict[tuple[Elementary, ...], Stretch] = {}
        self._files: dict[Path, tuple[Media, Choice] | NoAudioError] = {}
        self._unheard: dict[AudioStream, None] = {}

    def nothing_in(self, file: Path, listed: Sequence[Elementary]) -> NoAudioError:
        """Why nothing is to be heard in a transport stream of whose streams none could be decoded."""
        if is_scrambled(file):
            return ffmpeg.scrambled(file)
        if not listed and not self._unheard:
            return NoAudioError("has no audio stream", path=file, hint="only recordings with sound can be searched")
        error = nothing_to_hear(list(self._unheard) or [silent(stream) for stream in listed])
        return NoAudioError(error.what, path=file, hint=error.hint)

    def file(self, file: Path) -> tuple[Media, Choice] | NoAudioError:
        """What is in a file that is no transport stream, and what to hear of it; looked at once."""
        if file not in self._files:
            try:
                media = ffmpeg.probe(file, self._media if file == self._first else None, self._beat)
                self._files[file] = media, choose_stream(media, self._hints, self._settings)
            except NoAudioError as error:
                self._files[file] = NoAudioError(error.what, path=file, hint=error.hint)
        return self._files[file]

    def stretch(self, file: Path, byte: int, listed: Sequence[Elementary]) -> Stretch | None:
        """What to hear from `byte` of `file` on, of the streams that are `listed`; looked at once."""
        key = file, byte
        if key not in self._stretches:
            self._stretches[key] = found = self._look(file, byte, listed)
            if found is not None:
                self._known[tuple(listed)] = found
        return self._stretches[key]

    def stretch_again(self, file: Path, byte: int, listed: Sequence[Elementary]) -> Stretch | None:
        """The same, as it was before where the same streams were listed: for pieces of a recording that is known."""
        return self._known.get(tuple(listed)) or self.stretch(file, byte, listed)

    def _look(self, file: Path, byte: int, listed: Sequence[Elementary]) -> Stretch | None:
        pids: dict[int | None, Elementary] = {stream.pid: stream for stream in listed}
        media = self._media
        at_start = not self._stretches and file == self._first and byte < NEAR_START
        if not at_start or not any(one.decodable for one in media.streams if one.pid in pids):
            self._beat()
            try:
                media = ffmpeg.look(file, ffmpeg.LOOKS[0], start=byte, end=data_end(file))
            except NoAudioError:
                return None
            except RecordingError as error:
                if error.trouble is not Trouble.ITEM:
                    raise
                return None
        seen = [one for one in media.streams if one.pid in pids]
        there = {one.pid for one in seen}
        streams = [self._named(one, pids[one.pid]) for one in seen if one.pid in pids]
        streams += [silent(stream) for stream in listed if stream.pid not in there]
        later = _later(streams)
        try:
            now = tuple(stream for stream in streams if stream not in later)
            choice = choose_stream(replace(media, streams=now), self._hints, self._settings)
        except NoAudioError:
            self._unheard |= dict.fromkeys(streams)
            return None
        choice = replace(choice, rejected=(*choice.rejected, *((one, "begins later") for one in later)))
        stream = choice.stream
        assert stream.pid is not None
        if stream.codec in ("mp2", "mp3", "mp1") and stream.channels == 2 and is_dual(file, byte, stream.pid):
            stream = replace(stream, dual=True)
        return Stretch(
            pids[stream.pid],
            replace(choice, stream=stream),
            mono_filter(stream, self._settings.languages, self._hints),
            frozenset(one.pid for one in streams if one.pid is not None and (not one.decodable or one in later)),
        )

    @staticmethod
    def _named(stream: AudioStream, listed: Elementary) -> AudioStream:
        """With the name of its codec, where the map knows it and ffprobe can only guess."""
        return stream if listed.unheard is None else silent(listed)


def _later(streams: Sequence[AudioStream]) -> list[AudioStream]:
    """Those that begin when another one has sounded for a while: it is chosen again once they do."""
    starts = [one.start_s for one in streams if one.decodable and one.start_s is not None]
    soon = min(starts, default=0.0) + SOON_S
    return [one for one in streams if one.decodable and one.start_s is not None and one.start_s > soon]


def silent(stream: Elementary) -> AudioStream:
    """A stream that a map lists and nothing was seen of."""
    return AudioStream(-1, stream.unheard, 0, None, 0, stream.languages, pid=stream.pid)
