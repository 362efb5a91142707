"""The `voicemark` command: its subcommands, and the one place where errors become a line and an exit code.

Exit codes: 0 all went through, 1 something failed (the rest is done), 2 a usage or configuration error.
"""

import sys
from typing import Annotated

import typer

import voicemark
from voicemark.cli.lazy import group
from voicemark.cli.output import complain
from voicemark.errors import ConfigError, VoicemarkError

FAILED, USAGE, INTERRUPTED = 1, 2, 130

CLUSTER = {
    "certificates": "cluster:certificates",
    "scheduler": "cluster:scheduler",
    "worker": "cluster:worker",
}
TRAIN = {
    "voice": "train:voice",
    "autoencoder": "train_autoencoder:autoencoder",
    "average": "train_average:average",
    "join": "train_average:join",
    "backend": "train_backend:backend",
    "quantise": "train_quantise:quantise",
    "titles": "titles:train",
}
EVALUATE = {
    "voices": "evaluate:voices",
    "corrections": "evaluate_corrections:corrections",
    "people": "evaluate_people:people",
    "titles": "titles:evaluate",
}
COMMANDS: dict[str, str | typer.Typer] = {
    "scan": "scan:scan",
    "backfill": "backfill:backfill",
    "markers": "markers:markers",
    "correct": "correct:correct",
    "ask": "ask:ask",
    "related": "titles:related",
    "enrol": "enrol:enrol",
    "forget": "forget:forget",
    "export": "export:export",
    "playlist": "playlist:playlist",
    "play": "play:play",
    "status": "status:status",
    "web": "web:web",
    "report": "report:report",
    "retry": "retry:retry",
    "backup": "backup:backup",
    "doctor": "doctor:doctor",
    "bench": "bench:bench",
    "people": "people:people_app",
    "config": group(
        {"check": "config:check", "example": "config:example"}, "Check the configuration, or write an example."
    ),
    "cluster": group(CLUSTER, "Hear recordings with several machines."),
    "train": group(TRAIN, "Train the models: voices, audio features, titles."),
    "evaluate": group(EVALUATE, "Measure the models beside others."),
    "verifier": group({"get": "verifier:get"}, "A second opinion for doubtful voices."),
}

app = group(COMMANDS, "At which minutes of your TV recordings is a known voice heard?")


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"voicemark {voicemark.__version__}")
        raise typer.Exit


def run() -> None:
    """Entry point of the console script."""
    try:
        app()
    except ConfigError as error:
        complain(error)
        sys.exit(USAGE)
    except VoicemarkError as error:
        complain(error)
        sys.exit(FAILED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            complain("interrupted; what was done is kept, the recording in hand is done again next time")
        raise
