"""What the program hears in an archive's recordings, beside what is true: local speakers, and whose time each holds.

A recording is embedded once and its windows are kept, so an archive can be grouped again in seconds. Time counts where
one person speaks alone: an overlap belongs to both, and a local speaker is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.lab.corpus.clips import WINDOW_SAMPLES
from voicemark.lab.evaluation.diarization import Spoke
from voicemark.lab.evaluation.embedders import HOP_SAMPLES, OwnEmbedder
from voicemark.lab.evaluation.markers import Composed
from voicemark.lab.evaluation.people_archive import Cast
from voicemark.lab.evaluation.speech import true_turns
from voicemark.voice.diarization import Diarization, diarize
from voicemark.voice.linking import NOBODY
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import speech_of

STEP_S = 0.1  # time is compared in such steps
COLLAR_S = 0.5  # around each true border, which does not count: windows are two seconds long
HOP_S, WINDOW_S = HOP_SAMPLES / SAMPLE_RATE, WINDOW_SAMPLES / SAMPLE_RATE


@dataclass(frozen=True)
class Heard:
    """An archive as the program hears it: s local speakers of r recordings, and p people who are truly in it."""

    directions: NDArray[np.int8]
    """(s, d), as they are kept."""
    windows: NDArray[np.int64]
    """(s,)"""
    seconds: NDArray[np.float64]
    """(s,) of turns."""
    recordings: NDArray[np.int64]
    """(s,), from 0."""
    shows: NDArray[np.int64]
    """(r,): the programme of each recording."""
    people: tuple[str, ...]
    time: NDArray[np.float64]
    """(s, p) seconds in which that person speaks alone and this local speaker was found, borders left out."""
    whose: NDArray[np.int64]
    """(s,) who speaks most of each, borders included; `NOBODY` where nobody does."""
    begins_s: NDArray[np.float64]
    """(s,) when each is first heard, from the recording's start."""
    missed: NDArray[np.float64]
    """(r, p) seconds in which that person speaks alone and nobody was found."""
    hours: float


def hear_archive(
    archive: Sequence[tuple[Cast, Composed]],
    embedder: OwnEmbedder,
    work: Path,
    collar_s: float = COLLAR_S,
    say: Callable[[str], None] = lambda text: None,
) -> Heard:
    """All recordings, embedded by `embedder`; windows are kept in `work` by its model's id."""
    found: list[Diarization] = []
    for _, composed in archive:
        kept = work / "windows" / embedder.model_id / f"{composed.folder.name}.npy"
        if not kept.exists():
            say(f"listening to recording {composed.name}")
            kept.parent.mkdir(parents=True, exist_ok=True)
            [windows] = embedder.embed_all([composed.audio()])
            part = kept.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, quantise(windows.numpy()))
            part.replace(kept)
        found.append(diarize(np.load(kept), HOP_S, WINDOW_S))
    truths = [true_turns(composed.truth) for _, composed in archive]
    people = tuple(sorted({turn.who for truth in truths for turn in truth}))
    parts = [_against(one, truth, people, collar_s) for one, truth in zip(found, truths, strict=True)]
    return Heard(
        directions=np.concatenate([one.people for one in found]),
        windows=np.concatenate([one.windows for one in found]),
        seconds=np.concatenate([part[2] for part in parts]),
        whose=np.concatenate([part[3] for part in parts]),
        begins_s=np.concatenate([part[4] for part in parts]),
        recordings=np.repeat(np.arange(len(found)), [len(one.people) for one in found]),
        shows=np.array([cast.show for cast, _ in archive]),
        people=people,
        time=np.concatenate([part[0] for part in parts]),
        missed=np.stack([part[1] for part in parts]),
        hours=sum(float(one.edges[-1]) * HOP_S for one in found) / 3600,
    )


def _against(
    found: Diarization, truth: Sequence[Spoke], people: Sequence[str], collar_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Seconds (s, p) by who was found, seconds (p,) in which nobody was; of each local speaker its seconds, who it is,
    and when it begins: (s,)."""
    end_s = max(float(found.edges[-1]) * HOP_S + WINDOW_S, max((turn.end_s for turn in truth), default=0.0))
    steps = round(end_s / STEP_S) + 1
    speech = speech_of(found, end_s)
    heard, begins_s = np.full(steps, len(found.people)), np.full(len(found.people), end_s)
    for turn in speech.turns:
        heard[round(turn.start_s / STEP_S) : round(turn.end_s / STEP_S)] = turn.local_speaker - 1
        begins_s[turn.local_speaker - 1] = min(begins_s[turn.local_speaker - 1], turn.start_s)
    true, at_once, near = np.full(steps, -1), np.zeros(steps, np.int64), np.zeros(steps, np.bool_)
    numbers = {name: number for number, name in enumerate(people)}
    for spoke in truth:
        where = slice(round(spoke.start_s / STEP_S), round(spoke.end_s / STEP_S))
        true[where] = numbers[spoke.who]
        at_once[where] += 1
        for border in (spoke.start_s, spoke.end_s):
            near[max(0, round((border - collar_s) / STEP_S)) : round((border + collar_s) / STEP_S)] = True
    all_alone = _seconds(heard, true, at_once == 1, len(found.people), len(people))[:-1]
    table = _seconds(heard, true, (at_once == 1) & ~near, len(found.people), len(people))
    whose = np.where(all_alone.any(axis=1), all_alone.argmax(axis=1), NOBODY) if len(people) else np.zeros(0, np.int64)
    return table[:-1], table[-1], np.array([one.seconds for one in speech.speakers]), whose, begins_s


def _seconds(
    heard: NDArray[np.int64], true: NDArray[np.int64], where: NDArray[np.bool_], found: int, people: int
) -> NDArray[np.float64]:
    """(found + 1, people): of the steps `where` (n,), by who was found in each, the last row nobody, and who speaks."""
    table = np.zeros((found + 1, people))
    np.add.at(table, (heard[where], true[where]), STEP_S)
    return table
