"""From who speaks when to whose voices they are: scores, a second opinion, markers.

One way for a recording that is being scanned, for the archive and for the evaluation of the models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.errors import RecordingError
from voicemark.result import LocalSpeaker, Marker, NamedTurn, Recognised, SpeakerTurn, Speech, Taken
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.diarization import Diarization
from voicemark.voice.match import VoiceBook, key_parts, whole_key
from voicemark.voice.naming import name_all, without_alike
from voicemark.voice.segments import borders, find_segments
from voicemark.voice.verifier import ReadAudio, Verifier, second_opinion


@dataclass(frozen=True)
class Recogniser:
    """Everything that recordings are heard with: the encoder, the voices and how they are matched, the verifier."""

    encoder: SpeakerEncoder
    book: VoiceBook
    settings: MatchSection
    verifier: Verifier | None = None

    @cached_property
    def key_parts(self) -> tuple[str, ...]:
        """What decides on markers: see `voicemark.voice.match.key_parts`."""
        return key_parts(self.book, self.settings)

    @cached_property
    def match_key(self) -> str:
        """One digest of all that decides on markers."""
        return whole_key(self.key_parts)


@dataclass(frozen=True)
class Spoken:
    """Who speaks when in a recording, and how its audio is read where a verifier hears it again."""

    found: Diarization
    duration_s: float
    read: ReadAudio
    taken: Taken | None = None
    """What score normalisation takes, where that is known already."""


def recognise(spoken: Spoken, book: VoiceBook, settings: MatchSection, verifier: Verifier | None) -> Recognised:
    """The markers of one recording, by start. Raises what its `read` raises."""
    [scores] = scores_of([spoken], book)
    return recognised_of(spoken, scores, book, settings, verifier)


def recognise_all(
    recordings: Sequence[Spoken], book: VoiceBook, settings: MatchSection, verifier: Verifier | None
) -> list[Recognised | RecordingError]:
    """The markers of each, from one matrix product; the error of one that the verifier should hear and cannot."""
    results: list[Recognised | RecordingError] = []
    for spoken, scores in zip(recordings, scores_of(recordings, book), strict=True):
        try:
            results.append(recognised_of(spoken, scores, book, settings, verifier))
        except RecordingError as error:
            results.append(error)
    return results


def scores_of(recordings: Sequence[Spoken], book: VoiceBook) -> list[Tensor]:
    """Scores (voices, turns) of each recording."""
    return name_all([spoken.found for spoken in recordings], book, [spoken.taken for spoken in recordings])


def recognised_of(
    spoken: Spoken, scores: Tensor, book: VoiceBook, settings: MatchSection, verifier: Verifier | None
) -> Recognised:
    """From scores (voices, turns) to markers: the verifier hears who is in doubt, and turns become segments."""
    thresholds = book.thresholds.cpu()
    first = scores
    if verifier is not None:
        moments = borders(spoken.found, spoken.duration_s)
        scores = second_opinion(scores, thresholds, spoken.found, moments, verifier, spoken.read)
    # From here on scores only sink, and who is below the threshold everywhere decides on nobody else: few voices of
    # many are left.
    near = (scores >= thresholds[:, None]).any(dim=1)
    scores = without_alike(scores[near], spoken.found, first[near])
    segments = find_segments(scores, thresholds[near].tolist(), settings, spoken.found, spoken.duration_s)
    names = [name for name, is_near in zip(book.names, near.tolist(), strict=True) if is_near]
    numbers, of_turns = _numbers(spoken.found), scores.tolist()
    return Recognised(
        tuple(Marker(names[one.voice], one.start_s, one.end_s, one.score) for one in segments),
        tuple(
            NamedTurn(numbers[turn], names[one.voice], of_turns[one.voice][turn])
            for one in segments
            for turn in one.turns
        ),
        settings.join_gap_s,
    )


def speech_of(found: Diarization, duration_s: float) -> Speech:
    """Who speaks when, as it is kept and shown: local speakers count from 1, silence is no turn."""
    moments = borders(found, duration_s)
    whose = found.speakers.tolist()
    spoken = (~found.silent).nonzero()[0].tolist()
    turns = tuple(SpeakerTurn(moments[k], moments[k + 1], whose[k] + 1) for k in spoken)
    seconds = [0.0] * len(found.people)
    for turn in turns:
        seconds[turn.local_speaker - 1] += turn.end_s - turn.start_s
    people = tuple(LocalSpeaker(k + 1, seconds[k], found.people[k]) for k in range(len(found.people)))
    return Speech(people, turns)


def _numbers(found: Diarization) -> list[int]:
    """Of each turn that is somebody's, its number among those; of another one, of the last before it."""
    numbers: list[int] = (np.cumsum(~found.silent) - 1).tolist()
    return numbers
