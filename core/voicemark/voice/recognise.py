"""From a recording's turns to who is heard when: scores, a second opinion, markers.

One way for a recording that is being scanned, for the archive and for the evaluation of the models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.errors import RecordingError
from voicemark.result import Marker, Recognised
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.match import VoiceBook, match_key, score
from voicemark.voice.segments import WindowTimes, borders, find_segments
from voicemark.voice.turns import Turns
from voicemark.voice.verifier import ReadAudio, Verifier, second_opinion


@dataclass(frozen=True)
class Recogniser:
    """Everything that recordings are heard with: the encoder, the voices and how they are matched, the verifier."""

    encoder: SpeakerEncoder
    book: VoiceBook
    settings: MatchSection
    verifier: Verifier | None = None

    @cached_property
    def match_key(self) -> str:
        """What decides on markers: see `voicemark.voice.match.match_key`."""
        return match_key(self.book, self.settings)


@dataclass(frozen=True)
class Spoken:
    """A recording's turns, when they are, and how its audio is read where a verifier hears it again."""

    turns: Turns
    times: WindowTimes
    read: ReadAudio


def recognise(spoken: Spoken, book: VoiceBook, settings: MatchSection, verifier: Verifier | None) -> Recognised:
    """The markers of one recording, by start. Raises what its `read` raises."""
    [scores] = scores_of([spoken], book)
    return recognised_of(spoken, scores, book, settings, verifier)


def recognise_all(
    recordings: Sequence[Spoken], book: VoiceBook, settings: MatchSection, verifier: Verifier | None
) -> list[Recognised | RecordingError]:
    """The markers of each, from one matrix product; the error of one that the verifier should hear and cannot."""
    found: list[Recognised | RecordingError] = []
    for spoken, scores in zip(recordings, scores_of(recordings, book), strict=True):
        try:
            found.append(recognised_of(spoken, scores, book, settings, verifier))
        except RecordingError as error:
            found.append(error)
    return found


def scores_of(recordings: Sequence[Spoken], book: VoiceBook) -> tuple[Tensor, ...]:
    """Scores (voices, turns) of each recording."""
    if not recordings:
        return ()
    scores = score(torch.cat([spoken.turns.directions for spoken in recordings]), book)
    return torch.split(scores, [len(spoken.turns) for spoken in recordings], dim=1)


def recognised_of(
    spoken: Spoken, scores: Tensor, book: VoiceBook, settings: MatchSection, verifier: Verifier | None
) -> Recognised:
    """From scores (voices, turns) to markers: the verifier hears what is in doubt, and turns become segments."""
    thresholds = book.thresholds.cpu()
    if verifier is not None:
        scores = second_opinion(scores, thresholds, borders(spoken.turns, spoken.times), verifier, spoken.read)
    segments = find_segments(scores, thresholds.tolist(), settings, spoken.turns, spoken.times)
    return Recognised(tuple(Marker(book.names[one.voice], one.start_s, one.end_s, one.score) for one in segments))
