"""How a stage of training learns: its losses' weights, its optimiser, its batches."""

from dataclasses import dataclass, field, replace

from voicemark.lab.batches.sampling import SamplingSettings
from voicemark.lab.training.optimiser import Kind
from voicemark.lab.training.triplets import Mining


@dataclass(frozen=True)
class TrainingSettings:
    """One stage. Weights of 0 leave a loss out; the triplet loss needs `sampling.per_voice` 2.

    Beside a teacher the margin softmax is best left out of the first stage: its gradient is several times that
    of the distance to the teacher, and a network that must keep a thousand centres apart learns the teacher's
    space five times more slowly (measured; see the model card).
    """

    steps: int = 6_000
    learning_rate: float = 2e-3
    final_rate: float = 0.01  # share of the learning rate at the end; a cosine in between
    warmup: int = 50  # steps
    weight_decay: float = 1e-2
    optimiser: Kind = "adamw"
    clip_gradient: float = 5.0
    distil: float = 5.0
    relation: float = 0.0
    hint: float = 0.0  # needs a teacher that tells its frames
    project_targets: bool = True  # False: the teacher's space is already that of the network
    margin_softmax: float = 0.5
    softmax_margin: float = 0.2
    noise: float = 1.0
    triplet: float = 0.0
    triplet_margin: float = 0.3
    mining: Mining = "bank"
    bank: int = 8_192
    validate_every: int = 500
    checkpoint_every: int = 250
    report_every: int = 50
    half: bool = True  # bfloat16 in the network's layers while training
    threads: int = 1  # of torch on the CPU: with more, small layers wait for each other more than they gain
    workers: int = 1  # processes that prepare batches
    seed: int = 0
    sampling: SamplingSettings = field(default_factory=SamplingSettings)


def triplet_stage(settings: TrainingSettings, steps: int, learning_rate: float = 3e-4) -> TrainingSettings:
    """The second stage of a run: triplets with mined violators beside the first stage's losses."""
    return replace(
        settings,
        steps=steps,
        learning_rate=learning_rate,
        warmup=20,
        optimiser="adamw",
        hint=0.0,
        triplet=2.0,
        sampling=replace(settings.sampling, per_voice=2),
    )
