"""The whole voices table: every embedder under every condition, both protocols, and what an hour costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from voicemark.lab.corpus.clips import Clips
from voicemark.lab.corpus.conditions import Condition, NoiseBank
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.peers import Embedded, PeerMissingError
from voicemark.lab.evaluation.protocol import (
    ProtocolResult,
    enrolment_trials,
    error_rates,
    program_scoring,
    verification_trials,
)

WINDOWS_PER_HOUR = 3600.0  # the peers' price is for a window a second, as their users would run them


class Embedder(Protocol):
    """A row of the table: anything that turns (n, samples) windows into embeddings."""

    @property
    def name(self) -> str:
        """What the row is called."""
        ...

    def embed(self, windows: Audio) -> Embedded:
        """(n, samples) at 16 kHz → (n, d), with the CPU seconds spent. PeerMissingError where it is not there."""
        ...

    cohort: Tensor | None
    peer: bool

    def hour_cpu_s(self) -> float | None:
        """CPU seconds for an hour of audio where that is not the price of so many windows; else None."""
        ...


@dataclass(frozen=True)
class Cell:
    """One embedder under one condition."""

    condition: str
    verification: ProtocolResult
    enrolment: ProtocolResult
    program: ProtocolResult | None = None
    """Enrolment trials scored as the program scores; None for a peer, which the program does not run with."""


@dataclass(frozen=True)
class Row:
    """One embedder: its cells, its price, or why it is not there."""

    name: str
    cells: tuple[Cell, ...]
    cpu_s_per_hour: float | None
    missing: str | None = None


def measure_row(
    embedder: Embedder,
    clips: Clips,
    conditions: Sequence[tuple[Condition, Audio]],
    *,
    seed: int,
    progress: Callable[[str], None] = lambda text: None,
) -> Row:
    """All cells of one embedder. `conditions` pairs each condition with its windows (n, samples)."""
    cells: list[Cell] = []
    cpu_s = 0.0
    embedded_windows = 0
    try:
        progress(f"{embedder.name}: clean")
        reference = embedder.embed(clips.samples)
        for condition, windows in conditions:
            progress(f"{embedder.name}: {condition.name}")
            test = reference if windows is clips.samples else embedder.embed(windows)
            cpu_s += test.cpu_s
            embedded_windows += len(windows)
            program = None if embedder.peer else program_scoring(embedder.cohort)
            cells.append(
                Cell(
                    condition.name,
                    error_rates(clips, verification_trials(clips, reference.embeddings, test.embeddings)),
                    error_rates(clips, enrolment_trials(clips, reference.embeddings, test.embeddings, seed=seed)),
                    program
                    and error_rates(
                        clips,
                        enrolment_trials(clips, reference.embeddings, test.embeddings, seed=seed, scoring=program),
                    ),
                )
            )
        hour = embedder.hour_cpu_s()
    except PeerMissingError as error:
        return Row(embedder.name, (), None, str(error))
    if hour is None and embedded_windows:
        hour = cpu_s / embedded_windows * WINDOWS_PER_HOUR
    return Row(embedder.name, tuple(cells), hour)


def condition_windows(
    clips: Clips, conditions: Sequence[Condition], bank: NoiseBank, seed: int
) -> list[tuple[Condition, Audio]]:
    """Every condition applied to the clean windows once, for all embedders."""
    return [(condition, condition.apply(clips.samples, bank, seed)) for condition in conditions]
