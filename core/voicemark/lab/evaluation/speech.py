"""Who speaks when on composed recordings and in real conversation, the program's own way, and beside an oracle.

The oracle is told the true turns and has only to name them: what it misses, no better cut would find.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import MatchSection
from voicemark.errors import ToolError
from voicemark.lab.corpus.clips import read_mono
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.diarization import DiarizationScore, Spoke, diarization_score, found_by_length
from voicemark.lab.evaluation.markers import EmbedAll, Prepared, diarized, find_markers, own_scores
from voicemark.voice.diarization import Diarization, of_labels
from voicemark.voice.partition import not_zero
from voicemark.voice.quantisation import restore
from voicemark.voice.recognise import speech_of
from voicemark.voice.resegmentation import NOBODY


@dataclass(frozen=True)
class SpeechRow:
    """One embedder on a set of recordings."""

    name: str
    recordings: str
    """Which set, and how many."""
    score: DiarizationScore | None
    """None where there is no tool to measure it, or turns were given."""
    by_length: tuple[tuple[int, int], ...] = ()
    """True turns of enrolled voices found, and in all, by `LENGTHS_S`; empty without enrolled voices."""


def speech_row(name: str, recordings: str, prepared: Sequence[Prepared], settings: MatchSection) -> SpeechRow:
    """How well `prepared` tells people apart, and how many true turns it finds at the settings' threshold."""
    truths = [true_turns(one.composed.truth) for one in prepared]
    found = [_spoken(one.found, one.duration_s) for one in prepared]
    return SpeechRow(name, recordings, _score(list(zip(truths, found, strict=True))), _lengths(prepared, settings))


def oracle(prepared: Prepared) -> Prepared:
    """The same recording as if its true turns had been found."""
    true = true_turns(prepared.composed.truth)
    names = sorted({turn.who for turn in true})
    heard = not_zero(prepared.windows)
    centres = np.arange(len(heard)) * prepared.found.hop_s + prepared.found.window_s / 2
    labels = np.full(len(heard), NOBODY)
    for turn in sorted(true, key=lambda turn: turn.start_s):
        labels[(centres >= turn.start_s) & (centres < turn.end_s)] = names.index(turn.who)
    labels[~heard] = NOBODY
    _, inverse = np.unique(labels[labels != NOBODY], return_inverse=True)
    labels[labels != NOBODY] = inverse
    found = of_labels(restore(prepared.windows), labels, prepared.found.hop_s, prepared.found.window_s)
    return replace(prepared, found=found)


def conversation_row(name: str, folder: Path, embed: EmbedAll) -> SpeechRow:
    """Real conversation: every `X.flac` of a folder that an RTTM file there tells of."""
    spoken: dict[str, list[Spoke]] = {}
    for rttm in sorted(folder.glob("*.rttm")):
        for file, turn in read_rttm(rttm):
            spoken.setdefault(file, []).append(turn)
    pairs = []
    for file, true in sorted(spoken.items()):
        if not (path := folder / f"{file}.flac").is_file():
            continue
        audio: Audio = read_mono(path)
        [windows] = embed([audio])
        found, _ = diarized(windows)
        pairs.append((true, _spoken(found, len(audio) / SAMPLE_RATE)))
    if not pairs:
        raise ToolError("holds no conversation (X.flac beside an RTTM file that tells of X)", path=folder)
    return SpeechRow(name, f"{folder.name}, {len(pairs)}", _score(pairs))


def true_turns(truth: Path) -> list[Spoke]:
    """What a composer says: its truth.json."""
    table = json.loads(truth.read_text(encoding="utf-8"))
    return [Spoke(turn["speaker"], turn["start_s"], turn["end_s"]) for turn in table["turns"]]


def read_rttm(path: Path) -> list[tuple[str, Spoke]]:
    """The `SPEAKER` lines of an RTTM file: which file, and who speaks from when to when."""
    lines = csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter=" ", skipinitialspace=True)
    return [
        (line[1], Spoke(line[7], float(line[3]), float(line[3]) + float(line[4])))
        for line in lines
        if line and line[0] == "SPEAKER"
    ]


def _spoken(found: Diarization, duration_s: float) -> list[Spoke]:
    return [Spoke(str(one.local_speaker), one.start_s, one.end_s) for one in speech_of(found, duration_s).turns]


def _score(pairs: Sequence[tuple[Sequence[Spoke], Sequence[Spoke]]]) -> DiarizationScore | None:
    try:
        return diarization_score(pairs)
    except ToolError:  # the extra is not installed; the rest of the table needs none
        return None


def _lengths(prepared: Sequence[Prepared], settings: MatchSection) -> tuple[tuple[int, int], ...]:
    counts: list[NDArray[np.int64]] = []
    for one in prepared:
        mine = [turn for turn in true_turns(one.composed.truth) if turn.who in one.memories]
        markers = find_markers(one, own_scores(one, settings), settings.threshold, settings)
        found = [Spoke(str(m["speaker"]), float(str(m["start_s"])), float(str(m["end_s"]))) for m in markers]
        counts.append(np.array(found_by_length(mine, found)))
    return tuple((int(found), int(total)) for found, total in np.sum(counts, axis=0)) if counts else ()
