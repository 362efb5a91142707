"""What the page asks for where no service runs: done by a process of its own (`python -m voicemark.web.alone`).

On standard input a line with the configuration, and one as it goes to the service; on standard output the line that the
service would answer. What follows from the act is done then, when nobody waits any more.
"""

import sys
from contextlib import closing
from dataclasses import asdict

from voicemark.actions.perform import Done
from voicemark.config import Config
from voicemark.control.submit import act_of, done_here
from voicemark.control.wire import read_request, write_done, write_error
from voicemark.errors import VoicemarkError
from voicemark.store.database import open_database


def main() -> int:
    """One act. 0 when it was done."""
    config = Config.model_validate_json(sys.stdin.buffer.readline())
    try:
        done = done_here(config, act_of(read_request(sys.stdin.buffer.readline())))
    except VoicemarkError as error:
        _answer(write_error(error))
        return 1
    _answer(write_done({**asdict(done), "follow_up": sorted(done.follow_up)}))
    _follow(config, done)
    return 0


def _follow(config: Config, done: Done) -> None:
    """Raises what `follow` raises: the log has it, and the next scan does what is left."""
    if not done.follow_up:
        return
    from voicemark.actions.follow import follow

    with closing(open_database(config.database.path)) as database:
        for line in follow(database, config, done.follow_up):
            print(line, file=sys.stderr)


def _answer(line: bytes) -> None:
    """At once, and nothing more: whoever waits for it goes on."""
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
