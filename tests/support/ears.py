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
import json, os, struct, sys, time
from pathlib import Path

told = json.loads(sys.argv[1])
folder, gate = Path(told["folder"]), Path(told["folder"], "gate")
orders, answers = sys.stdin.buffer, sys.stdout.buffer
head, length = struct.Struct("<cI"), struct.Struct("<I")

def receive():
    begins = orders.read(head.size)
    if len(begins) < head.size:
        sys.exit()
    return json.loads(orders.read(head.unpack(begins)[1]))

def send(letter, data):
    try:
        answers.write(head.pack(letter, len(data)) + data)
        answers.flush()
    except BrokenPipeError:
        os._exit(0)

def header(**said):
    text = json.dumps({"machine": machine, **said}).encode()
    return length.pack(len(text)) + text

roots = list(receive()["folders"])
machine = {**told["machine"], "roots": roots}
send(b"R", header())
while True:
    order = receive()
    name = order["path"]["way"].rsplit("/", 1)[-1]
    with (folder / "begun").open("a") as begun:
        begun.write(f"{os.getpid()} {name}\\n")
    if name.startswith("kill"):
        os.kill(os.getpid(), 9)
    while name.startswith("hang"):
        time.sleep(60)
    while name.startswith("wait") and gate.exists():
        send(b"P", b"1")
        time.sleep(0.02)
    if name.startswith(("away", "own")):
        trouble = "place" if name.startswith("away") else "own"
        send(b"A", header(failure={"trouble": trouble, "what": f"{name} cannot be heard"}))
    elif order["model_id"] != machine["model_id"]:
        send(b"A", header(failure={"trouble": "unfit", "what": "hears with another model"}))
    else:
        send(b"A", (folder / order["content"]).read_bytes())
"""
"""Of the standard library alone, as there are many of them; it speaks `voicemark.cluster.frames` and `wire`."""


def light_ear(folder: Path, model_id: str) -> tuple[str, ...]:
    """The command of such a process; `begun` in `folder` says which one heard what, `gate` there is what `wait…` waits
    for."""
    folder.mkdir(exist_ok=True)
    machine = {"host": "here", "program": __version__, "rules": RULES, "model_id": model_id}
    told = {"folder": str(folder), "machine": machine}
    return (sys.executable, "-S", "-c", PROGRAM, json.dumps(told))


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
