"""A turn has the score of the person whose it is, corrected for how much is known, and its own says what is astray."""

import numpy as np
import pytest
import torch
from support.talk import SILENCE, unit, voices, windows

from voicemark.config import MatchSection
from voicemark.voice import naming
from voicemark.voice.diarization import Diarization, diarize
from voicemark.voice.match import SILENT, Memory, VoiceBook
from voicemark.voice.naming import (
    THIN,
    THIN_S,
    evidence_factor,
    memory_factor,
    name_all,
    name_speakers,
    taken_for,
    taken_from,
    without_alike,
)
from voicemark.voice.quantisation import restore
from voicemark.voice.segments import find_segments

HOP_S, WINDOW_S = 0.5, 2.0


def book(*people: np.ndarray) -> VoiceBook:
    memories = [
        Memory(f"voice {k}", torch.from_numpy(restore(windows([(0, 30)], one[None], seed=90 + k))), 0.66)
        for k, one in enumerate(people)
    ]
    return VoiceBook.of(memories, "model", MatchSection())


def cut(turns: list[tuple[int, int]], people: np.ndarray) -> Diarization:
    return diarize(windows(turns, people), HOP_S, WINDOW_S)


def test_a_short_turn_of_somebody_heard_at_length_is_found() -> None:
    people = voices(3)
    found = cut([(0, 40), (1, 40), (0, 5), (2, 40), (0, 40)], people)
    scores = name_speakers(found, book(people[0]))
    segments = find_segments(scores, [0.66], MatchSection(), found, found.lengths.sum() * HOP_S)
    assert [round(one.start_s) for one in segments] == pytest.approx([0, 41, 63], abs=2)


def test_nobody_scores_in_silence_and_without_voices_there_are_no_rows() -> None:
    people = voices(1)
    found = cut([(0, 20), (SILENCE, 10), (0, 20)], people)
    scores = name_speakers(found, book(people[0]))
    assert scores[0].tolist()[1] == SILENT
    assert min(scores[0, 0].item(), scores[0, 2].item()) > 0.66
    assert name_speakers(found, book()).shape == (0, 3)
    silence = cut([(SILENCE, 10)], people)
    assert name_speakers(silence, book(people[0])).tolist() == [[SILENT]]


def test_many_recordings_at_once_score_as_each_by_itself() -> None:
    people = voices(4)
    found = [
        cut([(0, 20), (1, 30)], people),
        cut([(2, 10)], people),
        cut([(SILENCE, 3)], people),
        cut([(3, 30), (0, 9)], people),
    ]
    voicebook = book(people[0], people[3])
    for together, one in zip(name_all(found, voicebook), found, strict=True):
        assert torch.allclose(together, name_speakers(one, voicebook), atol=1e-6)
    assert name_all([], voicebook) == []


def test_what_is_kept_of_normalisation_whole_or_in_part_gives_the_scores_of_computing_it_all() -> None:
    people = voices(6)
    found = [
        cut([(0, 20), (1, 30), (SILENCE, 3), (2, 20)], people),
        cut([(SILENCE, 3)], people),
        cut([(3, 30), (0, 9)], people),
    ]
    cohort = torch.from_numpy(voices(300, seed=3))
    near, all_of_them = (
        VoiceBook.of([Memory(f"{k}", torch.from_numpy(one[None]), 0.66) for k, one in enumerate(some)],
                     "model", MatchSection(), cohort)
        for some in (people[:1], people)
    )  # fmt: skip
    whole = taken_from(found, near.norm)
    assert [len(one.values) for one in whole] == [len(one.people) + len(one) for one in found]
    part = taken_for(found, near, [None, None, None])
    assert any(np.isnan(one.values).any() for one in part)
    for book_now in (near, all_of_them):
        expected = name_all(found, book_now, whole)
        for kept in (None, part, [None, *part[1:]], taken_for(found, book_now, part)):
            for scores, wanted in zip(name_all(found, book_now, kept), expected, strict=True):
                assert torch.allclose(scores, wanted, atol=1e-6)
    enough = taken_for(found, near, part)
    assert all(one is before for one, before in zip(enough, part, strict=True))
    other = VoiceBook.of([Memory("0", torch.from_numpy(people[:1]), 0.66)], "model", MatchSection(), cohort.flip(1))
    assert all(one is not before for one, before in zip(taken_for(found, other, part), part, strict=True))


def test_much_speech_must_be_nearer_than_little() -> None:
    factor = evidence_factor(np.array([1, 4, 37, 400]), HOP_S, WINDOW_S)
    assert (np.diff(factor) < 0).all()
    assert factor[2] == pytest.approx(1.0)  # 20 s
    finer = evidence_factor(np.array([73]), HOP_S / 2, WINDOW_S)
    assert finer[0] == pytest.approx(1.0, abs=0.01)


def lowered(found: Diarization, voicebook: VoiceBook) -> torch.Tensor:
    return without_alike(name_speakers(found, voicebook), found)


def two_people(direction: np.ndarray, like: np.ndarray, seconds: int) -> Diarization:
    """A voice for `seconds` and somebody like it for as long, as a diarization has them."""
    rows = np.rint(127 * np.stack([direction, like])).astype(np.int8)
    lengths = np.full(2, round(seconds / HOP_S))
    return Diarization(lengths, np.arange(2), rows, rows, HOP_S, WINDOW_S)


def test_somebody_like_the_voice_is_told_from_it_where_both_speak() -> None:
    voice, stranger = voices(2)
    like = unit((0.72 * voice + 0.69 * stranger)[None])[0]
    voicebook = book(voice)
    beside = lowered(two_people(voice, like, 30), voicebook)[0]
    alone = lowered(two_people(stranger, like, 30), voicebook)[0]
    assert alone[1] > 0.62
    assert beside[0] > 0.66
    assert beside[1] < 0.5
    short = lowered(two_people(voice, like, 6), voicebook)[0]  # too little to say how sure the voice can be
    assert short[1] > 0.66


def test_a_verifier_does_not_make_the_surest_person_less_of_a_measure() -> None:
    voice, other = voices(2)
    found = two_people(voice, other, 30)
    first = torch.tensor([[1.0, 0.7]])
    heard = torch.tensor([[0.8, 0.7]])  # the verifier likes the surest less
    assert without_alike(heard, found, first).tolist()[0] == pytest.approx([0.8, 0.35])
    assert without_alike(heard, found).tolist()[0] == pytest.approx([0.8, 0.7])


def test_a_turn_of_somebody_else_inside_a_person_counts_against_it() -> None:
    voice, stranger = voices(2)
    rows = np.rint(127 * np.stack([voice, stranger, voice])).astype(np.int8)
    found = Diarization(np.array([60, 60, 60]), np.zeros(3, np.int64), rows, rows[:1], HOP_S, WINDOW_S)
    scores = name_speakers(found, book(voice))[0]
    assert scores[1] < scores[0] == scores[2]


def test_two_voices_made_one_person_are_told_apart_by_their_turns() -> None:
    one, other = voices(2)
    mixed = unit((one + other)[None])[0]
    rows = np.rint(127 * np.stack([one, other, mixed])).astype(np.int8)
    found = Diarization(np.array([60, 60]), np.zeros(2, np.int64), rows[:2], rows[2:], HOP_S, WINDOW_S)
    scores = name_speakers(found, book(one, other)).numpy()
    assert scores[0, 0] > scores[1, 0] + 0.1
    assert scores[1, 1] > scores[0, 1] + 0.1


def test_who_is_heard_for_a_moment_only_needs_more_than_who_is_heard_at_length() -> None:
    voice = voices(1)[0]
    rows = np.rint(127 * voice[None]).astype(np.int8)

    def surplus(seconds: float) -> float:
        """Score less what the evidence alone makes of the cosine."""
        windows = np.array([round(seconds / HOP_S)])
        found = Diarization(windows, np.zeros(1, np.int64), rows, rows, HOP_S, WINDOW_S)
        score = float(name_speakers(found, book(voice))[0, 0])
        return score / float(evidence_factor(windows, HOP_S, WINDOW_S)[0])

    assert surplus(THIN_S) == pytest.approx(surplus(30), abs=1e-5)
    assert surplus(THIN_S - HOP_S) < surplus(THIN_S) - THIN / 3


def test_a_memory_of_few_windows_is_nobody_far_away() -> None:
    factor = memory_factor([1, 5, 30, 60])
    assert (np.diff(factor) < 0).all()
    assert factor[2] == pytest.approx(1.0)
    assert (memory_factor([0]) == memory_factor([1])).all()


def test_asking_turns_by_themselves_only_where_it_matters_changes_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    people = voices(8)
    found = [cut([(k % 8, 12), ((k + 3) % 8, 30), (k % 8, 5)], people) for k in range(8)]
    memories = [Memory(f"voice {k}", torch.from_numpy(people[k : k + 1]), 0.62) for k in range(3)]
    cohort = torch.from_numpy(voices(400, seed=9))
    voicebook = VoiceBook.of(memories, "model", MatchSection(), cohort)
    few = torch.cat(name_all(found, voicebook), dim=1)
    monkeypatch.setattr(naming, "MARGIN", 10.0)
    everywhere = torch.cat(name_all(found, voicebook), dim=1)
    assert ((few >= 0.62) == (everywhere >= 0.62)).all()
    assert (few >= 0.62).any()
    assert torch.allclose(few[few >= 0.62], everywhere[few >= 0.62], atol=1e-6)
