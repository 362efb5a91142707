"""`voicemark train voice`: the recipe of the shipped weights, and the way to weights of one's own."""

from pathlib import Path
from typing import Annotated

import typer


def voice(
    corpus: Annotated[
        list[Path], typer.Option(help="Folder of speech with manifest.csv (path, speaker, split); repeatable.")
    ],
    noise: Annotated[Path, typer.Option(help="Folder of music and noise with manifest.csv (path, kind).")],
    out: Annotated[Path, typer.Option(help="The weights file to write (.safetensors).")],
    init: Annotated[
        str | None, typer.Option(help="Start from 'default' (the shipped weights), a weights file or an autoencoder.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Fine-tune to this configuration's voices; kept only if they gain by it.")
    ] = None,
    distil: Annotated[
        list[Path] | None,
        typer.Option(
            help="A teacher: any ONNX speaker model that takes 80-bin Kaldi features or samples; one that also tells "
            "its frames (a second output of that name, as campplus_export.py writes) teaches faster. Repeatable: the "
            "student learns from all, most from the first. A .pt2 file (campplus_export.py writes that, too) hears on "
            "the device where the student learns: for a GPU, and alone."
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh/--clips",
            help="With a teacher: it hears ever new crops at other speeds and formants (better), or each clip once.",
        ),
    ] = True,
    personas: Annotated[
        bool, typer.Option("--personas", help="Several fresh crops tell one moved voice, and share what is learnt.")
    ] = False,
    dim: Annotated[int, typer.Option(min=1, help="Components of an embedding.")] = 128,
    unlabelled: Annotated[
        list[Path] | None, typer.Argument(help="Recordings or audio to learn from through the teacher.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of the first stage.")] = 6_000,
    triplet_steps: Annotated[int, typer.Option(min=0, help="Steps of the second stage: mined triplets.")] = 1_500,
    mining: Annotated[str, typer.Option(help="Where violators are searched: random, batch or bank.")] = "bank",
    batch: Annotated[int, typer.Option(min=4, help="Windows in a step.")] = 64,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that prepare batches, each with a teacher and 2.2 GB of crops.")
    ] = 1,
    speed: Annotated[
        list[float] | None, typer.Option(help="Speeds at which voices are heard, as further voices; repeatable.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")] = False,
    seed: Annotated[int, typer.Option(help="Fixes everything that is drawn at random.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a voice model: manifests in, weights out. Progress is kept beside the output, in OUT.work/.

    Writes OUT only at the end. Fine-tuning (--config) starts from the shipped weights, holds back a part of the
    voices' samples, and leaves OUT unwritten when these are not told apart better afterwards.
    """
    from dataclasses import replace
    from typing import get_args

    from voicemark.cli.output import messages, screen
    from voicemark.errors import ConfigError
    from voicemark.lab.batches.augment import SPEEDS as RATIOS
    from voicemark.lab.training.recipe import SPEEDS, Recipe, taught_by, train
    from voicemark.lab.training.trainer import Report
    from voicemark.lab.training.triplets import Mining
    from voicemark.voice.load import pick_device
    from voicemark.voice.network import EncoderConfig

    if mining not in get_args(Mining):
        raise ConfigError(f"unknown mining '{mining}'", hint=f"one of {', '.join(get_args(Mining))}")
    if unlabelled and not distil:
        raise ConfigError("recordings without labels teach nothing by themselves", hint="name a teacher: --distil")
    if init is not None and init != "default" and not Path(init).is_file():
        raise ConfigError(f"no such file to start from: {init}", hint="'default' or a weights file")
    speeds = tuple(speed or SPEEDS)
    if unknown := [value for value in speeds if value not in RATIOS]:
        raise ConfigError(f"unknown speed {unknown[0]:g}", hint=f"one of {', '.join(f'{v:g}' for v in RATIOS)}")
    told = messages()

    def report(state: Report) -> None:
        losses = "  ".join(f"{name} {value:.3f}" for name, value in state.losses.items())
        zero = "" if state.zero_share is None else f"  zero triplets {100 * state.zero_share:.0f} %"
        score = "" if state.score is None else f"  dev EER: {state.score}{' (best)' if state.best else ''}"
        told.print(f"step {state.step}/{state.steps}  {losses}{zero}{score}", markup=False)

    last_told: dict[str, int] = {}

    def progress(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if last_told.get(what) != tenth:
            last_told[what] = tenth
            told.print(f"{what}: {done} of {total}", markup=False)

    recipe = Recipe(
        corpus=corpus,
        noise=noise,
        out=out,
        unlabelled=unlabelled or (),
        init=init,
        speeds=speeds,
        personas=personas,
        network=EncoderConfig(dim=dim),
        triplet_steps=triplet_steps,
        device=str(pick_device(device)),
        resume=resume,
    )
    recipe = taught_by(recipe, distil or (), fresh=fresh)
    first = recipe.first_stage
    sampling = replace(first.sampling, batch=batch)
    first = replace(first, steps=steps, workers=workers, seed=seed, mining=mining, sampling=sampling)  # type: ignore[arg-type]
    recipe = replace(recipe, first=first)
    if config is not None:
        from voicemark.config import load_config
        from voicemark.lab.training.finetune import finetune

        outcome = finetune(recipe, load_config(config), report, progress)
        screen().print(str(outcome), markup=False)
        return
    trained = train(recipe, report, progress)
    eer = "" if trained.eer is None else f", mean EER on the dev split {100 * trained.eer:.2f} %"
    screen().print(f"{trained.path}: {trained.model_id}{eer}", markup=False)
