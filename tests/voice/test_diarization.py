"""Who speaks when in a whole recording, whatever it holds, and it survives being kept."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.talk import DIM, SILENCE, voices, windows

from voicemark.errors import DatabaseError
from voicemark.voice import clustering, resegmentation
from voicemark.voice.clustering import in_order
from voicemark.voice.diarization import Diarization, diarize, pack, unpack
from voicemark.voice.resegmentation import NOBODY

HOP_S, WINDOW_S = 0.5, 2.0


def by_window(found: Diarization) -> np.ndarray:
    return np.repeat(found.speakers, found.lengths)


def talk(turns: int, people: int, seed: int, low: int = 6, high: int = 40) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    return [(int(rng.integers(people)), int(rng.integers(low, high))) for _ in range(turns)]


def test_people_who_come_back_are_the_same_local_speaker() -> None:
    turns = talk(60, 4, 1)
    true = np.repeat([who for who, _ in turns], [length for _, length in turns])
    found = by_window(diarize(windows(turns, voices(4)), HOP_S, WINDOW_S))
    assert found.max() == 3
    assert (found == in_order(true)).mean() > 0.97


def test_a_finer_grid_gives_the_same_people() -> None:
    turns = talk(40, 4, 2, 12, 80)
    true = np.repeat([who for who, _ in turns], [length for _, length in turns])
    found = by_window(diarize(windows(turns, voices(4), hops=8), 0.25, WINDOW_S))
    assert (found == in_order(true)).mean() > 0.95


@pytest.mark.parametrize("count", [0, 1, 500])
def test_silence_alone_is_nobody(count: int) -> None:
    found = diarize(np.zeros((count, DIM), np.int8), HOP_S, WINDOW_S)
    assert (by_window(found) == NOBODY).all()
    assert found.lengths.sum() == count
    assert len(found.people) == 0


def test_a_single_window_is_a_turn() -> None:
    found = diarize(windows([(0, 1)], voices(1)), HOP_S, WINDOW_S)
    assert found.speakers.tolist() == [0]
    assert found.windows.tolist() == [1]


def test_one_speaker_for_hours_is_one_local_speaker() -> None:
    found = diarize(windows([(0, 3 * 7200)], voices(1)), HOP_S, WINDOW_S)
    assert len(found.people) == 1
    assert found.lengths.tolist() == [3 * 7200]


def test_sound_that_is_never_alike_joins_no_speaker() -> None:
    """Music: every window elsewhere, beside a person."""
    music = windows([(0, 120)], voices(1), noise=0.999, seed=5)
    speech = windows([(0, 80)], voices(1, seed=3), seed=6)
    found = by_window(diarize(np.concatenate((speech, music, speech)), HOP_S, WINDOW_S))
    person = found[20]
    assert (found[205:275] == person).mean() > 0.9
    assert (found[84:196] == person).mean() < 0.1


def test_two_hundred_speakers_are_kept_apart() -> None:
    turns = [(k % 200, 24) for k in range(600)]
    true = np.repeat([who for who, _ in turns], 24)
    found = by_window(diarize(windows(turns, voices(200)), HOP_S, WINDOW_S))
    pure = sum(np.bincount(true[found == person]).max() for person in range(found.max() + 1))
    assert pure / len(true) > 0.95


def test_holes_do_not_part_a_speaker() -> None:
    turns = [(0, 30), (SILENCE, 8), (0, 30), (SILENCE, 400), (1, 30), (SILENCE, 1), (0, 30)]
    found = diarize(windows(turns, voices(2)), HOP_S, WINDOW_S)
    assert found.speakers.tolist() == [0, NOBODY, 0, NOBODY, 1, NOBODY, 0]
    assert found.lengths.tolist() == [length for _, length in turns]
    assert found.windows.tolist() == [90, 30]


@settings(deadline=None, max_examples=20)
@given(
    turns=st.lists(st.tuples(st.integers(-1, 3), st.integers(1, 30)), max_size=12),
    seed=st.integers(0, 1000),
)
def test_turns_are_all_windows_in_order_and_the_same_each_time(turns: list[tuple[int, int]], seed: int) -> None:
    rows = windows(turns, voices(4), seed=seed) if turns else np.zeros((0, DIM), np.int8)
    found = diarize(rows, HOP_S, WINDOW_S)
    assert found.lengths.sum() == len(rows)
    assert (found.speakers[1:] != found.speakers[:-1]).all()
    assert ((by_window(found) == NOBODY) == ~rows.any(axis=1)).all()
    assert (found.windows > 0).all()
    assert found.people.any(axis=1).all()
    again = diarize(rows, HOP_S, WINDOW_S)
    assert pack(again) == pack(found)
    kept = unpack(pack(found), DIM, HOP_S, WINDOW_S)
    assert kept is not None
    assert pack(kept) == pack(found)


def test_other_rules_are_cut_anew_and_damage_is_said() -> None:
    data = pack(diarize(windows([(0, 20), (1, 20)], voices(2)), HOP_S, WINDOW_S))
    assert unpack(b"\x01" + data[1:], DIM, HOP_S, WINDOW_S) is None
    for damaged in (b"", data[:6], data[:-1]):
        with pytest.raises(DatabaseError):
            unpack(damaged, DIM, HOP_S, WINDOW_S)


def test_memory_of_many_hours_grows_no_faster_than_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resegmentation, "AT_ONCE", 300)
    monkeypatch.setattr(clustering.people, "__defaults__", (clustering.JOIN, 60, 120))

    def peak(turns: int) -> int:
        rows = windows(talk(turns, 6, 3), voices(6))
        tracemalloc.start()
        diarize(rows, HOP_S, WINDOW_S)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(240) < 5 * peak(60)
