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
    """Erase a voice's memory, markers and statistics from the database for good, and from exported files."""
    from voicemark.config import load_config
    from voicemark.export.after import export_heard
    from voicemark.store.database import open_database
    from voicemark.store.forget import forget as erase
    from voicemark.store.paths import text_to_path

    loaded = load_config(config)
    database = open_database(loaded.database.path)
    try:
        forgotten = erase(database, name)
        failures = export_heard(database, [text_to_path(path) for path in forgotten.recordings], loaded.export)
    finally:
        database.close()
    for line in (*erased(forgotten), *map(str, failures), *left_to_do(forgotten, loaded, config)):
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
    """What only the owner can remove: configuration, samples, backups."""
    from voicemark.config.load import find_line

    lines = []
    for index, speaker in enumerate(config.speakers):
        if speaker.name == forgotten.name:
            line = find_line(path.read_text("utf-8"), ("speakers", index))
            samples = ", ".join(str(sample if isinstance(sample, str) else sample.file) for sample in speaker.samples)
            lines.append(
                f"still in {path}{f', line {line}' if line else ''}: remove this [[speakers]] table, or the voice is "
                f"enrolled again; its samples are {samples}"
            )
    lines.append("backups made before still hold the voice: delete them, or make new ones")
    return lines
