"""How the page acts: it asks the service, the one who writes; where none runs, a process of its own does it.

The page itself only reads. Without a service what is asked for is done as a command would do it, in a process that may
load a network and match the archive anew, and ends then.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from voicemark.actions.acts import Act
from voicemark.actions.perform import Done
from voicemark.config import Config
from voicemark.control.client import asked
from voicemark.control.place import ControlError, socket_of
from voicemark.control.submit import read_done
from voicemark.control.wire import Request, read_answer, write_request

ALONE = "voicemark.web.alone"


Submit = Callable[[Config, Act], Done]


def submit(config: Config, act: Act) -> Done:
    """Have it done. Raises the error that it met with: `ActError`, `NeedsConfirmationError`, `ControlError`, …"""
    request = Request(config.database.path, act.model_dump(mode="json"))
    done = asked(socket_of(config), request)
    return read_done(_alone(config, request) if done is None else done)


def _alone(config: Config, request: Request) -> dict[str, Any]:
    """Done by a process of its own, which answers as the service would, and goes on with what follows."""
    process = subprocess.Popen([sys.executable, "-m", ALONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    with process.stdin as told:
        told.write(config.model_dump_json().encode() + b"\n" + write_request(request))
    line = process.stdout.readline()
    process.stdout.close()
    threading.Thread(target=process.wait, daemon=True).start()
    if not line:
        raise ControlError("no service runs, and what was asked for could not be done without", hint="see the log")
    return read_answer(line)
