"""`voicemark train autoencoder`: learn audio features from files or recordings that nobody labelled."""

from pathlib import Path
from typing import Annotated

import typer

SUFFIXES = frozenset(
    {".ts", ".mkv", ".mp4", ".mpg", ".vdr", ".opus", ".ogg", ".wav", ".flac", ".mp3", ".mp2", ".m4a", ".ac3"}
)


def autoencoder(
    paths: Annotated[list[Path], typer.Argument(help="Audio files, recordings, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Where the trained autoencoder goes (.safetensors).")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of 64 windows.")] = 2_000,
    minutes: Annotated[float, typer.Option(min=0.5, help="At most so much of each file is heard.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The same seed and files give the same weights on one machine.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint beside OUT where there is one.")] = True,
) -> None:
    """Train the convolutional autoencoder; `train voice --init OUT` then starts from its filters.

    Keeps a checkpoint beside OUT while it runs and removes it at the end. A file that cannot be heard is named and
    left out; exit code 1 then.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from voicemark.audio.demux import AudioReader
    from voicemark.config import AudioSection
    from voicemark.errors import ConfigError, VoicemarkError
    from voicemark.lab.training.autoencoder_training import (
        AutoencoderReport,
        AutoencoderTrainer,
        AutoencoderTraining,
        new_autoencoder,
        save_autoencoder,
        thinned,
    )
    from voicemark.voice.load import pick_device

    console = Console(stderr=True)
    files = sorted(
        {
            file
            for path in paths
            for file in (path.rglob("*") if path.is_dir() else [path])
            if path.is_file() or file.suffix.lower() in SUFFIXES
        }
    )
    if not files:
        raise ConfigError("no audio file among these paths", hint=f"known endings: {', '.join(sorted(SUFFIXES))}")
    blocks_per_file = max(1, round(minutes * 2))  # a block is half a minute
    audio, failed = [], 0
    shown = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Progress(*shown, console=console) as progress:
        reading = progress.add_task("hearing", total=len(files), note="")
        for number, file in enumerate(files):
            try:
                audio += thinned(AudioReader([file], AudioSection()).blocks(), blocks_per_file, seed + number)
            except VoicemarkError as error:
                failed += 1
                console.print(f"left out: {error}", markup=False)
            progress.advance(reading)
        training = progress.add_task("training", total=steps, note="")

        def show(report: AutoencoderReport) -> None:
            progress.update(training, completed=report.step, note=f"error {report.loss:.4f}")

        checkpoint = out.with_suffix(".checkpoint")
        trainer = AutoencoderTrainer(
            new_autoencoder(seed=seed),
            audio,
            AutoencoderTraining(steps=steps, seed=seed),
            device=pick_device(device),
            checkpoint=checkpoint,
            report=show,
        )
        if resume and trainer.resume():
            progress.update(training, completed=trainer.step)
        network = trainer.run()
    save_autoencoder(out, network, trainer.features)
    checkpoint.unlink(missing_ok=True)
    hours = sum(len(excerpt) for excerpt in audio) / trainer.features.sample_rate / 3600
    typer.echo(f"{out}: {trainer.step} steps on {hours:.2f} h of {len(files) - failed} files")
    if failed:
        raise typer.Exit(1)
