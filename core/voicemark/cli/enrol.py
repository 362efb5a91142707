"""`voicemark enrol`: hear all samples anew and say what each voice's memory holds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, complain, messages, print_json, screen

if TYPE_CHECKING:
    from voicemark.enrolment.summary import SampleSummary, VoiceSummary

MOST_IN_TABLE = 30
"""Voices: of more, only pairs that are too close are told."""


def enrol(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Make the voices' memories from their samples and show what they hold, and how alike voices are."""
    from voicemark.config import load_config
    from voicemark.enrolment.enrolment import enrol as enrol_all
    from voicemark.enrolment.enrolment import tell_what_waits
    from voicemark.enrolment.summary import summarise
    from voicemark.store.database import open_database
    from voicemark.voice.load import configured_encoder

    settings = load_config(config)
    encoder = configured_encoder(settings.encoder)
    database = open_database(settings.database.path)
    try:
        enrolment = enrol_all(settings, encoder, database, anew=True)
        tell_what_waits(database, enrolment.reports)
        summaries = summarise(enrolment)
    finally:
        database.close()
    if as_json:
        print_json(summaries)
    else:
        show(summaries)
    if any(report.waits for report in enrolment.reports):
        raise typer.Exit(1)


def show(summaries: "Sequence[VoiceSummary]") -> None:
    """A table of samples for each voice, then how close the voices are; complaints on standard error."""
    out, told = screen(), messages()
    if not summaries:
        out.print("no voices: add [[speakers]] to the configuration")
    for summary in summaries:
        if summary.error:
            complain(summary.error, told)
        else:
            threshold = "" if summary.threshold is None else f", threshold {summary.threshold:.2f}"
            found = "" if summary.found is None else f" (finds {100 * summary.found:.0f} % of what is held back of it)"
            out.print(f"{summary.name}: {summary.windows} windows remembered{threshold}{found}", markup=False)
            out.print(_samples_table(summary.samples))
        for problem in summary.problems:
            if not summary.error or problem.partition(": ")[2] not in summary.error:
                complain(problem, told)
        for advice in summary.advice:
            complain(f"{summary.name}: {advice}", told)
    enrolled = [summary for summary in summaries if not summary.error]
    if len(enrolled) > MOST_IN_TABLE:
        out.print("too close (share of the one voice's samples that would be taken for the other)")
        out.print(_pairs_table(enrolled) if any(summary.close for summary in enrolled) else "  none")
    elif len(enrolled) > 1:
        out.print("how close (scores of a column's windows against a row's memory)")
        out.print(_voices_table(enrolled))


def _samples_table(samples: "Sequence[SampleSummary]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("  sample", "windows", "kept", "closeness", "not kept"):
        table.add_column(heading, justify="left" if heading in ("  sample", "not kept") else "right")
    for sample in samples:
        reasons = [f"{count} {reason}" for reason, count in sorted(sample.dropped.items())]
        if sample.spare:
            reasons.append(f"{sample.spare} spare")
        close = "" if sample.closeness is None else f"{sample.closeness:.2f}"
        cells = (f"  {sample.sample}", str(sample.windows), str(sample.kept), close, ", ".join(reasons))
        table.add_row(*map(Text, cells))
    return table


def _voices_table(summaries: "Sequence[VoiceSummary]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("  ")
    for summary in summaries:
        table.add_column(Text(summary.name), justify="right")
    for row in summaries:
        scores = [row.own if column is row else row.others.get(column.name) for column in summaries]
        table.add_row(Text(f"  {row.name}"), *("–" if score is None else f"{score:.2f}" for score in scores))
    return table


def _pairs_table(summaries: "Sequence[VoiceSummary]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("  voice", "taken for", "share"):
        table.add_column(heading, justify="right" if heading == "share" else "left")
    for summary in summaries:
        for other, share in summary.close.items():
            table.add_row(Text(f"  {other}"), Text(summary.name), f"{100 * share:.0f} %")
    return table
