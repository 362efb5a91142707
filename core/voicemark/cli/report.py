"""`voicemark report`: a recording's timeline as one file, to look at or to send."""

from pathlib import Path
from typing import Annotated

import typer

from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption


def report(
    what: Annotated[str, typer.Argument(help="A recording.", metavar="RECORDING")],
    html: Annotated[Path, typer.Option("--html", help="Write there.")],
    config: ConfigOption = DEFAULT_CONFIG,
    language: Annotated[str, typer.Option(help="Of the file: en or de.")] = "en",
) -> None:
    """Write who speaks when in RECORDING as one HTML file that needs neither a server nor a script."""
    from voicemark.cli.web import check_extra
    from voicemark.config import load_config
    from voicemark.errors import ConfigError, ExportError
    from voicemark.export.files import read_present, write_atomically
    from voicemark.export.load import recording_number
    from voicemark.store.database import open_to_read
    from voicemark.store.recording_view import view_recording

    check_extra()
    from voicemark.web.report import GENERATOR, report_html
    from voicemark.web.words import languages

    words = languages().get(language)
    if words is None:
        raise ConfigError(f"'{language}' is no language of the page", hint=f"there are: {', '.join(languages())}")
    database = open_to_read(load_config(config).database.path)
    try:
        with database.reading() as session:
            view = view_recording(session, recording_number(session, Path(what)))
    finally:
        database.close()
    present = read_present(html)
    if present is not None and GENERATOR not in present[:2000]:
        raise ExportError("was written by someone else", path=html, hint="choose another name; nothing was changed")
    write_atomically(html, report_html(view, words), present=present)
    typer.echo(f"{html}: {len(view.stretches)} turns")
