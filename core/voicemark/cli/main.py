"""The `voicemark` command: its subcommands, and the one place where errors become a line and an exit code.

Exit codes: 0 all went through, 1 something failed (the rest is done), 2 a usage or configuration error.
"""

import sys
from typing import Annotated

import typer

import voicemark
from voicemark.cli import (
    ask,
    backfill,
    backup,
    bench,
    cluster,
    config,
    correct,
    doctor,
    enrol,
    evaluate,
    evaluate_corrections,
    evaluate_people,
    export,
    forget,
    markers,
    people,
    play,
    playlist,
    report,
    retry,
    scan,
    status,
    titles,
    train,
    train_autoencoder,
    train_average,
    train_backend,
    train_quantise,
    verifier,
    web,
)
from voicemark.cli.output import complain
from voicemark.errors import ConfigError, VoicemarkError

FAILED, USAGE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    help="At which minutes of your TV recordings is a known voice heard?",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="Check the configuration, or write an example.", no_args_is_help=True)
cluster_app = typer.Typer(help="Hear recordings with several machines.", no_args_is_help=True)
train_app = typer.Typer(help="Train the models: voices, audio features, titles.", no_args_is_help=True)
verifier_app = typer.Typer(help="A second opinion for doubtful voices.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Measure the models beside others.", no_args_is_help=True)

app.command("scan")(scan.scan)
app.command("backfill")(backfill.backfill)
app.command("markers")(markers.markers)
app.add_typer(people.people_app, name="people")
app.command("correct")(correct.correct)
app.command("ask")(ask.ask)
app.command("related")(titles.related)
app.command("enrol")(enrol.enrol)
app.command("forget")(forget.forget)
app.command("export")(export.export)
app.command("playlist")(playlist.playlist)
app.command("play")(play.play)
app.command("status")(status.status)
app.command("web")(web.web)
app.command("report")(report.report)
app.command("retry")(retry.retry)
app.command("backup")(backup.backup)
app.command("doctor")(doctor.doctor)
app.add_typer(config_app, name="config")
app.add_typer(cluster_app, name="cluster")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(verifier_app, name="verifier")
app.command("bench")(bench.bench)
verifier_app.command("get")(verifier.get)
cluster_app.command("certificates")(cluster.certificates)
cluster_app.command("scheduler")(cluster.scheduler)
cluster_app.command("worker")(cluster.worker)
config_app.command("check")(config.check)
config_app.command("example")(config.example)
train_app.command("voice")(train.voice)
train_app.command("autoencoder")(train_autoencoder.autoencoder)
train_app.command("average")(train_average.average)
train_app.command("join")(train_average.join)
train_app.command("backend")(train_backend.backend)
train_app.command("quantise")(train_quantise.quantise)
train_app.command("titles")(titles.train)
evaluate_app.command("voices")(evaluate.voices)
evaluate_app.command("corrections")(evaluate_corrections.corrections)
evaluate_app.command("people")(evaluate_people.people)
evaluate_app.command("titles")(titles.evaluate)


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
