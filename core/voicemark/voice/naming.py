"""How much every turn of a recording sounds like every voice: its person first, then the turn itself.

A voice is the middle of its memory, a local speaker (`voicemark.voice.diarization`) that of all its windows in the
recording. Their cosine is normalised (`voicemark.voice.score_norm`) and made comparable between much and little
speech: the mean of n windows that share no audio lies √(1 + SPREAD / n) further from its voice than that of very many:

    score = normalised · √(1 + SPREAD / n) / √(1 + SPREAD / n of REFERENCE_S)

and one threshold holds from one short turn to an hour; of somebody heard for REFERENCE_S the score is the normalised
cosine. What strangers reach rises with n in the same way, which a threshold on cosines alone cannot follow.

    of a turn = (1 − w) · its person's + w · its own,   w = OWN · n / (n + OWN_HALF)

so somebody else's voice-over inside a person counts against it, the more the longer it is.

Somebody who is heard for less than THIN_S needs THIN more: chance is largest there.

The same goes for a memory of few windows, by what a window adds to a person (`voicemark.voice.evidence`).

What a person denied lowers the score of that voice where it is nearer than her memory (`voicemark.voice.corrections`).

Where two voices claim one person, a turn goes by what it sounds like itself: a voice loses RIVAL · n / (n + OWN_HALF)
of what the other's own score there is higher.

A voice sounds in a recording as it does where it is surest. A person who reaches less than RELATIVE of that is somebody
like the voice: `without_alike` lowers its turns to half of what they have, once a verifier has been heard. Only
persons of SURE_S and more say how sure a voice is.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.result import Taken
from voicemark.voice.corrections import against
from voicemark.voice.diarization import Diarization
from voicemark.voice.evidence import BETWEEN, WINDOW, independent
from voicemark.voice.match import AT_ONCE, SILENT, VoiceBook
from voicemark.voice.quantisation import restore
from voicemark.voice.score_norm import ScoreNorm
from voicemark.voice.threads import one_thread

SPREAD = 8.0  # what a single window adds to what very many differ by from their voice
REFERENCE_S = 20.0
THIN_S, THIN = 5.0, 0.05
OWN, OWN_HALF = 0.2, 4.0
RIVAL = 0.5
RELATIVE = 0.78
USUAL_MEMORY = 30  # windows, of which a score stays as it is
SURE_S = 8.0
BLOCK = 512  # their cosines with a cohort of 4,000 rows are 8 MB
MARGIN = 0.15  # people who stay so far below the lowest threshold are not asked what their turns sound like themselves

Floats = NDArray[np.float32]


def name_speakers(found: Diarization, book: VoiceBook) -> Tensor:
    """Scores (voices, t) of the turns of a recording, on the CPU; `SILENT` where a turn is nobody's."""
    return name_all([found], book)[0]


def name_all(
    found: Sequence[Diarization], book: VoiceBook, taken: Sequence[Taken | None] | None = None
) -> list[Tensor]:
    """As `name_speakers`, of many recordings with a few matrix products. `taken` is what is kept of them for it."""
    if not found or not len(book):
        return [torch.zeros(len(book), len(one)) for one in found]
    known, by_person, heard = _near_people(found, book, taken or [None] * len(found))
    factors = [
        evidence_factor(one.lengths[turns], one.hop_s, one.window_s) for one, turns in zip(found, heard, strict=True)
    ]
    data = [one.data[turns] for one, turns in zip(found, heard, strict=True)]
    lost = [one.values[len(of.people) :][turns] for one, of, turns in zip(known, found, heard, strict=True)]
    own = _scores(data, factors, lost, book)
    return [torch.from_numpy(_of_turns(*of_one)) for of_one in zip(found, by_person, heard, own, strict=True)]


def taken_from(found: Sequence[Diarization], norm: ScoreNorm) -> list[Taken]:
    """What the cohort takes from the people and the turns of each recording: all that any match may need."""
    everything = [np.arange(len(one.people) + len(one)) for one in found]
    return _completed(found, norm, [None] * len(found), everything)


def taken_for(found: Sequence[Diarization], book: VoiceBook, kept: Sequence[Taken | None]) -> list[Taken]:
    """What a match with `book` needs of it, which of most turns is nothing. What is kept with the same cohort is not
    computed again; it is the same object where it is enough."""
    enough = [one for one in kept if one and one.cohort == book.norm.digest and not np.isnan(one.values).any()]
    return enough if len(enough) == len(found) else _near_people(found, book, kept)[0]


def _near_people(
    found: Sequence[Diarization], book: VoiceBook, kept: Sequence[Taken | None]
) -> tuple[list[Taken], list[Floats], list[NDArray[np.int64]]]:
    """What is taken from all people and from those turns that are heard by themselves, the scores (voices, p) of the
    people of each recording, and which turns these are."""
    known = _completed(found, book.norm, kept, [np.arange(len(one.people)) for one in found])
    by_person = _of_people(found, book, known)
    if len(book):
        floor = floor_of(book)
        heard = [_near(one, scores, floor) for one, scores in zip(found, by_person, strict=True)]
    else:
        heard = [np.zeros(0, np.int64) for _ in found]
    turns = [len(one.people) + of_one for one, of_one in zip(found, heard, strict=True)]
    return _completed(found, book.norm, known, turns), by_person, heard


def _completed(
    found: Sequence[Diarization],
    norm: ScoreNorm,
    kept: Sequence[Taken | None],
    wanted: Sequence[NDArray[np.int64]],
) -> list[Taken]:
    """`kept` with what is `wanted` of each recording's people and turns, which are one row after the other."""
    known = [
        one if one is not None and one.cohort == norm.digest
        else Taken(norm.digest, np.full(len(of.people) + len(of), np.nan, np.float32))
        for one, of in zip(kept, found, strict=True)
    ]  # fmt: skip
    missing = [which[np.isnan(one.values[which])] for one, which in zip(known, wanted, strict=True)]
    new = [k for k, which in enumerate(missing) if len(which)]
    rows = [np.concatenate((found[k].people, found[k].data))[missing[k]] for k in new]
    with one_thread():
        blocks = [_of_rows(block, norm) for block in _blocks(np.concatenate(rows))] if rows else []
    ends = np.cumsum([len(missing[k]) for k in new])
    for k, values in zip(new, np.split(np.concatenate(blocks), ends[:-1]) if blocks else (), strict=True):
        all_values = known[k].values.copy()
        all_values[missing[k]] = values
        known[k] = Taken(norm.digest, all_values)
    return known


def _blocks(rows: NDArray[np.int8]) -> Iterator[NDArray[np.int8]]:
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))


def _of_rows(rows: NDArray[np.int8], norm: ScoreNorm) -> Floats:
    """What is taken from kept rows (n, d): (n,); nothing from silence, which costs as much as speech."""
    taken = np.zeros(len(rows), np.float32)
    heard = np.flatnonzero(rows.any(axis=1))
    device = "cpu" if norm.cohort is None else norm.cohort.device
    taken[heard] = norm.taken_from(torch.from_numpy(restore(rows[heard])).to(device)).cpu().numpy()
    return taken


def concerned(
    found: Sequence[Diarization], book: VoiceBook, taken: Sequence[Taken], voices: Sequence[int]
) -> list[bool]:
    """Whether any of `voices`, had it not been in the book, would leave a recording's markers as they are: it comes
    near nobody there, and claims nobody whom another comes near."""
    floor, added = floor_of(book), list(voices)
    answers = []
    for scores in _of_people(found, book, taken):
        best = scores.max(axis=0, initial=SILENT)
        mine = scores[added]
        answers.append(bool(((mine >= floor) | ((best >= floor) & (mine >= RELATIVE * best))).any()))
    return answers


def floor_of(book: VoiceBook) -> float:
    """Of people who stay below this with every voice, turns are not heard by themselves."""
    return float(book.thresholds.min()) - MARGIN


def _of_people(found: Sequence[Diarization], book: VoiceBook, taken: Sequence[Taken]) -> list[Floats]:
    """Scores (voices, p) of the people of each recording."""
    factors = [evidence_factor(one.windows, one.hop_s, one.window_s) for one in found]
    lost = [one.values[: len(of.people)] for one, of in zip(taken, found, strict=True)]
    return _scores([one.people for one in found], factors, lost, book)


def evidence_factor(windows: NDArray[np.int64], hop_s: float, window_s: float) -> Floats:
    """What a normalised cosine with the mean of so many consecutive windows is multiplied by: (n,) → (n,)."""
    apart = independent(windows, hop_s, window_s)
    reference = independent(max(1, round((REFERENCE_S - window_s) / hop_s) + 1), hop_s, window_s)
    return np.sqrt((1 + SPREAD / apart) / (1 + SPREAD / reference)).astype(np.float32)


def _near(found: Diarization, by_person: Floats, floor: float) -> NDArray[np.int64]:
    """The turns of people who come near any voice: only there does it matter what a turn itself sounds like."""
    near: NDArray[np.bool_] = np.append((by_person >= floor).any(axis=0), False)  # the last one is nobody, −1
    return np.flatnonzero(near[found.speakers])


def _of_turns(found: Diarization, by_person: Floats, heard: NDArray[np.int64], own: Floats) -> Floats:
    """Scores (voices, p) of the people and (voices, h) of the turns `heard` (h,) themselves → (voices, t)."""
    scores = np.full((len(by_person), len(found)), SILENT, np.float32)
    somebody = ~found.silent
    by_person = by_person - THIN * (found.windows * found.hop_s < THIN_S)
    scores[:, somebody] = by_person[:, found.speakers[somebody]]
    if not len(heard):
        return scores
    of_person = scores[:, heard]
    apart = independent(found.lengths[heard], found.hop_s, found.window_s)
    share = (apart / (apart + OWN_HALF)).astype(np.float32)
    scores[:, heard] = of_person + OWN * share * (own - of_person) - RIVAL * share * _behind(own, of_person)
    return scores


def without_alike(scores: Tensor, found: Diarization, first: Tensor | None = None) -> Tensor:
    """Scores (voices, t), those lowered that are of somebody who is only like a voice that speaks here too.

    `first` (voices, t) are the scores before a verifier was heard: how sure a voice can be is the higher of both.
    """
    rows: Floats = scores.numpy()
    highest: Floats = rows if first is None else np.maximum(rows, first.numpy())
    sure = ~found.silent
    sure[sure] = found.windows[found.speakers[sure]] * found.hop_s >= SURE_S
    if not sure.any() or not len(rows):
        return scores
    best = highest[:, sure].max(axis=1, keepdims=True)
    alike = (best > 0) & (rows < RELATIVE * best) & ~found.silent
    return torch.from_numpy(np.where(alike, np.minimum(rows, rows / 2), rows))


def _behind(own: Floats, of_person: Floats) -> Floats:
    """(voices, n): how much higher the highest own score of a turn is, among voices that claim the turn's person."""
    claims = of_person >= RELATIVE * of_person.max(axis=0)
    best = np.where(claims, own, -np.inf).max(axis=0)
    return np.asarray(np.maximum(best - own, 0.0) * claims, np.float32)


def memory_factor(windows: Sequence[int]) -> Floats:
    """What a normalised cosine with the middle of a memory of so many windows is multiplied by."""
    few = 1 + WINDOW / BETWEEN / np.maximum(np.asarray(windows, np.float64), 1)
    return np.sqrt(few / (1 + WINDOW / BETWEEN / USUAL_MEMORY)).astype(np.float32)


def _scores(
    parts: Sequence[NDArray[np.int8]], factors: Sequence[Floats], lost: Sequence[Floats], book: VoiceBook
) -> list[Floats]:
    """Scores (voices, n) of the kept rows (n, d) of each part, whose evidence has these factors (n,) and from which the
    cohort takes so much (n,)."""
    if not len(book):  # its middles have no dimensions then
        return [np.zeros((0, len(part)), np.float32) for part in parts]
    evidence, taken = np.concatenate(factors), np.concatenate(lost)
    memory = memory_factor(book.sizes)[:, None]
    of_voices = book.norm.offsets.cpu().numpy()[:, None]
    blocks = [np.zeros((len(book), 0), np.float32)]
    kept = np.concatenate(parts)
    with one_thread():
        for start in range(0, len(kept), AT_ONCE):
            block = slice(start, start + AT_ONCE)
            there = torch.from_numpy(restore(kept[block])).to(book.centres.device)
            raw: Floats = (book.centres @ there.T).cpu().numpy()
            scores = (raw - of_voices - taken[block]) * (memory * evidence[block])
            if book.denied_of:
                scores -= against(raw, (book.denied @ there.T).cpu().numpy(), np.array(book.denied_of))
            blocks.append(scores)
    return np.split(np.concatenate(blocks, axis=1), np.cumsum([len(part) for part in parts])[:-1], axis=1)
