"""Commands as a person runs them, in this process: one of its own takes seconds to import torch."""

import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from voicemark.cli import main


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, timezone: str = "UTC") -> Done:
    """`voicemark` with these arguments, through its entry point."""
    code = 0
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["voicemark", *map(str, arguments)])
        patch.setenv("TZ", timezone)
        time.tzset()
        try:
            main.run()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
    time.tzset()
    return Done(code, out.getvalue(), err.getvalue())
