"""From embeddings to markers on composed recordings, the program's own way, against what is truly said when.

Recordings are composed by an external program (`--composer`: corpus and noise in, recording.ts, enrol/NAME/*.wav and
truth.json out) and scored by another (`--scorer`: truth.json and markers.json in, one JSON object out). Peers'
embeddings go through the same matching and the same post-processing; since their cosines lie elsewhere, they get the
best single threshold over all recordings in hindsight, which favours them.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import MatchSection
from voicemark.errors import ToolError
from voicemark.lab.corpus.clips import WINDOW_SAMPLES, read_mono
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.corpus.noise import read_noise
from voicemark.lab.evaluation.peers import PeerMissingError
from voicemark.voice.diarization import Diarization, diarize
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import Spoken, recognised_of, scores_of
from voicemark.voice.verifier import Verifier

HOP_SAMPLES = SAMPLE_RATE // 2  # a window every half second, as in the program

COARSE_STEPS, FINE_STEPS = 16, 9  # of the search for a threshold in hindsight

EmbedAll = Callable[[Sequence[Audio]], list[Tensor]]
"""Of each audio (samples,) at 16 kHz its windows (n, d) of unit length, one every half second."""


@dataclass(frozen=True)
class MarkerScore:
    """What the scorer says of one recording; rates are shares of 1. For its definitions see the scorer."""

    recording: str
    precision: float
    recall: float
    f1: float
    false_minutes_per_hour: float
    turns_found: float | None
    start_error_s: float | None
    turns: int
    minutes: float


@dataclass(frozen=True)
class MarkerRow:
    """One embedder on every recording, at one threshold; or why it is not there."""

    name: str
    threshold: float
    hindsight: bool
    scores: tuple[MarkerScore, ...]
    missing: str | None = None
    verifier_cpu_s_per_hour: float | None = None
    """What a verifier's second hearing of doubtful people cost, where there was one."""


@dataclass(frozen=True)
class Composed:
    """A composed recording on disk."""

    name: str
    folder: Path

    @property
    def truth(self) -> Path:
        return self.folder / "truth.json"

    def audio(self) -> Audio:
        """The whole recording, mono at 16 kHz."""
        return read_mono(self.folder / "recording.ts")

    def samples(self) -> dict[str, list[Audio]]:
        """The clips of every enrolled voice."""
        return {
            voice.name: [read_mono(clip) for clip in sorted(voice.iterdir())]
            for voice in sorted((self.folder / "enrol").iterdir())
        }


@dataclass(frozen=True)
class Prepared:
    """A recording as one embedder hears it: its turns and people, and a memory for each voice."""

    composed: Composed
    found: Diarization
    windows: NDArray[np.int8]
    memories: dict[str, Tensor]
    model_id: str
    cohort: Tensor | None
    duration_s: float

    @property
    def spoken(self) -> Spoken:
        """As the program recognises it."""
        return Spoken(self.found, self.duration_s, self._read)

    def _read(self, start_s: float, end_s: float) -> Audio:
        return self._audio[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]

    @cached_property
    def _audio(self) -> Audio:
        return self.composed.audio()


def compose(composer: Path, corpus: Path, noise: Path, split: str, seed: int, minutes: float, cache: Path) -> Composed:
    """Composes a recording, or takes the one that an earlier run left in `cache`. Only evaluation noise is heard."""
    folder = cache / "recordings" / f"{composer.stem}-{corpus.name}-{split}-{seed}-{minutes:g}"
    composed = Composed(f"{composer.stem} {seed}", folder)
    if composed.truth.exists():
        return composed
    what = ["--seed", str(seed), "--minutes", str(minutes), "--out", str(folder)]
    with tempfile.TemporaryDirectory(prefix="voicemark-noise-") as quiet:
        for number, file in enumerate(read_noise(noise, evaluation=True)):
            link = Path(quiet, file.path.name)
            (link.with_name(f"{number}-{link.name}") if link.exists() else link).symlink_to(file.path.resolve())
        run_program([str(composer), "--corpus", str(corpus), "--noise", quiet, "--split", split, *what])
    return composed


def prepare(composed: Composed, embed: EmbedAll, model_id: str, cohort: Tensor | None, most_rows: int) -> Prepared:
    """Embeds the recording and every voice's clips; of those at most `most_rows` windows, evenly spread, stay."""
    samples = composed.samples()
    audio = composed.audio()
    windows, *clips = embed([audio, *(clip for of_voice in samples.values() for clip in of_voice)])
    memories: dict[str, Tensor] = {}
    for name, of_voice in samples.items():
        rows = torch.cat(clips[: len(of_voice)])
        clips = clips[len(of_voice) :]
        rows = rows[rows.any(dim=1)]
        if len(rows) > most_rows:
            rows = rows[torch.linspace(0, len(rows) - 1, most_rows).long()]
        memories[name] = rows
    return Prepared(composed, *diarized(windows), memories, model_id, cohort, len(audio) / SAMPLE_RATE)


def diarized(windows: Tensor) -> tuple[Diarization, NDArray[np.int8]]:
    """Who speaks when, by windows (n, d), one every half second; and the windows as they are kept."""
    rows = quantise(windows.numpy())
    return diarize(rows, HOP_SAMPLES / SAMPLE_RATE, WINDOW_SAMPLES / SAMPLE_RATE), rows


def own_scores(prepared: Prepared, settings: MatchSection) -> Tensor:
    """The program's own normalised scores (voices, s)."""
    [scores] = scores_of([prepared.spoken], book_of(prepared, settings, 0.0))
    return scores


def book_of(prepared: Prepared, settings: MatchSection, threshold: float) -> VoiceBook:
    """The program's book of the recording's voices, all at one threshold."""
    return VoiceBook.of(
        [Memory(name, rows, threshold) for name, rows in prepared.memories.items()],
        prepared.model_id,
        settings,
        prepared.cohort,
    )


def find_markers(
    prepared: Prepared, scores: Tensor, threshold: float, settings: MatchSection, verifier: Verifier | None = None
) -> list[dict[str, object]]:
    """Markers in the scorer's form: speaker, start_s, end_s; doubtful turns are heard again by the verifier."""
    book = book_of(prepared, settings, threshold)
    found = recognised_of(prepared.spoken, scores, book, settings, verifier)
    return [{"speaker": one.voice, "start_s": one.start_s, "end_s": one.end_s} for one in found.markers]


def score_markers(scorer: Path, composed: Composed, markers: Sequence[dict[str, object]]) -> MarkerScore:
    """What the scorer says of these markers. ToolError where it fails or says something else."""
    with tempfile.TemporaryDirectory(prefix="voicemark-markers-") as folder:
        file = Path(folder, "markers.json")
        file.write_text(json.dumps(list(markers)))
        said = json.loads(run_program([str(scorer), str(composed.truth), str(file)]))
    wanted = {field.name for field in fields(MarkerScore)} - {"recording"}
    try:
        return MarkerScore(composed.name, **{key: said[key] for key in wanted})
    except KeyError as error:
        raise ToolError(f"the scorer says nothing of {error}", path=scorer) from error


def score_all(
    scorer: Path, prepared: Sequence[Prepared], threshold: float, settings: MatchSection
) -> tuple[MarkerScore, ...]:
    """Every recording at one threshold, and last their mean."""
    scores = [
        score_markers(scorer, one.composed, find_markers(one, own_scores(one, settings), threshold, settings))
        for one in prepared
    ]
    return (*scores, mean_score(scores))


def mean_score(scores: Sequence[MarkerScore]) -> MarkerScore:
    """The plain mean over recordings; of what a recording has none of, over the others."""

    def mean(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return MarkerScore(
        "mean",
        precision=mean([score.precision for score in scores]) or 0.0,
        recall=mean([score.recall for score in scores]) or 0.0,
        f1=mean([score.f1 for score in scores]) or 0.0,
        false_minutes_per_hour=mean([score.false_minutes_per_hour for score in scores]) or 0.0,
        turns_found=mean([score.turns_found for score in scores]),
        start_error_s=mean([score.start_error_s for score in scores]),
        turns=sum(score.turns for score in scores),
        minutes=sum(score.minutes for score in scores),
    )


def hindsight_threshold(scorer: Path, prepared: Sequence[Prepared], settings: MatchSection) -> float:
    """The single threshold with the best mean F1 over these recordings: known only afterwards."""
    scored = [own_scores(one, settings) for one in prepared]

    def best_of(thresholds: NDArray[np.float64]) -> float:
        f1 = [
            np.mean(
                [
                    score_markers(scorer, one.composed, find_markers(one, scores, float(threshold), settings)).f1
                    for one, scores in zip(prepared, scored, strict=True)
                ]
            )
            for threshold in thresholds
        ]
        return float(thresholds[int(np.argmax(f1))])

    low = min(float(scores.clamp_min(-0.5).quantile(0.3)) for scores in scored)
    high = max(float(scores.max()) for scores in scored)
    step = (high - low) / COARSE_STEPS
    coarse = best_of(np.linspace(low, high, COARSE_STEPS, endpoint=False))
    return best_of(np.linspace(coarse - step, coarse + step, FINE_STEPS))


def missing_row(name: str, error: PeerMissingError) -> MarkerRow:
    """The line of an embedder that is not installed."""
    return MarkerRow(name, 0.0, False, (), str(error))


def run_program(arguments: Sequence[str]) -> str:
    """Runs a Python program in this Python; its standard output. ToolError where it fails."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"failed: {done.stderr.strip()[-400:]}", path=arguments[0])
    return done.stdout
