"""`voicemarkd`: put the service together, run it, and say with the exit code how it ended.

0   asked to end (SIGTERM, SIGINT)
2   wrong command line
70  an error of the program itself; the log has the details
74  the database cannot be used (locked, read-only, damaged, written by a newer version)
78  the configuration is wrong, or names a model or voices that cannot be used: restarting does not help
"""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from voicemark.errors import ConfigError, DatabaseError, EnrolmentError, ModelError, VoicemarkError
from voicemarkd.journal import set_up_logging
from voicemarkd.notify import notify

EXIT_SOFTWARE, EXIT_DATABASE, EXIT_CONFIG = 70, 74, 78
"""Numbers of sysexits.h."""

BUSY_S = 4.0

log = logging.getLogger("voicemarkd")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def serve(
    config: Annotated[Path, typer.Option("--config", "-c", help="The configuration (TOML).")] = Path(
        "/etc/voicemark/config.toml"
    ),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False,
) -> None:
    """Watch the recorder's folders and mark where voices are heard, until told to end."""
    set_up_logging(logging.DEBUG if verbose else logging.INFO)
    code = run_service(config)
    logging.shutdown()
    # Not sys.exit: a thread that hangs in a library must not hold the process.
    os._exit(code)


def run_service(path: Path) -> int:
    """Serve with the configuration at `path`; the exit code."""
    from voicemark.store.database import open_database
    from voicemarkd.hearing import Hearing
    from voicemarkd.reload import ConfigFile
    from voicemarkd.service import Service

    try:
        config_file = ConfigFile(path)
        notify("STATUS=opening the database")
        # A short wait for locks: the service tries again by itself, and a signal must not wait for SQLite.
        database = open_database(config_file.accepted.database.path, busy_timeout_s=BUSY_S)
        notify("STATUS=loading the model and the voices")
        hearing = Hearing(config_file.accepted, database)
        fatal = Service(config_file, database, hearing).run()
        database.close()
    except (ConfigError, ModelError, EnrolmentError) as error:
        return _end(EXIT_CONFIG, error)
    except DatabaseError as error:
        return _end(EXIT_DATABASE, error)
    except Exception as error:
        log.critical("cannot go on", exc_info=True)
        return _end(EXIT_SOFTWARE, error)
    return 0 if fatal is None else _end(EXIT_SOFTWARE, fatal)


def _end(code: int, error: BaseException) -> int:
    text = str(error) if isinstance(error, VoicemarkError) else f"{type(error).__name__}: {error}"
    log.critical("%s", text)
    notify(f"STATUS={text}", f"ERRNO={code}")
    return code


def run() -> None:
    """Entry point of the console script."""
    app()
