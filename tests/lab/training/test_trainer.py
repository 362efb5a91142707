"""Training learns, is the same for the same seed, and goes on after an interruption as if there had been none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.networks import tiny

from voicemark.errors import ModelError
from voicemark.lab.batches.augment import Augmenter, AugmentSettings
from voicemark.lab.batches.sampling import SamplingSettings, VoiceBatches
from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.training.optimiser import Kind
from voicemark.lab.training.settings import TrainingSettings, triplet_stage
from voicemark.lab.training.trainer import Report, Trainer, initialise, new_network, rate
from voicemark.lab.training.validation import Score

TINY = tiny()
SAMPLING = SamplingSettings(batch=12, noise_windows=2)
SETTINGS = TrainingSettings(
    steps=14, learning_rate=3e-3, warmup=2, report_every=1, checkpoint_every=7, half=False, workers=0, sampling=SAMPLING
)


def voice(pitch: float, seed: int) -> np.ndarray:
    """Three seconds of a buzz: harmonics of a pitch with an own slope."""
    time = np.arange(48_000) / 16_000
    rng = np.random.default_rng(seed)
    harmonics = [np.sin(2 * np.pi * pitch * k * time + rng.uniform(0, 6)) / k for k in range(1, 20)]
    return np.asarray(0.05 * np.sum(harmonics, axis=0) + 0.002 * rng.standard_normal(48_000), np.float32)


def bank() -> AudioBank:
    return AudioBank.of([(f"{k}-{n}", f"s{k}", voice(90 + 45 * k, 10 * k + n)) for k in range(4) for n in range(2)])


def batches(settings: TrainingSettings = SETTINGS) -> VoiceBatches:
    light = Augmenter(settings=AugmentSettings(noise=0.3, snr_db=(15, 20), room=0, band_limit=0, hole=0, coded=0))
    return VoiceBatches(bank(), light, settings=settings.sampling, seed=settings.seed)


def targets() -> torch.Tensor:
    """One direction per voice."""
    return torch.eye(8)[torch.arange(4).repeat_interleave(2)][:, None]


def trainer(
    settings: TrainingSettings = SETTINGS, checkpoint: Path | None = None, said: list[Report] | None = None
) -> Trainer:
    return Trainer(
        new_network(TINY),
        batches(settings),
        settings,
        targets=targets(),
        checkpoint=checkpoint,
        report=(lambda _: None) if said is None else said.append,
    )


def test_losses_fall() -> None:
    said: list[Report] = []
    trainer(replace(SETTINGS, steps=30, learning_rate=1e-2), said=said).run()
    first, last = said[0].losses, said[-1].losses
    assert [report.step for report in said] == list(range(1, 31))
    assert last["distil"] < 0.8 * first["distil"]
    assert last["softmax"] < first["softmax"]


def test_the_same_seed_trains_the_same_network() -> None:
    one, other = trainer().run(), trainer().run()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_resumed_run_equals_one_without_interruption(tmp_path: Path, kind: Kind) -> None:
    settings = replace(triplet_stage(SETTINGS, steps=14, learning_rate=1e-3), optimiser=kind)
    whole = trainer(settings).run()

    class StopError(Exception):
        pass

    def stop(report: Report) -> None:
        if report.step == 9:
            raise StopError

    checkpoint = tmp_path / "work" / "checkpoint"
    interrupted = trainer(settings, checkpoint)
    interrupted.report = stop
    with pytest.raises(StopError):
        interrupted.run()
    resumed = trainer(settings, checkpoint)
    assert resumed.resume()
    assert resumed.step == 7
    state = resumed.run()
    for name, tensor in whole.items():
        torch.testing.assert_close(state[name], tensor, rtol=1e-4, atol=1e-6)


def test_there_is_nothing_to_resume_at_first(tmp_path: Path) -> None:
    assert not trainer(checkpoint=tmp_path / "none").resume()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(ModelError, match="checkpoint"):
        trainer(checkpoint=checkpoint).resume()


def test_the_triplet_stage_reports_the_share_of_zero_losses() -> None:
    said: list[Report] = []
    trainer(triplet_stage(SETTINGS, steps=4), said=said).run()
    assert all(report.zero_share is not None and 0 <= report.zero_share <= 1 for report in said)
    assert "triplet" in said[-1].losses


def test_the_best_state_is_kept_not_the_last() -> None:
    scores = iter([0.5, 0.1, 0.4])

    class Validation:
        def __call__(self, net: torch.nn.Module) -> Score:
            return Score({"clean": next(scores)})

    settings = replace(SETTINGS, steps=6, validate_every=2)
    said: list[Report] = []
    run = trainer(settings, said=said)
    run.validation = Validation()  # type: ignore[assignment]
    state = run.run()
    assert [report.step for report in said if report.best] == [2, 4]
    assert run.best_score == 0.1
    assert any(not torch.equal(state[name], tensor) for name, tensor in run.net.state_dict().items())


def test_without_labels_and_teacher_there_is_nothing_to_learn() -> None:
    settings = replace(SETTINGS, distil=0.0, margin_softmax=0.0, noise=0.0)
    with pytest.raises(ModelError, match="nothing to learn"):
        trainer(settings).run()


def test_batches_in_which_the_teacher_heard_nobody_have_losses_and_leave_the_network_sane() -> None:
    said: list[Report] = []
    run = trainer(replace(SETTINGS, steps=2, margin_softmax=0.0), said=said)
    assert run.objective.targets is not None
    run.objective.targets = torch.zeros_like(run.objective.targets)
    assert all(tensor.isfinite().all() for tensor in run.run().values())
    assert [report.losses["distil"] for report in said] == [0.0, 0.0]


def test_rate_rises_then_falls_to_its_end() -> None:
    settings = TrainingSettings(steps=100, warmup=10, final_rate=0.1)
    rates = [rate(step, settings) for step in range(101)]
    assert rates[0] == 0.1 and max(rates) == rates[9] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert abs(rates[100] - 0.1) < 1e-9


def test_initialise_takes_over_what_fits() -> None:
    source, net = new_network(TINY, seed=1), new_network(TINY, seed=2)
    tensors = {name: t for name, t in source.state_dict().items() if name.startswith("stem.") and t.is_floating_point()}
    taken = initialise(net, {**tensors, "affine.weight": torch.zeros(3, 3), "unknown": torch.zeros(1)})
    assert taken == len(tensors)
    assert torch.equal(net.state_dict()["stem.0.conv.weight"], source.state_dict()["stem.0.conv.weight"])
    assert not torch.equal(net.affine.weight, source.affine.weight)
