"""`voicemark forget`: erase a person for good."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, complain, screen

if TYPE_CHECKING:
    from pathlib import Path

    from voicemark.actions.erase import Erased
    from voicemark.config import Config
    from voicemark.store.forget import Forgotten


def forget(
    name: Annotated[str | None, typer.Argument(help="The voice's name, as in the configuration.")] = None,
    person: Annotated[
        int | None, typer.Option(help="Instead: the number of somebody without a name, as `voicemark people` tells it.")
    ] = None,
    recordings: Annotated[
        bool,
        typer.Option(
            "--recordings",
            help="Erase the embeddings of the recordings in which the voice was heard too; other voices keep their "
            "markers there, but new ones are not found in them without hearing them again.",
        ),
    ] = False,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", help="It is no error when nothing of that name is kept.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Erase a voice's memory, markers and statistics, and all that was ever said of it, from the database for good, and
    from exported files.

    What was broken off is ended by the next run, with any name, or by the service. A name that nothing is kept of is an
    error, unless --missing-ok: of whom was erased before not even the name is kept. Of playlists (`playlist -o`),
    reports (`report --html`) and backups no list is kept: delete those yourself, and the samples.
    """
    from voicemark.actions.erase import finish_erasures, needed_bytes
    from voicemark.config import load_config
    from voicemark.store.called import no_voice
    from voicemark.store.database import open_database
    from voicemark.store.forget import forget as erase
    from voicemark.store.forget import forget_group, is_anything_left

    if (name is None) == (person is None):
        raise typer.BadParameter("say a name, or --person and a number")
    loaded = load_config(config)
    database = open_database(loaded.database.path)

    def say(line: str) -> None:
        with suppress(OSError, SystemExit):  # Nobody reads on (`| head`): that is no reason to stop in the middle.
            screen().print(line, markup=False)

    try:
        needed, free = needed_bytes(database)
        if free < needed:
            complain(
                f"the database is written anew in the end, which takes {needed / 1e6:.1f} MB; {free / 1e6:.1f} MB are "
                "free: make room, and run this again (or the service ends what is left)"
            )
        with database.reading() as session:
            unfinished = is_anything_left(session)
        if name is not None:
            forgotten = erase(database, name, recordings=recordings)
        else:
            forgotten = forget_group(database, person or 0, recordings=recordings)
        with database.reading() as session:
            known = is_anything_left(session) or forgotten.name in {speaker.name for speaker in loaded.speakers}
        if name is not None and not known and not missing_ok:
            raise no_voice(name, forgotten.others)
        for line in erased(forgotten):
            say(line)
        if unfinished:
            say("what an earlier run left to be done is done now")
        rest = finish_erasures(database, loaded.export, say)
    finally:
        database.close()
    for line in (*what_became(rest), *left_to_do(forgotten, loaded, config)):
        say(line)
    if rest.unfinished:
        complain(f"not finished, and tried again by the next run or the service: {rest.unfinished}")
        raise typer.Exit(1)


def erased(forgotten: "Forgotten") -> list[str]:
    """What was erased, in words."""
    if not forgotten.memories and not forgotten.markers and not forgotten.answers and not forgotten.recordings:
        known = f"; the voices there are: {', '.join(forgotten.others)}" if forgotten.others else ""
        return [f"nothing was kept of '{forgotten.name}'{known}"]
    also = f", and the embeddings of {forgotten.embeddings} recordings" if forgotten.embeddings else ""
    return [
        f"'{forgotten.name}' is forgotten: {forgotten.markers} markers in {len(forgotten.recordings)} recordings "
        f"and {forgotten.memories} memories are erased{also}"
        + (f"; so is what was said of it in {forgotten.answers} places" if forgotten.answers else "")
    ]


def what_became(rest: "Erased") -> list[str]:
    """Of the files that named the voice."""
    lines = [f"{rest.rewritten} exported files were written anew"] if rest.rewritten else []
    lines += [f"{path}: removed (it named the voice; export it again if you want it)" for path in rest.removed]
    lines += [
        f"{path}: was changed since it was exported; look whether it still names the voice" for path in rest.changed
    ]
    return lines


def left_to_do(forgotten: "Forgotten", config: "Config", path: "Path") -> list[str]:
    """What only the owner can remove: configuration, samples, playlists, reports, backups."""
    from voicemark.config.load import find_line

    lines = []
    for index, speaker in enumerate(config.speakers):
        if speaker.name == forgotten.name:
            line = find_line(path.read_text("utf-8"), ("speakers", index))
            samples = ", ".join(str(sample if isinstance(sample, str) else sample.file) for sample in speaker.samples)
            lines.append(
                f"'{speaker.name}' is still in [[speakers]] of {path}{f', line {line}' if line else ''}: remove that "
                f"table, or the voice is enrolled again at the next scan; its samples are {samples}"
            )
    if forgotten.recordings and not forgotten.embeddings:
        lines.append(
            "the embeddings of the recordings stay, in which everybody's speech is: with --recordings these are erased "
            "as well"
        )
    lines.append(
        "playlists and reports that name the voice stay (`playlist -o`, `report --html`): no list is kept of them, so "
        "delete them yourself"
    )
    lines.append("backups made before still hold the voice: delete them, or make new ones")
    return lines
