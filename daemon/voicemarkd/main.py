"""`voicemarkd`: put the service together, run it, and say with the exit code how it ended.

0   asked to end (SIGTERM, SIGINT)
2   wrong command line
70  an error of the program itself; the log has the details
74  the database cannot be used: damaged, written by a newer version, or deleted or replaced while it was open, when
    a new start begins with what is there (locked, full or read-only, it is waited for, and so are samples)
78  the configuration is wrong, or names a model that cannot be used: restarting does not help
"""

import logging
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.errors import ConfigError, DatabaseError, EnrolmentError, ModelError, words_of
from voicemarkd.journal import set_up_logging
from voicemarkd.notify import notify

if TYPE_CHECKING:
    from voicemark.config import Config
    from voicemark.store.database import Database
    from voicemarkd.recogniser import CurrentRecogniser

EXIT_SOFTWARE, EXIT_DATABASE, EXIT_CONFIG = 70, 74, 78
"""Numbers of sysexits.h."""

BUSY_S = 4.0
"""A short wait for locks: the service tries again by itself, and a signal must not wait for SQLite."""
OPEN_AGAIN_S, ENROL_AGAIN_S = 2.0, 15.0

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
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # What it asks for is done by starting.
    try:
        from voicemarkd.reload import ConfigFile
        from voicemarkd.service import Service

        config_file = ConfigFile(path)
        database, recogniser = _open(config_file.accepted)
        fatal = Service(config_file, database, recogniser).run()
        database.close()
    except (ConfigError, ModelError) as error:
        return _end(EXIT_CONFIG, error)
    except DatabaseError as error:
        return _end(EXIT_DATABASE, error)
    except Exception as error:
        log.critical("cannot go on", exc_info=True)
        return _end(EXIT_SOFTWARE, error)
    return 0 if fatal is None else _end(EXIT_DATABASE, fatal)


def _open(config: "Config") -> "tuple[Database, CurrentRecogniser]":
    """What the service works with. A database that is locked, full or read-only is waited for, and samples that a
    verifier needs, as systemd is told."""
    from voicemark.store.database import open_database
    from voicemark.store.sqlite_errors import DatabaseUnavailableError
    from voicemarkd.recogniser import CurrentRecogniser

    said = None
    while True:
        database = None
        try:
            notify("STATUS=opening the database")
            database = open_database(config.database.path, busy_timeout_s=BUSY_S)
            notify("STATUS=loading the model and the voices")
            return database, CurrentRecogniser(config, database)
        except (DatabaseUnavailableError, EnrolmentError) as error:
            if database is not None:
                database.close()
            if error.what != said:
                log.error("%s", error)
            said = error.what
            notify(f"STATUS=waiting: {error.what}", "EXTEND_TIMEOUT_USEC=60000000")
            time.sleep(OPEN_AGAIN_S if isinstance(error, DatabaseUnavailableError) else ENROL_AGAIN_S)


def _end(code: int, error: BaseException) -> int:
    text = words_of(error)
    log.critical("%s", text)
    notify(f"STATUS={text}", f"ERRNO={code}")
    return code


def run() -> None:
    """Entry point of the console script."""
    app()
