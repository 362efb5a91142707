"""What tests of teachers share: one that anybody can compute, the peers where they are there, and a quick pupil."""

import subprocess
from pathlib import Path

import pytest
import torch
from support.networks import tiny
from torch import Tensor, nn

from voicemark.lab.batches.sampling import VoiceBatches
from voicemark.lab.training.settings import TrainingSettings
from voicemark.lab.training.trainer import Trainer, new_network

REPOSITORY = Path(__file__).parents[2]
TINY = tiny(4, blocks=())


class Spectrum(nn.Module):
    """A teacher to which a voice is its spectrum: its embedding is the spread of each bin, its frames the features."""

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return features.std(1), features.transpose(1, 2)


def save_program(network: nn.Module, target: Path) -> None:
    """`network` for any number of crops of 3 s, as torch.export saves it."""
    crops = {0: torch.export.Dim("crops")}
    program = torch.export.export(network, (torch.randn(3, 298, 80),), dynamic_shapes=(crops,))
    torch.export.save(program, target)


def write_peer(name: str, target: Path) -> None:
    """A peer (campplus or resemblyzer) as a file; the test is skipped where the peers are not there."""
    python = REPOSITORY / ".venv-peers" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with the peers (.venv-peers)")
    script = REPOSITORY / "core" / "voicemark" / "lab" / "teachers" / f"{name}_export.py"
    made = subprocess.run([str(python), str(script), str(target)], capture_output=True, text=True, check=False)
    if made.returncode and ("ImportError" in made.stderr or "ModuleNotFoundError" in made.stderr):
        pytest.skip(f"what carries the weights of {name} is not installed among the peers")
    assert made.returncode == 0, made.stderr


def distil_losses(batches: VoiceBatches, targets: Tensor) -> list[float]:
    """The distance from the teacher while a tiny network learns sixty steps, each mean over ten."""
    losses: list[float] = []
    settings = TrainingSettings(
        steps=60, learning_rate=1e-2, warmup=1, report_every=10, margin_softmax=0.0, distil=1.0, half=False, workers=0
    )
    trainer = Trainer(
        new_network(TINY), batches, settings, targets=targets, report=lambda told: losses.append(told.losses["distil"])
    )
    trainer.run()
    return losses
