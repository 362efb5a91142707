"""One evaluation from corpus to report: windows, conditions, every embedder, then markers."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from voicemark.config import MatchSection, VerifierSection
from voicemark.lab.corpus.clips import cut_windows, read_utterances
from voicemark.lab.corpus.conditions import NoiseBank, conditions_named, read_bank
from voicemark.lab.evaluation.embedders import OwnEmbedder, PeerEmbedder
from voicemark.lab.evaluation.markers import (
    Composed,
    MarkerRow,
    Prepared,
    compose,
    find_markers,
    hindsight_threshold,
    mean_score,
    missing_row,
    own_scores,
    prepare,
    score_all,
    score_markers,
)
from voicemark.lab.evaluation.peer_worker import cpu_seconds
from voicemark.lab.evaluation.peers import PEERS, PeerMissingError
from voicemark.lab.evaluation.report import Report
from voicemark.lab.evaluation.speech import SpeechRow, conversation_row, oracle, speech_row
from voicemark.lab.evaluation.table import condition_windows, measure_row
from voicemark.voice.verifier import Verifier

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to measure. `models`: weights or ONNX files, None for the shipped weights."""

    corpus: Path
    noise: Path | None
    split: str
    models: tuple[Path | None, ...]
    peers_python: Path | None
    conditions: tuple[str, ...]
    markers: int
    composers: tuple[Path, ...]
    scorer: Path | None
    cache: Path
    match: MatchSection
    minutes: float = 20.0
    first_seed: int = 1
    seed: int = 0
    verifier: VerifierSection | None = None
    conversation: Path | None = None
    """Folder of real conversation: X.flac, and RTTM files."""


def evaluate(plan: Plan, say: Say = lambda text: None) -> Report:
    """Runs the plan on one core. A peer that is not installed is a row that says so; other errors are raised."""
    torch.set_num_threads(1)
    conditions = conditions_named(plan.conditions)
    if plan.noise is None:
        conditions = [one for one in conditions if not one.needs_noise]
    say("cutting windows")
    clips = cut_windows(read_utterances(plan.corpus, plan.split, seed=plan.seed), seed=plan.seed)
    bank = NoiseBank((), ()) if plan.noise is None else read_bank(plan.noise)
    say("applying conditions")
    heard = condition_windows(clips, conditions, bank, plan.seed)
    embedders = all_embedders(plan)
    rows = [measure_row(embedder, clips, heard, seed=plan.seed, progress=say) for embedder in embedders]
    markers, speech = evaluate_markers(plan, embedders, say)
    if plan.conversation is not None:
        for embedder in embedders:
            say(f"{embedder.name}: conversation")
            with suppress(PeerMissingError):  # its other rows say so
                speech.append(conversation_row(embedder.name, plan.conversation, embedder.embed_all))
    return Report(
        corpus=plan.corpus.name,
        split=plan.split,
        seed=plan.seed,
        speakers=len(set(clips.speaker.tolist())),
        windows=len(clips.samples),
        rows=tuple(rows),
        markers=tuple(markers),
        speech=tuple(speech),
    )


def all_embedders(plan: Plan) -> list[OwnEmbedder | PeerEmbedder]:
    """Our own models first, then the peers where an environment for them is named."""
    own: list[OwnEmbedder | PeerEmbedder] = [OwnEmbedder(model) for model in plan.models]
    if plan.peers_python is None:
        return own
    return own + [PeerEmbedder(peer, plan.peers_python, plan.cache) for peer in PEERS]


def evaluate_markers(
    plan: Plan, embedders: Sequence[OwnEmbedder | PeerEmbedder], say: Say
) -> tuple[list[MarkerRow], list[SpeechRow]]:
    """Rows of every embedder over `plan.markers` recordings of each composer; none without scorer and noise."""
    rows: list[MarkerRow] = []
    speech: list[SpeechRow] = []
    if not plan.markers or plan.scorer is None or plan.noise is None:
        return rows, speech
    for composer in plan.composers:
        recordings: list[Composed] = []
        for seed in range(plan.first_seed, plan.first_seed + plan.markers):
            say(f"composing recording {seed} of {composer.stem}")
            recordings.append(compose(composer, plan.corpus, plan.noise, plan.split, seed, plan.minutes, plan.cache))
        for embedder in embedders:
            _of_embedder(plan, plan.scorer, embedder, recordings, f"{composer.stem}, {plan.markers}", rows, speech, say)
    return rows, speech


def _of_embedder(
    plan: Plan,
    scorer: Path,
    embedder: OwnEmbedder | PeerEmbedder,
    recordings: Sequence[Composed],
    name: str,
    rows: list[MarkerRow],
    speech: list[SpeechRow],
    say: Say,
) -> None:
    """Adds the rows of one embedder over the recordings of one composer."""
    try:
        prepared = []
        for composed in recordings:
            say(f"{embedder.name}: markers of {composed.name}")
            prepared.append(
                prepare(composed, embedder.embed_all, embedder.model_id, embedder.cohort, plan.match.memory_windows)
            )
    except PeerMissingError as error:
        rows.append(missing_row(embedder.name, error))
        return
    if not embedder.peer:
        scores = score_all(scorer, prepared, plan.match.threshold, plan.match)
        rows.append(MarkerRow(embedder.name, plan.match.threshold, False, scores))
        told = [oracle(one) for one in prepared]
        given = score_all(scorer, told, plan.match.threshold, plan.match)
        rows.append(MarkerRow(f"{embedder.name}, true turns", plan.match.threshold, False, given))
        if plan.verifier is not None:
            say(f"{embedder.name}: doubtful people before the verifier")
            rows.append(verified_row(plan, embedder.name, prepared, plan.verifier, scorer))
    best = hindsight_threshold(scorer, prepared, plan.match)
    rows.append(MarkerRow(embedder.name, best, True, score_all(scorer, prepared, best, plan.match)))
    at = plan.match if not embedder.peer else plan.match.model_copy(update={"threshold": best})
    speech.append(speech_row(embedder.name, name, prepared, at))


def verified_row(
    plan: Plan, name: str, prepared: Sequence[Prepared], section: VerifierSection, scorer: Path
) -> MarkerRow:
    """The markers at the default threshold with doubtful people heard again, and what that cost."""
    encoder = OwnEmbedder(section.model)
    scores, spent, seconds = [], 0.0, 0.0
    for one in prepared:
        heard = prepare(one.composed, encoder.embed_samples_only, encoder.model_id, None, plan.match.memory_windows)
        verifier = Verifier(
            encoder.encoder,
            [heard.memories[voice] for voice in one.memories],
            section.threshold,
            section.band,
        )
        before = cpu_seconds()
        markers = find_markers(one, own_scores(one, plan.match), plan.match.threshold, plan.match, verifier)
        spent += cpu_seconds() - before
        seconds += one.duration_s
        scores.append(score_markers(scorer, one.composed, markers))
    return MarkerRow(
        f"{name}, {section.model.stem} verifying",
        plan.match.threshold,
        False,
        (*scores, mean_score(scores)),
        verifier_cpu_s_per_hour=spent / seconds * 3600,
    )
