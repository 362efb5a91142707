"""How people across recordings are measured: what figures mean, and who is heard in a composed archive."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.errors import VoicemarkError
from voicemark.lab.evaluation.people import PeopleRow, at_best, one_after_the_other, together
from voicemark.lab.evaluation.people_archive import GUESTS, REGULARS, SHOWS, cast_archive
from voicemark.lab.evaluation.people_heard import Heard
from voicemark.lab.evaluation.people_scale import made_up, measure_scale
from voicemark.lab.evaluation.people_score import b_cubed, score_people
from voicemark.voice.linking import NOBODY, link_all


def heard(time: list[list[float]], recordings: list[int]) -> Heard:
    """Local speakers with seconds of each person; nothing was missed."""
    table = np.array(time, np.float64)
    count = len(table)
    return Heard(
        directions=np.zeros((count, 4), np.int8),
        windows=np.ones(count, np.int64),
        seconds=table.sum(axis=1),
        recordings=np.array(recordings),
        shows=np.zeros(max(recordings) + 1, np.int64),
        people=tuple("abcdef"[: table.shape[1]]),
        time=table,
        whose=np.where(table.any(axis=1), table.argmax(axis=1), NOBODY),
        begins_s=np.zeros(count),
        missed=np.zeros((max(recordings) + 1, table.shape[1])),
        hours=1.0,
    )


ARCHIVE = heard([[10, 0], [10, 0], [8, 2], [0, 30], [0, 0]], [0, 1, 2, 2, 3])


def test_time_counts_not_heads() -> None:
    score = score_people(ARCHIVE, np.array([1, 1, 1, 1, 1]), {})
    assert (score.purity, score.coverage, score.groups) == (32 / 60, 1.0, 1)
    assert score.wrong_links == 4  # the main one has most time, three are another, one is nobody


def test_only_who_comes_back_must_be_in_one_group() -> None:
    score = score_people(ARCHIVE, np.array([1, 1, 2, NOBODY, NOBODY]), {})
    assert score.coverage == 20 / 28
    assert score.purity == 28 / 30
    assert score.wrong_links == 0
    assert score.acts == 2  # two groups get one name


def test_a_sound_is_no_group_of_people() -> None:
    score = score_people(ARCHIVE, np.array([1, 1, 1, NOBODY, 7]), {7: "sound"})
    assert (score.groups, score.wrong_links, score.acts) == (1, 0, 1)


def test_nobody_found_costs_an_act_for_each_local_speaker() -> None:
    score = score_people(ARCHIVE, np.full(5, NOBODY), {})
    assert (score.purity, score.coverage, score.acts) == (1.0, 0.0, 3)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), groups=st.integers(1, 4), people=st.integers(1, 4))
def test_b_cubed_is_that_of_every_second_by_itself(seed: int, groups: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 5, (groups, people))
    if not table.sum():
        return
    seconds = [(g, p) for g in range(groups) for p in range(people) for _ in range(table[g, p])]
    precision = np.mean([np.mean([q == p for h, q in seconds if h == g]) for g, p in seconds])
    recall = np.mean([np.mean([h == g for h, q in seconds if q == p]) for g, p in seconds])
    assert b_cubed(table.astype(float), np.zeros((1, people)))[:2] == pytest.approx((precision, recall))


def test_at_best_gives_nobody_two_of_one_recording() -> None:
    two = heard([[10, 0], [5, 0], [0, 3]], [0, 0, 0])
    assert at_best(two).tolist() == [0, NOBODY, 1]


def corpus(folder: Path, voices: int) -> Path:
    rows = [(f"{k}-{n}.wav", f"s{k}", 15 if k < 30 else 8) for k in range(voices) for n in range(5)]
    for path, _, _ in rows:
        (folder / path).touch()
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "speaker", "seconds", "split"], *([*row, "dev"] for row in rows)])
    return folder


def test_everybody_who_comes_back_is_heard_in_three_recordings_and_guests_once(tmp_path: Path) -> None:
    casts = cast_archive(corpus(tmp_path, 90), "dev", 3)
    heard_in: dict[str, list[int]] = {}
    for cast in casts:
        assert len(cast.clips) == 1 + REGULARS + GUESTS
        for clips in cast.clips:
            heard_in.setdefault(str(clips[0].speaker), []).append(cast.number)
    often = {name for name, numbers in heard_in.items() if len(numbers) > 1}
    assert len(often) == 30
    assert min(len(heard_in[name]) for name in often) >= 3
    presenters = [cast.clips[0][0].speaker for cast in casts]
    assert all(presenters[k] == presenters[k + SHOWS] for k in range(len(casts) - SHOWS))


def test_a_longer_archive_begins_as_a_shorter_one_and_guests_come_twice_at_most(tmp_path: Path) -> None:
    voices = corpus(tmp_path, 50)
    long = cast_archive(voices, "dev", 3, recordings=30)
    assert long[:9] == cast_archive(voices, "dev", 3, recordings=9)
    guests = [str(clips[0].speaker) for cast in long for clips in cast.clips[1 + REGULARS :]]
    assert len(guests) == 2 * 20
    assert set(guests[:20]) == set(guests[20:])


def test_wrong_links_of_all_archives_are_told_together() -> None:
    score = score_people(ARCHIVE, np.array([1, 1, 1, 1, 1]), {})
    none = score_people(ARCHIVE, np.full(5, NOBODY), {})
    rows = [PeopleRow("a", "all at once", score), PeopleRow("b", "all at once", none), PeopleRow("b", "at best", none)]
    assert together(rows) == [("all at once", 4, 2.0), ("at best", 0, 1.0)]


def test_a_corpus_of_too_few_voices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoicemarkError, match="29 voices"):
        cast_archive(corpus(tmp_path, 29), "dev", 1)


def test_made_up_people_are_found_and_strangers_are_not() -> None:
    made = made_up(1000, 1)
    at_once, (after, _) = link_all(made, {}).persons, one_after_the_other(made)
    for persons in (at_once, after):
        assert 0.35 < (persons != NOBODY).mean() < 0.5  # of half of them, a fifth are a second one in a recording
    assert measure_scale(400).local_speakers == 400
