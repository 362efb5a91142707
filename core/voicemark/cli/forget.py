"""`voicemark forget`: erase a person for good."""

from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, screen

if TYPE_CHECKING:
    from pathlib import Path

    from voicemark.config import Config
    from voicemark.store.forget import Forgotten


def forget(
    name: Annotated[str, typer.Argument(help="The voice's name, as in the configuration.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Erase a voice's memory, markers and statistics from the database for good."""
    from voicemark.config import load_config
    from voicemark.store.database import open_database
    from voicemark.store.forget import forget as erase

    loaded = load_config(config)
    database = open_database(loaded.database.path)
    try:
        forgotten = erase(database, name)
    finally:
        database.close()
    for line in (*erased(forgotten), *left_to_do(forgotten, loaded, config)):
        screen().print(line, markup=False)


def erased(forgotten: "Forgotten") -> list[str]:
    """What was erased, in words."""
    if not forgotten.memories and not forgotten.markers:
        known = f"; the voices there are: {', '.join(forgotten.others)}" if forgotten.others else ""
        return [f"nothing was kept of '{forgotten.name}'{known}"]
    return [
        f"'{forgotten.name}' is forgotten: {forgotten.markers} markers in {len(forgotten.recordings)} recordings "
        f"and {forgotten.memories} memories are erased"
    ]


def left_to_do(forgotten: "Forgotten", config: "Config", path: "Path") -> list[str]:
    """What only the owner can remove: configuration, samples, exported files, backups."""
    from voicemark.config import find_line

    lines = []
    for index, speaker in enumerate(config.speakers):
        if speaker.name == forgotten.name:
            line = find_line(path.read_text("utf-8"), ("speakers", index))
            samples = ", ".join(str(sample if isinstance(sample, str) else sample.file) for sample in speaker.samples)
            lines.append(
                f"still in {path}{f', line {line}' if line else ''}: remove this [[speakers]] table, or the voice is "
                f"enrolled again; its samples are {samples}"
            )
    if forgotten.recordings and config.export.formats:
        where = "beside the recordings" if config.export.in_place else f"in {config.export.folder}"
        lines.append(f"exported marker files {where} may still name the voice: `voicemark export` writes them anew")
    lines.append("backups made before still hold the voice: delete them, or make new ones")
    return lines
