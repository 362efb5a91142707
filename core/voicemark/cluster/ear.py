"""The process that hears: it loads the model once and hears one recording after another, as it is told over a pipe.

It is a process of its own so that whatever a recording does to it (a crash in a decoder, memory, a hang) ends nothing
else, and so that its long computing never keeps its worker from saying that it lives.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from voicemark.audio.demux import AudioReader
from voicemark.cluster.answers import pack_heard
from voicemark.cluster.frames import ANSWER, PROGRESS, READY, PipeClosedError, receive, send
from voicemark.cluster.roots import Roots
from voicemark.cluster.wire import (
    Failure,
    Header,
    Machine,
    Order,
    TroubleName,
    pack_header,
    recording_of,
    unpack_order,
    unpack_settings,
)
from voicemark.errors import (
    Follows,
    ModelError,
    RecordingUnreadableError,
    Trouble,
    VoicemarkError,
    trouble_of,
    what_follows,
)
from voicemark.patience import within_patience
from voicemark.pipeline import Told, check_unchanged, content_of, listen
from voicemark.priorities import be_nice
from voicemark.recording import Recording
from voicemark.version import __version__
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.diarization import RULES
from voicemark.voice.load import configured_encoder

TELL_S = 1.0
NAMES: dict[Trouble, TroubleName] = {Trouble.ITEM: "item", Trouble.PLACE: "place", Trouble.OWN: "own"}


class UnfitError(VoicemarkError):
    """This machine would hear otherwise than the archive was heard."""


class OtherFileError(RecordingUnreadableError):
    """What lies there on this machine is not what is meant: a mount that is away, old, or another one."""


def hear(order: Order, encoder: SpeakerEncoder, roots: Roots, machine: Machine, told: Callable[[float], None]) -> bytes:
    """The answer to `order`. Raises `VoicemarkError`."""
    began = time.monotonic()
    check_fit(order, machine)
    recording = recording_of(order, roots)
    check_same(order, recording)
    progress = Told(told)
    audio = AudioReader.of(recording, order.audio, progress.again)
    heard = listen(audio, encoder, progress)
    check_unchanged(recording, order.content)
    return pack_heard(machine, heard, time.monotonic() - began)


def check_fit(order: Order, machine: Machine) -> None:
    """Raises `UnfitError` unless what this machine hears may stand beside the rest of the archive."""
    if order.program != machine.program:
        raise UnfitError(
            f"has voicemark {machine.program}, the archive's machine has {order.program}",
            hint="install the same version on both",
        )
    if order.rules != machine.rules:
        raise UnfitError(
            f"cuts recordings by rules {machine.rules}, the archive's machine by rules {order.rules}",
            hint="install the same version on both",
        )
    if order.model_id != machine.model_id:
        raise UnfitError(
            f"hears with model {machine.model_id}, the archive is of {order.model_id}",
            hint="set [encoder] model to the same file on both",
        )


def check_same(order: Order, recording: Recording) -> None:
    """Raises `OtherFileError` unless the files are those that the order means, as far as size and fingerprint tell."""
    advice = "look at the mount, and at [cluster] roots on this machine"
    for file, size in zip(recording.files, order.sizes, strict=True):
        try:
            found = within_patience(file, file.stat).st_size
        except FileNotFoundError as error:
            raise OtherFileError("is not there on this machine", path=file, hint=advice) from error
        except OSError as error:
            raise OtherFileError(f"cannot be looked at: {error.strerror}", path=file, hint=advice) from error
        if found != size:
            raise OtherFileError(f"has {found} bytes here and {size} at the archive's machine", path=file, hint=advice)
    if content_of(recording) != order.content:
        raise OtherFileError("has another content here than at the archive's machine", path=file, hint=advice)


def failure_of(error: BaseException) -> Failure:
    """What an error means to who gave the order."""
    if isinstance(error, UnfitError):
        return Failure("unfit", str(error))
    if isinstance(error, VoicemarkError):
        return Failure(NAMES[error.trouble], str(error), final=what_follows(error) is Follows.ASIDE)
    trouble = trouble_of(error)
    if isinstance(error, RuntimeError) and any(word in str(error) for word in ("CUDA", "cuDNN", "CUBLAS")):
        trouble = Trouble.PLACE
    return Failure(NAMES[trouble], f"{type(error).__name__}: {error}")


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Hear until the pipe is closed. Raises `PipeClosedError`."""
    settings = unpack_settings(receive(orders)[1])
    be_nice(settings.nice, idle_io=settings.idle_io)
    roots = Roots.of(settings.folders)
    machine = Machine(socket.gethostname(), __version__, RULES, "", tuple(roots.folders))
    try:
        encoder = configured_encoder(settings.encoder)
    except ModelError as error:
        send(answers, READY, pack_header(Header(machine, failure=Failure("unfit", str(error)))))
        return
    machine = Machine(machine.host, __version__, RULES, encoder.model_id, machine.roots)
    send(answers, READY, pack_header(Header(machine)))
    while True:
        _, data = receive(orders)
        told_at = 0.0

        def told(seconds: float) -> None:
            nonlocal told_at
            if time.monotonic() - told_at > TELL_S:
                told_at = time.monotonic()
                send(answers, PROGRESS, f"{seconds:.0f}".encode())

        try:
            answer = hear(unpack_order(data), encoder, roots, machine, told)
        except PipeClosedError:
            raise
        except Exception as error:
            answer = pack_header(Header(machine, failure=failure_of(error)))
        send(answers, ANSWER, answer)


def main() -> None:
    """Orders on standard input, answers on what was standard output; whatever prints, prints to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, answers)
    except PipeClosedError:
        os._exit(0)  # The worker has ended; a thread that hangs in a library must not hold us.


if __name__ == "__main__":
    main()
