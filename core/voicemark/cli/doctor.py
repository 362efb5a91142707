"""`voicemark doctor`: is everything there that is needed, and if not, what to do? Of a recording: what is in it?"""

import os
from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, screen


def doctor(
    recording: Annotated[
        Path | None, typer.Argument(help="Look at this recording instead of the installation.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say what is right, what is wrong, and what to do: of the installation, or of one recording."""
    from voicemark.config import Config, load_config
    from voicemark.rights import barred_at

    nothing = config == DEFAULT_CONFIG and not os.path.lexists(config) and barred_at(config) is None
    settings = Config() if nothing else load_config(config)
    if recording is not None:
        from voicemark.cli.doctor_recording import show_recording

        show_recording(recording, settings)
        return
    from voicemark.actions.doctor import examine
    from voicemark.actions.findings import Grade

    marks = {Grade.RIGHT: "[green]ok   [/]", Grade.NOTE: "[yellow]note [/]", Grade.WRONG: "[red]wrong[/]"}
    console = screen()
    wrong = False
    for finding in examine(settings):
        console.print(marks[finding.grade], end=" ")
        console.print(finding.what + (f" → {finding.hint}" if finding.hint else ""), markup=False)
        wrong |= finding.grade is Grade.WRONG
    if wrong:
        raise typer.Exit(1)
