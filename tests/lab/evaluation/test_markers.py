"""Markers on composed recordings: real programs compose and score, real audio is embedded and matched."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from support.composing import write_programs
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.errors import ToolError
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.embedders import cut_all
from voicemark.lab.evaluation.markers import (
    Composed,
    MarkerScore,
    compose,
    find_markers,
    hindsight_threshold,
    mean_score,
    own_scores,
    prepare,
    score_all,
    score_markers,
)
from voicemark.lab.evaluation.thresholds import sweep_prepared
from voicemark.voice.verifier import Verifier

SETTINGS = MatchSection(join_gap_s=0.3, min_marker_s=1.0)


def spectra(audios: Sequence[Audio]) -> list[Tensor]:
    """Stands for an encoder: the long-term spectrum tells two buzzes of different pitch apart."""
    parts = []
    for audio in audios:
        windows = cut_all(audio)
        power = np.abs(np.fft.rfft(windows, axis=1)[:, 100:1200]).reshape(len(windows), -1, 10).mean(axis=2)
        parts.append(torch.nn.functional.normalize(torch.from_numpy(power).float(), dim=1))
    return parts


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def composed(
    programs: tuple[Path, Path], small_corpus: Path, small_noise: Path, tmp_path_factory: pytest.TempPathFactory
) -> Composed:
    return compose(programs[0], small_corpus, small_noise, "dev", 1, 0.4, tmp_path_factory.mktemp("cache"))


def test_markers_are_found_where_the_voices_speak(programs: tuple[Path, Path], composed: Composed) -> None:
    prepared = prepare(composed, spectra, "spectra", None, 60)
    assert prepared.duration_s == pytest.approx(24, abs=0.1)
    best = hindsight_threshold(programs[1], [prepared], SETTINGS)
    score, mean = score_all(programs[1], [prepared], best, SETTINGS)
    assert score.recording == "compose 1" and mean.recording == "mean"
    assert score.f1 > 0.8
    assert score.f1 == mean.f1


def test_a_sweep_finds_more_at_low_thresholds_and_less_at_high_ones(
    programs: tuple[Path, Path], composed: Composed
) -> None:
    results = sweep_prepared(programs[1], [prepare(composed, spectra, "spectra", None, 60)], SETTINGS)
    recalls = [result.mean.recall for result in results]
    assert recalls[0] > recalls[-1]
    assert all(len(result.cells()) == 5 for result in results)
    assert all(result.worst_false_minutes == result.mean.false_minutes_per_hour for result in results)


def test_only_noise_kept_for_evaluation_is_composed_with(composed: Composed, small_noise: Path) -> None:
    from voicemark.lab.corpus.noise import read_noise

    used = (composed.folder / "noise.txt").read_text().split()
    assert len(used) == len(read_noise(small_noise, evaluation=True))


def test_a_recording_that_was_composed_once_is_taken_again(
    programs: tuple[Path, Path], composed: Composed, small_corpus: Path, small_noise: Path
) -> None:
    before = composed.truth.stat().st_mtime_ns
    again = compose(programs[0], small_corpus, small_noise, "dev", 1, 0.4, composed.folder.parents[1])
    assert again == composed
    assert again.truth.stat().st_mtime_ns == before


def test_memories_keep_at_most_so_many_rows(composed: Composed) -> None:
    assert all(len(rows) == 3 for rows in prepare(composed, spectra, "spectra", None, 3).memories.values())


def test_markers_carry_names_and_lie_within_the_recording(composed: Composed) -> None:
    prepared = prepare(composed, spectra, "spectra", None, 60)
    markers = find_markers(prepared, own_scores(prepared, SETTINGS), -0.9, SETTINGS)
    assert {marker["speaker"] for marker in markers} == {"s0", "s3"}
    for marker in markers:
        start, end = marker["start_s"], marker["end_s"]
        assert isinstance(start, float) and isinstance(end, float)
        assert 0 <= start < end <= prepared.duration_s


def test_a_failing_program_is_an_error_with_its_words(tmp_path: Path, composed: Composed) -> None:
    failing = tmp_path / "failing.py"
    failing.write_text("raise SystemExit('no such thing')")
    with pytest.raises(ToolError, match="no such thing"):
        score_markers(failing, composed, [])
    silent = tmp_path / "silent.py"
    silent.write_text("print('{}')")
    with pytest.raises(ToolError, match="says nothing of"):
        score_markers(silent, composed, [])


def test_the_mean_leaves_out_what_a_recording_has_none_of() -> None:
    def one(f1: float, found: float | None) -> MarkerScore:
        return MarkerScore("x", 1.0, 1.0, f1, 0.5, found, None, 3, 10.0)

    mean = mean_score([one(0.8, 0.9), one(0.6, None)])
    assert mean.f1 == pytest.approx(0.7)
    assert (mean.turns_found, mean.start_error_s) == (0.9, None)
    assert (mean.turns, mean.minutes) == (6, 20.0)


def test_the_real_scorer_takes_our_markers(composed: Composed) -> None:
    scorer = Path(__file__).parents[4] / "shared" / "eval" / "score.py"
    if not scorer.exists():
        pytest.skip("no ../shared/eval/score.py beside the checkout")
    truth = json.loads(composed.truth.read_text())
    perfect = [{key: turn[key] for key in ("speaker", "start_s", "end_s")} for turn in truth["turns"]]
    score = score_markers(scorer, composed, perfect)
    assert score.f1 == 1.0 and score.start_error_s == 0.0 and score.turns_found == 1.0
    assert score_markers(scorer, composed, []).f1 == 0.0


class CountingEncoder:
    """Stands for a verifier's encoder: hears what the stand-in for ours hears, and counts."""

    sample_rate = 16_000
    window_s = 2.0

    def __init__(self, heard: list[int]) -> None:
        self.heard = heard

    def embed_windows(self, batch: Audio) -> Tensor:
        self.heard.append(len(batch))
        power = np.abs(np.fft.rfft(batch, axis=1))[:, 100:1200].reshape(len(batch), -1, 10).mean(axis=2)
        return torch.nn.functional.normalize(torch.from_numpy(power).float(), dim=1)


def test_a_verifier_hears_doubtful_turns_of_a_recording_and_no_others(composed: Composed) -> None:
    prepared = prepare(composed, spectra, "spectra", None, 60)
    scores = own_scores(prepared, SETTINGS)
    threshold = float(scores.max())
    memories = list(prepared.memories.values())
    near = (scores - threshold).abs() <= 0.01
    assert bool(near.any()) and not bool(near.any(dim=0).all())
    heard: list[int] = []
    verifier = Verifier(CountingEncoder(heard), memories, threshold, 0.01)  # type: ignore[arg-type]
    found = find_markers(prepared, scores, threshold, SETTINGS, verifier)
    length = int(prepared.found.lengths[near.any(dim=0).numpy()].sum())
    assert 0 < sum(heard) <= length / 2  # what is in doubt is heard again, side by side, and nothing else
    assert len(found) <= len(find_markers(prepared, scores, threshold - 0.01, SETTINGS))
    stricter = Verifier(CountingEncoder([]), memories, threshold + 0.3, 0.01)  # type: ignore[arg-type]
    assert find_markers(prepared, scores, threshold, SETTINGS, stricter) == []
