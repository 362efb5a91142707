"""Processes that hear for a cluster's worker without loading anything: what they do is told by a recording's name.

kill…   the process kills itself          hang…   it says nothing any more
wait…   it goes on once the gate is gone  away…   the place's trouble
own…    an error of the program           else    what the real ear would say, which was written down before
"""

import json
import sys
from pathlib import Path

from voicemark.audio.demux import AudioReader
from voicemark.cluster.answers import pack_heard
from voicemark.cluster.wire import Machine
from voicemark.config import AudioSection
from voicemark.pipeline import Told, content_of, listen
from voicemark.recorders.plain import Plain
from voicemark.version import __version__
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.diarization import RULES

PROGRAM = """
import json, os, sys, time
from pathlib import Path
from voicemark.cluster.frames import ANSWER, PROGRESS, READY, PipeClosedError, receive, send
from voicemark.cluster.wire import Failure, Header, Machine, pack_header, unpack_order, unpack_settings

told = json.loads(sys.argv[1])
folder, gate = Path(told["folder"]), Path(told["folder"], "gate")
orders, answers = sys.stdin.buffer, sys.stdout.buffer

def serve():
    settings = unpack_settings(receive(orders)[1])
    machine = Machine("here", told["program"], told["rules"], told["model_id"], tuple(settings.folders))
    send(answers, READY, pack_header(Header(machine)))
    while True:
        order = unpack_order(receive(orders)[1])
        name = order.path.way.rsplit("/", 1)[-1]
        with (folder / "begun").open("a") as begun:
            begun.write(f"{os.getpid()} {name}\\n")
        if name.startswith("kill"):
            os.kill(os.getpid(), 9)
        while name.startswith("hang"):
            time.sleep(60)
        while name.startswith("wait") and gate.exists():
            send(answers, PROGRESS, b"1")
            time.sleep(0.02)
        failure = None
        if name.startswith(("away", "own")):
            failure = Failure("place" if name.startswith("away") else "own", f"{name} cannot be heard")
        elif order.model_id != machine.model_id:
            failure = Failure("unfit", "hears with another model")
        if failure is not None:
            send(answers, ANSWER, pack_header(Header(machine, failure=failure)))
        else:
            send(answers, ANSWER, (folder / order.content).read_bytes())

try:
    serve()
except PipeClosedError:
    pass
"""


def light_ear(folder: Path, model_id: str) -> tuple[str, ...]:
    """The command of such a process; `begun` in `folder` says which one heard what, `gate` there is what `wait…` waits
    for."""
    folder.mkdir(exist_ok=True)
    told = {"folder": str(folder), "program": __version__, "rules": RULES, "model_id": model_id}
    return (sys.executable, "-c", PROGRAM, json.dumps(told))


def write_down(folder: Path, file: Path, encoder: SpeakerEncoder) -> None:
    """What the real ear would say of a recording."""
    recording = Plain().read(file)
    audio = AudioReader.of(recording, AudioSection())
    heard = listen(audio, encoder, Told(None))
    machine = Machine("here", __version__, RULES, encoder.model_id)
    (folder / content_of(recording)).write_bytes(pack_heard(machine, heard, 1.0))


def begun(folder: Path) -> list[tuple[int, str]]:
    """Process and name of each recording that was begun, in order."""
    try:
        lines = (folder / "begun").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]
