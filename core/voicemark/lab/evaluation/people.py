"""People across recordings, measured: composed archives, linked as the program does, against what is true.

Each archive is linked at once and one recording after the other, and stands beside what could be reached at best by who
gives nobody two local speakers of one recording.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voicemark.lab.backend.fit import BackEnd, fit
from voicemark.lab.evaluation.embedders import OwnEmbedder
from voicemark.lab.evaluation.people_archive import RECORDINGS, compose_archive
from voicemark.lab.evaluation.people_heard import Heard, hear_archive
from voicemark.lab.evaluation.people_score import PeopleScore, score_people
from voicemark.voice import weights
from voicemark.voice.linking import NOBODY, Speakers, link_all, link_new
from voicemark.voice.linking_sounds import noise_like

Say = Callable[[str], None]


@dataclass(frozen=True)
class PeoplePlan:
    """What to compose and how to hear it. `left_out`: sources kept out of background and cohort."""

    corpus: Path
    noise: Path
    composer: Path
    split: str
    seeds: tuple[int, ...]
    minutes: float
    work: Path
    recordings: int = RECORDINGS
    model: Path | None = None
    left_out: tuple[str, ...] = ()
    background: tuple[Path, ...] = ()


@dataclass(frozen=True)
class PeopleRow:
    """One archive, linked in one way."""

    archive: str
    how: str
    score: PeopleScore


def evaluate_people(plan: PeoplePlan, say: Say = lambda text: None) -> list[PeopleRow]:
    """Three rows of each archive, on one core. Raises what composing and hearing raise."""
    torch.set_num_threads(1)
    embedder = OwnEmbedder(_model(plan, say))
    rows = []
    for seed in plan.seeds:
        what = (plan.composer, plan.corpus, plan.noise, plan.split, seed, plan.minutes, plan.work, say)
        archive = compose_archive(*what, recordings=plan.recordings)
        heard = hear_archive(archive, embedder, plan.work, say=say)
        cohort = None if embedder.cohort is None else embedder.cohort.numpy()
        say(f"linking archive {seed}")
        speakers = speakers_of(heard, cohort)
        name = f"{plan.composer.stem} {seed}"
        at_once = link_all(speakers, {})
        rows.append(PeopleRow(name, "all at once", score_people(heard, at_once.persons, at_once.kinds)))
        rows.append(PeopleRow(name, "one after the other", score_people(heard, *one_after_the_other(speakers))))
        rows.append(PeopleRow(name, "at best", score_people(heard, at_best(heard), {})))
    return rows


def speakers_of(heard: Heard, cohort: NDArray[np.float32] | None) -> Speakers:
    """As the program links them, nobody known yet."""
    count = len(heard.windows)
    return Speakers(
        heard.directions,
        heard.seconds,
        heard.begins_s,
        heard.recordings,
        np.full(count, NOBODY),
        np.zeros(count, np.bool_),
        noise_like(heard.directions, cohort),
    )


def one_after_the_other(speakers: Speakers) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Each recording linked as it comes, never anew: whose each is, and of which kind they are."""
    persons = np.full(len(speakers), NOBODY)
    kinds: dict[int, str] = {}
    for recording in np.unique(speakers.recordings):
        known = np.flatnonzero(speakers.recordings <= recording)
        linked = link_new(_only(speakers, persons, known), kinds, speakers.recordings[known] == recording)
        numbers = {person: 1 + len(kinds) + k for k, person in enumerate(linked.kinds)}
        kinds |= {numbers[person]: kind for person, kind in linked.kinds.items()}
        persons[known] = [numbers.get(person, person) for person in linked.persons.tolist()]
    return persons, kinds


def at_best(heard: Heard) -> NDArray[np.int64]:
    """Whose each truly is, but that of each recording only the longest is somebody's."""
    persons = np.full(len(heard.windows), NOBODY)
    taken: set[tuple[int, int]] = set()
    for k in np.argsort(-heard.time.max(axis=1, initial=0.0), kind="stable").tolist():
        key = (int(heard.recordings[k]), int(heard.whose[k]))
        if heard.whose[k] != NOBODY and key not in taken:
            taken.add(key)
            persons[k] = heard.whose[k]
    return persons


def _only(speakers: Speakers, persons: NDArray[np.int64], places: NDArray[np.int64]) -> Speakers:
    return Speakers(
        speakers.directions[places],
        speakers.seconds[places],
        speakers.begins_s[places],
        speakers.recordings[places],
        persons[places],
        speakers.fixed[places],
        speakers.noise[places],
    )


def _model(plan: PeoplePlan, say: Say) -> Path | None:
    """The weights, or what they are without the sources that are left out, fitted once."""
    if not plan.left_out:
        return plan.model
    shipped = weights.load(plan.model)
    kept = plan.work / f"{shipped.model_id}-without-{'-'.join(sorted(plan.left_out))}.safetensors"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        corpora = (plan.corpus, *plan.background)
        weights.write(kept, fit(shipped, BackEnd(plan.corpus, plan.noise, False, corpora, plan.left_out), say))
    return kept


def together(rows: Sequence[PeopleRow]) -> list[tuple[str, int, float]]:
    """Of all archives, for each way of linking: wrong links, in so many hours."""
    ways = dict.fromkeys(row.how for row in rows)
    found = {how: [row.score for row in rows if row.how == how] for how in ways}
    return [(how, sum(one.wrong_links for one in of), sum(one.hours for one in of)) for how, of in found.items()]


def together_table(rows: Sequence[PeopleRow]) -> list[list[str]]:
    """Header and a line for each way of linking."""
    lines = [[how, str(wrong), f"{hours:.1f}", f"{100 * wrong / hours:.1f}"] for how, wrong, hours in together(rows)]
    return [["linked", "wrong links", "hours", "per 100 h"], *lines]


def people_table(rows: Sequence[PeopleRow]) -> list[list[str]]:
    """Header and a line for each row."""
    header = ["archive", "linked", "groups", "purity", "coverage", "B-cubed F", "wrong links", "per 100 h", "acts"]
    return [
        header,
        *(
            [
                row.archive,
                row.how,
                str(row.score.groups),
                f"{row.score.purity:.3f}",
                f"{row.score.coverage:.3f}",
                f"{row.score.b_cubed_f:.3f}",
                f"{row.score.wrong_links} in {row.score.hours:.1f} h",
                f"{row.score.wrong_per_100_h:.0f}",
                f"{row.score.acts:.2f}",
            ]
            for row in rows
        ),
    ]
