"""Markers come from the voices that are heard; how many others are in the book changes nothing."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.talk import SILENCE, voices, windows

from voicemark.config import MatchSection
from voicemark.result import Marker, NamedTurn
from voicemark.voice.diarization import diarize
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.naming import without_alike
from voicemark.voice.recognise import Spoken, recognised_of, scores_of
from voicemark.voice.segments import find_segments


def unread(start_s: float, end_s: float) -> np.ndarray:
    raise AssertionError("nothing is read without a verifier")


@given(
    turns=st.lists(st.tuples(st.integers(SILENCE, 5), st.integers(1, 40)), min_size=1, max_size=10),
    thresholds=st.lists(st.sampled_from([-0.5, 0.2, 0.5, 0.9]), min_size=1, max_size=6),
    exclusive=st.sampled_from([0.0, 0.1, 2.0]),
)
@settings(deadline=None)
def test_voices_that_are_far_away_everywhere_decide_on_nobody(
    turns: list[tuple[int, int]], thresholds: list[float], exclusive: float
) -> None:
    """The same as of all voices: the naive way, which looks at every one of them in every turn."""
    people, wanted = voices(6), MatchSection(exclusive=exclusive)
    memories = [Memory(f"voice {k}", torch.from_numpy(people[k : k + 1]), one) for k, one in enumerate(thresholds)]
    book = VoiceBook.of(memories, "model", wanted)
    found = diarize(windows(turns, people), 0.5, 2.0)
    spoken = Spoken(found, float(found.lengths.sum()) * 0.5 + 1.5, unread)
    [scores] = scores_of([spoken], book)
    recognised = recognised_of(spoken, scores, book, wanted, None)
    all_of_them = without_alike(scores, found)
    segments = find_segments(all_of_them, thresholds, wanted, found, spoken.duration_s)
    assert recognised.markers == tuple(
        Marker(book.names[one.voice], one.start_s, one.end_s, one.score) for one in segments
    )
    spoken_turns = np.flatnonzero(~found.silent).tolist()
    assert recognised.named == tuple(
        NamedTurn(spoken_turns.index(turn), book.names[one.voice], float(all_of_them[one.voice, turn]))
        for one in segments
        for turn in one.turns
    )
