"""People across recordings: rules that no input breaks, a slow reference, and that order and re-runs change little."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.talk import unit

from voicemark.voice import linking_state
from voicemark.voice.linking import IGNORED, NOBODY, PERSON, SOUND, THIN_S, Speakers, link_all, link_new
from voicemark.voice.linking_evidence import BETWEEN, RECORDING
from voicemark.voice.linking_state import LinkState
from voicemark.voice.quantisation import quantise, restore

DIM = 128


def archive(
    people: int, recordings: int, seed: int, share: float = 0.5, seconds: tuple[float, float] = (2.0, 90.0)
) -> tuple[Speakers, np.ndarray]:
    """Local speakers of `people` who are each in about a `share` of the recordings, as the model expects them."""
    rng = np.random.default_rng(seed)
    voices = unit(rng.standard_normal((people, DIM)).astype(np.float32))
    places = [(r, p) for r in range(recordings) for p in range(people) if rng.random() < share]
    whose = np.array([p for _, p in places], np.int64)
    long: NDArray[np.float64] = rng.uniform(*seconds, len(places))
    variance = RECORDING + 0.52 / np.maximum(1, long / 2)
    heard = (
        voices[whose] * np.sqrt(BETWEEN)
        + rng.standard_normal((len(places), DIM)) * 0.9 * np.sqrt(variance / DIM)[:, None]
    )
    return of(heard, long, np.array([r for r, _ in places], np.int64)), whose


def of(heard: np.ndarray, seconds: NDArray[np.float64], recordings: NDArray[np.int64]) -> Speakers:
    count = len(heard)
    return Speakers(
        quantise(heard.astype(np.float32).reshape(count, DIM)),
        np.asarray(seconds, np.float64),
        np.linspace(0.0, 1e5, count),
        recordings,
        np.full(count, NOBODY),
        np.zeros(count, np.bool_),
        np.zeros(count, np.bool_),
    )


def some(speakers: Speakers, places: np.ndarray) -> Speakers:
    return replace(
        speakers,
        directions=speakers.directions[places],
        seconds=speakers.seconds[places],
        begins_s=speakers.begins_s[places],
        recordings=speakers.recordings[places],
        persons=speakers.persons[places],
        fixed=speakers.fixed[places],
        noise=speakers.noise[places],
        apart=frozenset(),
    )


def groups(persons: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(persons == one).tolist()) for one in set(persons.tolist()) - {NOBODY}}


def one_after_the_other(speakers: Speakers, order: list[int]) -> np.ndarray:
    """Recordings come in this order, each linked as it comes."""
    known = np.zeros(0, np.int64)
    persons = np.full(len(speakers), NOBODY)
    kinds: dict[int, str] = {}
    for recording in order:
        new = np.flatnonzero(speakers.recordings == recording)
        known = np.concatenate((known, new))
        linked = link_new(some(replace(speakers, persons=persons), known), kinds, np.isin(known, new))
        numbers = {one: 1 + len(kinds) + k for k, one in enumerate(linked.kinds)}
        kinds |= {numbers[one]: kind for one, kind in linked.kinds.items()}
        persons[known] = [numbers.get(one, one) for one in linked.persons.tolist()]
    return persons


def test_people_who_come_back_are_found_and_nobody_else_is_among_them() -> None:
    speakers, whose = archive(8, 12, 1, seconds=(THIN_S, 90.0))
    found = link_all(speakers, {})
    assert set(found.kinds.values()) == {PERSON}
    assert groups(found.persons) == {frozenset(np.flatnonzero(whose == p).tolist()) for p in range(8)}
    assert (found.scores > linking_state.JOIN).all()


def test_somebody_in_one_recording_or_for_less_than_a_minute_is_nobody_yet() -> None:
    speakers, _ = archive(1, 4, 1, share=1.0, seconds=(30.0, 40.0))
    assert link_all(some(speakers, np.arange(1)), {}).persons.tolist() == [NOBODY]
    assert link_all(some(speakers, np.arange(2)), {}).persons.tolist() == [-2, -2]
    short = replace(speakers, seconds=np.full(4, 14.9))
    assert link_all(short, {}).persons.tolist() == [NOBODY] * 4


@pytest.mark.parametrize("anew", [False, True])
def test_who_speaks_for_a_moment_is_linked_by_no_machine(anew: bool) -> None:
    speakers, _ = archive(1, 24, 2, share=1.0, seconds=(30.0, 40.0))
    seconds = speakers.seconds.copy()
    seconds[-1] = THIN_S - 0.1
    mine = replace(speakers, seconds=seconds)
    found = link_all(mine, {}) if anew else link_new(mine, {}, np.ones(24, np.bool_), again=True)
    assert found.persons.tolist() == [-2] * 23 + [NOBODY]


def test_who_is_about_as_likely_two_people_is_neither() -> None:
    speakers, whose = archive(2, 8, 12, share=1.0, seconds=(35.0, 60.0))
    units = restore(speakers.directions)
    between = quantise((units[whose == 0][-1:] + units[whose == 1][-1:]).astype(np.float32))
    one = some(speakers, np.array([0]))
    mixed = Speakers(
        np.concatenate((speakers.directions, between)),
        np.append(speakers.seconds, 60.0),
        np.append(speakers.begins_s, one.begins_s),
        np.append(speakers.recordings, 8),
        np.full(len(whose) + 1, NOBODY),
        np.zeros(len(whose) + 1, np.bool_),
        np.zeros(len(whose) + 1, np.bool_),
    )
    found = link_all(mixed, {}).persons
    assert found[-1] == NOBODY
    assert len(set(found[:-1].tolist())) == 2
    known = replace(mixed, persons=np.append(found[:-1] + 10, NOBODY))
    assert link_new(known, {}, np.arange(len(mixed)) == len(whose)).persons[-1] == NOBODY


def test_what_is_released_leaves_nobody_behind_who_is_heard_too_little() -> None:
    speakers, _ = archive(1, 3, 11, share=1.0, seconds=(35.0, 40.0))
    other = np.random.default_rng(1).standard_normal((1, DIM)).astype(np.float32)
    directions = np.concatenate((speakers.directions[:2], quantise(other)))
    state = LinkState(replace(speakers, directions=directions, persons=np.full(3, -7)), {-7: PERSON})
    state.release(np.arange(3))
    assert state.persons.tolist() == [-7, -7, NOBODY]
    short = LinkState(replace(state.speakers, seconds=np.array([35.0, 20.0, 35.0])), {-7: PERSON})
    short.release(np.arange(3))
    assert short.persons.tolist() == [NOBODY] * 3


def test_what_comes_back_unchanged_is_a_sound_and_no_person() -> None:
    speakers, _ = archive(3, 6, 3, share=1.0, seconds=(10.0, 60.0))
    rng = np.random.default_rng(5)
    tune = np.tile(rng.standard_normal(DIM), (6, 1)) + 0.05 * rng.standard_normal((6, DIM))
    both = np.concatenate((speakers.directions, quantise(tune.astype(np.float32))))
    with_tune = Speakers(
        both,
        np.append(speakers.seconds, np.full(6, 6.0)),
        np.append(speakers.begins_s, np.zeros(6)),
        np.append(speakers.recordings, np.arange(6)),
        np.full(len(both), NOBODY),
        np.zeros(len(both), np.bool_),
        np.zeros(len(both), np.bool_),
    )
    found = link_all(with_tune, {})
    assert [found.kinds[one] for one in set(found.persons[-6:].tolist())] == [SOUND]
    assert {found.kinds[one] for one in set(found.persons[:-6].tolist())} == {PERSON}
    longer = replace(with_tune, seconds=np.append(speakers.seconds, np.full(6, 40.0)))
    assert SOUND not in link_all(longer, {}).kinds.values()


def test_a_sound_that_is_known_is_known_again() -> None:
    tune = np.tile(np.random.default_rng(1).standard_normal(DIM), (4, 1))
    speakers = of(tune, np.full(4, 6.0), np.arange(4))
    known = replace(speakers, persons=np.array([7, 7, 7, NOBODY]))
    assert link_new(known, {7: SOUND}, np.arange(4) == 3).persons.tolist() == [7] * 4


def test_noise_that_comes_back_is_a_sound_and_joins_nobody() -> None:
    speakers, whose = archive(2, 6, 11, share=1.0, seconds=(35.0, 40.0))
    found = link_all(replace(speakers, noise=whose == 1), {})
    assert [found.kinds[one] for one in found.persons.tolist()] == [SOUND if p else PERSON for p in whose]
    later = replace(speakers, noise=whose == 1, persons=np.where(speakers.recordings == 5, NOBODY, found.persons + 10))
    kinds = {person + 10: kind for person, kind in found.kinds.items()}
    assert (link_new(later, kinds, speakers.recordings == 5).persons == found.persons + 10).all()


def test_a_programme_that_is_shown_again_makes_no_sounds_of_its_people() -> None:
    speakers, _ = archive(5, 1, 4, share=1.0, seconds=(6.0, 19.0))
    twice = np.tile(np.arange(len(speakers)), 3)
    again = replace(some(speakers, twice), recordings=np.repeat(np.arange(3), len(speakers)))
    assert SOUND not in link_all(again, {}).kinds.values()


def test_two_of_one_recording_are_not_one_person_however_alike() -> None:
    speakers, _ = archive(1, 6, 5, share=1.0, seconds=(40.0, 60.0))
    twin = some(speakers, np.append(np.arange(6), 0))
    found = link_all(twin, {}).persons
    assert (found == -2).sum() == 6
    assert NOBODY in (found[0], found[-1])


def test_who_was_left_over_is_offered_to_whoever_is_made() -> None:
    speakers, _ = archive(1, 4, 6, share=1.0, seconds=(35.0, 40.0))
    persons = one_after_the_other(speakers, [0, 1, 2, 3])
    assert len(set(persons.tolist())) == 1
    assert persons[0] != NOBODY


def test_an_ignored_person_takes_in_who_sounds_like_it() -> None:
    speakers, _ = archive(2, 6, 7, share=1.0, seconds=(35.0, 40.0))
    fixed = np.zeros(len(speakers), np.bool_)
    fixed[:4:2] = True
    mine = replace(speakers, persons=np.where(fixed, 3, NOBODY), fixed=fixed)
    found = link_all(mine, {3: IGNORED})
    assert (found.persons[::2] == 3).all()
    assert list(found.kinds.values()) == [PERSON]


def test_who_a_person_kept_apart_is_given_to_somebody_else_or_nobody() -> None:
    speakers, _ = archive(1, 6, 8, share=1.0, seconds=(35.0, 60.0))
    known = replace(speakers, persons=np.array([9, 9, 9, 9, NOBODY, NOBODY]), apart=frozenset({(4, 9)}))
    found = link_new(known, {}, np.arange(6) >= 4).persons.tolist()
    assert found[4] != 9
    assert found[5] == 9


@pytest.mark.parametrize("anew", [False, True])
def test_whom_a_person_kept_apart_keeps_nobody_from_being_given_to_another(anew: bool) -> None:
    """However alike both are."""
    speakers, _ = archive(1, 6, 8, share=1.0, seconds=(60.0, 90.0))
    mine = replace(
        speakers,
        persons=np.array([9, 9, 8, 8, NOBODY, NOBODY]),
        fixed=np.arange(6) < 4,
        apart=frozenset({(4, 9)}),
    )
    found = link_all(mine, {}) if anew else link_new(mine, {}, np.arange(6) >= 4)
    assert found.persons.tolist() == [9, 9, 8, 8, 8, NOBODY]


def test_a_number_does_not_come_back_with_somebody_who_was_taken_out_of_it() -> None:
    speakers, _ = archive(1, 6, 8, share=1.0, seconds=(35.0, 60.0))
    known = replace(speakers, persons=np.array([9, 9, 9, 9, 9, NOBODY]), apart=frozenset({(5, 9)}))
    found = link_all(known, {}).persons
    assert found[5] != 9


def test_everybody_anew_keeps_the_numbers() -> None:
    speakers, whose = archive(6, 10, 9, seconds=(THIN_S, 90.0))
    numbers = np.array([40, 30, 20, 10, 50, 60])
    before = replace(speakers, persons=numbers[whose])
    assert link_all(before, {}).persons.tolist() == before.persons.tolist()
    mixed = before.persons.copy()
    mixed[np.flatnonzero(whose == 0)[:1]] = 30  # the machine was wrong once; the number stays with the others
    assert link_all(replace(before, persons=mixed), {}).persons.tolist() == before.persons.tolist()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), people=st.integers(1, 6), recordings=st.integers(1, 8), again=st.booleans())
def test_a_machine_moves_nothing_that_is_fixed_and_keeps_to_the_rules(
    seed: int, people: int, recordings: int, again: bool
) -> None:
    speakers, _ = archive(people, recordings, seed)
    rng = np.random.default_rng(seed)
    fixed = rng.random(len(speakers)) < 0.3
    persons = np.where(fixed, rng.integers(1, 4, len(speakers)), NOBODY)
    apart = frozenset(
        (int(k), int(rng.integers(1, 4))) for k in np.flatnonzero(~fixed & (rng.random(len(fixed)) < 0.3))
    )
    said = replace(speakers, persons=persons, fixed=fixed, apart=apart)
    kinds = {1: PERSON, 2: IGNORED, 3: SOUND}
    found = link_all(said, kinds) if again else link_new(said, kinds, np.ones(len(said), np.bool_))
    assert (found.persons[fixed] == persons[fixed]).all()
    assert all(found.persons[k] != person for k, person in apart)
    by_machine = {
        (int(r), int(p)) for r, p in zip(said.recordings[~fixed], found.persons[~fixed], strict=True) if p != NOBODY
    }
    assert len(by_machine) == (found.persons[~fixed] != NOBODY).sum()
    assert not by_machine & set(zip(said.recordings[fixed].tolist(), persons[fixed].tolist(), strict=True))
    assert set(found.persons[found.persons < NOBODY].tolist()) == set(found.kinds)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_everybody_anew_does_not_depend_on_the_order(seed: int) -> None:
    speakers, _ = archive(6, 8, seed)
    order = np.random.default_rng(seed + 1).permutation(len(speakers))
    straight = link_all(speakers, {}).persons
    turned = np.empty_like(straight)
    turned[order] = link_all(some(speakers, order), {}).persons
    assert groups(straight) == groups(turned)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_one_after_the_other_in_any_order_is_nearly_as_all_at_once(seed: int) -> None:
    """At most a tenth of the time is somebody else's than after linking everybody anew."""
    speakers, _ = archive(6, 8, seed, seconds=(8.0, 90.0))
    whole = link_all(speakers, {}).persons
    order = np.random.default_rng(seed).permutation(8).tolist()
    came = one_after_the_other(speakers, order)
    together = sum(max((speakers.seconds[list(a & b)].sum() for b in groups(came)), default=0.0) for a in groups(whole))
    assert together >= 0.9 * speakers.seconds[whole != NOBODY].sum()


@pytest.mark.parametrize("again", [False, True])
def test_nobody_at_all_is_linked_to_nobody(again: bool) -> None:
    nothing = of(np.zeros((0, DIM)), np.zeros(0), np.zeros(0, np.int64))
    found = link_all(nothing, {}) if again else link_new(nothing, {}, np.zeros(0, np.bool_))
    assert len(found.persons) == len(found.scores) == len(found.kinds) == 0
