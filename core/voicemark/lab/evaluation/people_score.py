"""How well people were found across an archive: shares of time, links that are wrong, and what an owner must do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.lab.evaluation.people_heard import Heard
from voicemark.voice.linking import NOBODY, PERSON

OFTEN = 3  # recordings in which somebody must be heard to count as coming back
NAMED = 0.9  # of the time of those who come back that an owner names


@dataclass(frozen=True)
class PeopleScore:
    """Shares are of 1; time is that in which one person speaks alone."""

    hours: float
    local_speakers: int
    groups: int
    purity: float
    """Of the time in groups, that of each group's main person."""
    coverage: float
    """Of the time of people who are heard in `OFTEN` recordings, that in their largest group."""
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f: float
    """Of all time; a local speaker in no group is a group by itself."""
    wrong_links: int
    """Local speakers in a group of somebody else, or of nobody."""
    wrong_per_100_h: float
    acts: float
    """For each person who comes back, until `NAMED` of their time is named: names, merges, splits, answers."""


def score_people(heard: Heard, persons: NDArray[np.int64], kinds: Mapping[int, str]) -> PeopleScore:
    """`persons` (s,): whose each local speaker was found to be, `NOBODY`; `kinds` of those that are not persons."""
    shown = np.array([p != NOBODY and kinds.get(int(p), PERSON) == PERSON for p in persons], np.bool_)
    numbers, groups = np.unique(persons[shown], return_inverse=True)
    table = np.zeros((len(numbers), len(heard.people)))
    np.add.at(table, groups, heard.time[shown])
    often = _often(heard)
    total = heard.time.sum(axis=0) + heard.missed.sum(axis=0)
    wrong = _wrong(heard, shown, groups, table)
    rows = np.concatenate((table, heard.time[~shown]))
    precision, recall, f = b_cubed(rows, heard.missed)
    return PeopleScore(
        hours=heard.hours,
        local_speakers=len(persons),
        groups=len(numbers),
        purity=_share(table.max(axis=1, initial=0.0).sum(), table.sum()),
        coverage=_share(table[:, often].max(axis=0, initial=0.0).sum(), total[often].sum()),
        b_cubed_precision=precision,
        b_cubed_recall=recall,
        b_cubed_f=f,
        wrong_links=len(wrong),
        wrong_per_100_h=100 * len(wrong) / heard.hours,
        acts=acts_until_named(heard, shown, groups, table, often) / max(1, int(often.sum())),
    )


def b_cubed(groups: NDArray[np.float64], missed: NDArray[np.float64]) -> tuple[float, float, float]:
    """Precision, recall and F of seconds (g, p) by group and person (Bagga and Baldwin, "Entity-Based Cross-Document
    Coreferencing Using the Vector Space Model", COLING-ACL 1998, section 3, weighted by time).

    `missed` (r, p) is in no group: each second by itself, which is precise and recalls nothing.
    """
    in_group, of_person = groups.sum(axis=1), groups.sum(axis=0) + missed.sum(axis=0)
    everything = of_person.sum()
    squares = groups**2
    precision = ((squares.sum(axis=1) / np.maximum(in_group, 1e-9)).sum() + missed.sum()) / max(everything, 1e-9)
    recall = (squares.sum(axis=0) / np.maximum(of_person, 1e-9)).sum() / max(everything, 1e-9)
    return float(precision), float(recall), float(2 * precision * recall / max(precision + recall, 1e-9))


def _often(heard: Heard) -> NDArray[np.bool_]:
    """(p,): who is heard in `OFTEN` recordings."""
    count = np.zeros(len(heard.people), np.int64)
    for recording in range(len(heard.shows)):
        here = heard.time[heard.recordings == recording].sum(axis=0) + heard.missed[recording]
        count += here > 0
    return count >= OFTEN


def _wrong(
    heard: Heard, shown: NDArray[np.bool_], groups: NDArray[np.int64], table: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Local speakers who are not their group's main person; one who is nobody is wrong too."""
    places = np.flatnonzero(shown)
    if not len(places):
        return places
    return np.asarray(places[heard.whose[places] != table.argmax(axis=1)[groups]], np.int64)


def acts_until_named(
    heard: Heard,
    shown: NDArray[np.bool_],
    groups: NDArray[np.int64],
    table: NDArray[np.float64],
    often: NDArray[np.bool_],
) -> int:
    """What an owner does who names groups, the most heard first, and then says of single local speakers who they are.

    Naming a group is an act, also where it becomes one with a group that has the name; taking a wrong local speaker out
    of it is another, and naming one that is in no group. The owner names nobody who is heard in fewer recordings.
    """
    wanted = NAMED * (heard.time.sum(axis=0) + heard.missed.sum(axis=0))[often].sum()
    main = table.argmax(axis=1) if len(table) else np.zeros(0, np.int64)
    wrong = set(_wrong(heard, shown, groups, table).tolist())
    cost = np.ones(len(table), np.int64)
    for place, group in zip(np.flatnonzero(shown).tolist(), groups.tolist(), strict=True):
        cost[group] += place in wrong
    gains = [(table[g, main[g]], int(cost[g])) for g in range(len(table)) if often[main[g]]]
    alone = heard.time[~shown]
    whose = alone.argmax(axis=1) if len(alone) else np.zeros(0, np.int64)
    singles = [(float(row[who]), 1) for row, who in zip(alone, whose, strict=True) if often[who]]
    named, acts = 0.0, 0
    for gain, price in [*sorted(gains, reverse=True), *sorted(singles, reverse=True)]:
        if named >= wanted:
            break
        named += gain
        acts += price
    return acts


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 1.0
