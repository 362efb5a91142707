"""`voicemark doctor RECORDING`: the report on a recording, printed for a person."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from voicemark.cli.output import clock, messages, screen

if TYPE_CHECKING:
    from voicemark.actions.recording_report import FileReport, RecordingReport
    from voicemark.audio.account import Heard
    from voicemark.config import Config
    from voicemark.recording import StreamHint

MAX_BREAKS = 20
"""So many holes and splices are listed; a ruined recording has hundreds."""


def show_recording(path: Path, settings: "Config") -> None:
    """Print a report on each recording at `path`; exits with 1 when one of them cannot be heard."""
    from voicemark.actions.recording_report import report_on

    console = screen()
    unheard = False
    with messages().status("listening …") as status:
        for report in report_on(path, settings):
            status.stop()
            print_report(report, console)
            unheard |= report.heard is None
            status.start()
    if unheard:
        raise typer.Exit(1)


def print_report(report: "RecordingReport", console: Console) -> None:
    """One recording, section by section: a heading, and one line or more."""
    sections: tuple[tuple[str, Iterable[str]], ...] = (
        ("recording", [str(report.path)]),
        ("recorder", [_recorder_line(report)]),
        ("state", [_state_line(report)]),
        *_metadata(report),
        ("files", map(_file_line, report.files)),
        *_audio(report),
        ("programmes", _programmes(report)),
        ("problem", report.problems),
    )
    for heading, lines in sections:
        style = "bold red" if heading == "problem" else "bold"
        for number, text in enumerate(lines):
            console.print(f"[{style}]{'' if number else heading:<11}[/]", end=" ")
            console.print(_plain(text), markup=False)
    console.print()


def _recorder_line(report: "RecordingReport") -> str:
    if report.watched is None or report.watched.recorder == "auto":
        return f"{report.recorder}, found out by looking"
    return f"{report.recorder}, as configured for {report.watched.path}"


def _state_line(report: "RecordingReport") -> str:
    from voicemark.actions.recording_report import STATE_WORDS

    return STATE_WORDS[report.state] if report.state else "cannot be told"


def _metadata(report: "RecordingReport") -> list[tuple[str, Iterable[str]]]:
    recording = report.recording
    if recording is None:
        return []
    told = report.programmes
    begun = (told.started_at if told else None) or recording.started_at
    longest = max(told.spans if told else (), key=lambda span: span.end_s - span.start_s, default=None)
    title = longest.programme.title if longest and recording.programme is None else recording.title
    expected = recording.expected_duration_s
    return [
        ("title", [title]),
        ("begun", [f"{begun.astimezone():%Y-%m-%d %H:%M:%S %Z}"] if begun else []),
        ("expected", [f"{clock(expected)}, by its metadata"] if expected else []),
        ("metadata", recording.notes),
        ("says of it", [_hint_line(hint) for hint in recording.streams]),
    ]


def _hint_line(hint: "StreamHint") -> str:
    return ", ".join(filter(None, (f"kind {hint.kind}", hint.language, hint.description)))


def _audio(report: "RecordingReport") -> list[tuple[str, Iterable[str]]]:
    from voicemark.audio.choose import describe

    choice, heard = report.choice, report.heard
    streams = next((file.media.streams for file in report.files if file.media), ())
    sections: list[tuple[str, Iterable[str]]] = [("streams", map(describe, streams))]
    if choice is not None:
        rejected = [f"not stream {stream.index}: {why}" for stream, why in choice.rejected]
        sections.append(("heard is", [choice.reason, *rejected]))
    if heard is not None:
        sections.append(("length", [f"{clock(heard.duration_s)}, as a player counts"]))
        if heard.offered_s is not None:
            sections.append(("account", [_account(heard)]))
        damage = [str(found) for found in heard.breaks[:MAX_BREAKS]]
        if len(heard.breaks) > MAX_BREAKS:
            damage.append(f"… and {len(heard.breaks) - MAX_BREAKS} more")
        if heard.lost_packets:
            damage.append(f"{heard.lost_packets} or more packets of its sound are lost")
        if heard.damage is not None:
            damage.append(f"{heard.complaint_lines} complaints of the decoder: {heard.damage}")
        sections.append(("damage", damage or ["none"]))
        sections.append(("besides", [*heard.notes, *([f"ffmpeg said: {heard.remarks}"] if heard.remarks else [])]))
    return sections


def _account(heard: "Heard") -> str:
    """What was heard against what there was."""
    lost = sum(found.length_s for found in heard.breaks if found.kind == "hole")
    parts = [
        f"{clock(heard.decoded_s)} decoded of {clock(max(heard.offered_s or 0.0, heard.decoded_s))} that were there"
    ]
    return ", ".join([*parts, *([f"{clock(lost)} of silence for what was not"] if lost else [])])


def _programmes(report: "RecordingReport") -> list[str]:
    if report.programmes is None:
        return []
    lines = []
    for span in report.programmes.spans:
        shown = span.programme
        title = shown.title + (f" – {shown.subtitle}" if shown.subtitle else "")
        about = ", ".join((*shown.genres, f"from {shown.source}"))
        lines.append(f"{clock(span.start_s)} – {clock(span.end_s)}  {title} ({about})")
    return [*(lines or ["none known"]), *report.programmes.notes]


def _file_line(file: "FileReport") -> str:
    parts = [file.path.name]
    if file.size is not None:
        parts.append(f"{file.size / 1e6:,.1f} MB")
    if file.modified_at is not None:
        parts.append(f"written {file.modified_at.astimezone():%Y-%m-%d %H:%M:%S}")
    if file.media is not None:
        parts.append(file.media.format)
        if file.media.duration_s:
            parts.append(clock(file.media.duration_s))
    if file.problem:
        parts.append(file.problem)
    return ", ".join(parts)


def _plain(text: str) -> str:
    """Text that any terminal can be sent: names may hold bytes that are not UTF-8, and control characters."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else " " for char in whole)
