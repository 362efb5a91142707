"""The tables that people read, and the JSON that machines read: nothing is measured here."""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, field

from voicemark.lab.evaluation.diarization import LENGTHS_S
from voicemark.lab.evaluation.markers import MarkerRow
from voicemark.lab.evaluation.protocol import ProtocolResult
from voicemark.lab.evaluation.speech import SpeechRow
from voicemark.lab.evaluation.table import Row

UNITS = (
    "Rates are shares of 1. eer: equal error rate; min_dcf_01 and min_dcf_05: normalised minimum detection cost at "
    "target priors 0.01 and 0.05. per_source and pooled: negatives of the same source; across: of every source. "
    "cpu_s_per_hour: CPU seconds on one core for an hour of audio."
)


@dataclass(frozen=True)
class Report:
    """Everything that one run measured, and what it ran on."""

    corpus: str
    split: str
    seed: int
    speakers: int
    windows: int
    rows: tuple[Row, ...]
    markers: tuple[MarkerRow, ...] = ()
    speech: tuple[SpeechRow, ...] = ()
    units: str = field(default=UNITS)

    def as_json(self) -> dict[str, object]:
        """Plain values, ready for json.dumps."""
        return asdict(self)


def percent(share: float) -> str:
    """A share of 1 in percent, two digits behind the point."""
    return f"{100 * share:.2f}"


def voices_table(rows: Sequence[Row]) -> list[list[str]]:
    """Header and one line per embedder: pooled EER in %, per condition; CPU s per hour.

    Enrolment (plain: mean of the five best cosines) / verification, the same for every embedder; then, for our own,
    enrolment as the program scores.
    """
    names = next((tuple(cell.condition for cell in row.cells) for row in rows if row.cells), ())
    lines = [["enrolment / verification EER %", *names, "CPU s/h"]]
    for row in rows:
        if row.missing is not None:
            lines.append([row.name, row.missing, *[""] * len(names)])
            continue
        cells = [
            f"{percent(cell.enrolment.pooled.eer)} / {percent(cell.verification.pooled.eer)}" for cell in row.cells
        ]
        price = "" if row.cpu_s_per_hour is None else f"{row.cpu_s_per_hour:.1f}"
        lines.append([row.name, *cells, price])
        as_marked = [percent(cell.program.pooled.eer) for cell in row.cells if cell.program is not None]
        if as_marked:
            lines.append([f"{row.name}, as the program scores", *as_marked, ""])
    return lines


def detail_table(rows: Sequence[Row]) -> list[list[str]]:
    """One line per embedder and condition: enrolment EER per source, across sources, and detection costs."""
    sources = sorted({name for row in rows for cell in row.cells for name in cell.enrolment.per_source})
    header = ["enrolment EER %", "condition", *sources, "pooled", "across", "minDCF 0.01", "minDCF 0.05"]
    lines = [header]
    for row in rows:
        for cell in row.cells:
            result: ProtocolResult = cell.enrolment
            per_source = [
                percent(result.per_source[name].eer) if name in result.per_source else "–" for name in sources
            ]
            lines.append(
                [
                    row.name,
                    cell.condition,
                    *per_source,
                    percent(result.pooled.eer),
                    percent(result.across.eer),
                    f"{result.pooled.min_dcf_01:.3f}",
                    f"{result.pooled.min_dcf_05:.3f}",
                ]
            )
    return lines


def markers_table(rows: Sequence[MarkerRow]) -> list[list[str]]:
    """One line per embedder and recording, and one per embedder over all of them."""
    lines = [
        [
            "markers",
            "recording",
            "threshold",
            "precision",
            "recall",
            "F1",
            "false min/h",
            "turns found",
            "start error s",
            "verifier CPU s/h",
        ]
    ]
    for row in rows:
        if row.missing is not None:
            lines.append([row.name, row.missing, *[""] * 8])
            continue
        for score in row.scores:
            found = "–" if score.turns_found is None else f"{100 * score.turns_found:.0f} %"
            start = "–" if score.start_error_s is None else f"{score.start_error_s:.2f}"
            lines.append(
                [
                    row.name,
                    score.recording,
                    f"{row.threshold:.3f}{' (hindsight)' if row.hindsight else ''}",
                    f"{score.precision:.3f}",
                    f"{score.recall:.3f}",
                    f"{score.f1:.3f}",
                    f"{score.false_minutes_per_hour:.2f}",
                    found,
                    start,
                    "" if row.verifier_cpu_s_per_hour is None else f"{row.verifier_cpu_s_per_hour:.1f}",
                ]
            )
    return lines


def speech_table(rows: Sequence[SpeechRow]) -> list[list[str]]:
    """One line per embedder and set of recordings: how well people are told apart, and which turns are found."""
    lengths = [f"{low:g}–{high:g} s" if high < float("inf") else f"> {low:g} s" for low, high in LENGTHS_S]
    lines = [
        ["who speaks when", "recordings", "DER", "JER", "purity", "coverage", *(f"found {one}" for one in lengths)]
    ]
    for row in rows:
        score = row.score
        shares = ["–"] * 4 if score is None else [f"{value:.3f}" for value in astuple(score)]
        counts = [f"{found} of {total}" for found, total in row.by_length] or [""] * len(lengths)
        lines.append([row.name, row.recordings, *shares, *counts])
    return lines
