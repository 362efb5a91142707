"""What was heard, as bytes and back: the windows and turns as the database keeps them, behind a header.

An answer makes nothing but plain data, and only such as this program could have sent: whoever stores it needs not trust
the machine that it came from.
"""

from dataclasses import dataclass

import numpy as np

from voicemark.cluster.wire import Failure, Header, Machine, Sound, WireError, pack_header, unpack_header
from voicemark.errors import DatabaseError
from voicemark.pipeline import Unnamed
from voicemark.result import Windows
from voicemark.voice.diarization import pack, unpack


@dataclass(frozen=True)
class Answer:
    """What a worker has to say to an order, or of itself."""

    machine: Machine
    took_s: float = 0.0
    heard: Unnamed | None = None
    failure: Failure | None = None


def pack_heard(machine: Machine, heard: Unnamed, took_s: float) -> bytes:
    """As it travels."""
    windows = heard.windows
    count, dim = windows.data.shape
    sound = Sound(
        heard.duration_s,
        heard.audio_stream,
        windows.model_id,
        windows.hop_s,
        windows.window_s,
        count,
        dim,
        heard.notes,
        windows.numerics,
    )
    return pack_header(Header(machine, took_s, sound), windows.data.tobytes(), pack(heard.found))


def unpack_answer(data: bytes) -> Answer:
    """Raises `WireError` for anything that no voicemark of this version sends."""
    header, blobs = unpack_header(data)
    heard = None if header.sound is None else _unnamed(header.sound, blobs)
    return Answer(header.machine, header.took_s, heard, header.failure)


def _unnamed(sound: Sound, blobs: bytes) -> Unnamed:
    size = sound.windows * sound.dim
    if sound.windows < 0 or sound.dim < 1 or size > len(blobs) or sound.hop_s <= 0 or sound.duration_s < 0:
        raise WireError("no answer: windows are missing")
    data = np.frombuffer(blobs, np.int8, size).reshape(sound.windows, sound.dim)
    try:
        found = unpack(blobs[size:], sound.dim, sound.hop_s, sound.window_s)
    except (DatabaseError, ValueError) as error:
        raise WireError(f"no answer: {error}") from error
    if found is None:
        raise WireError("no answer: it is cut by other rules")
    if int(found.lengths.sum()) != sound.windows:
        raise WireError("no answer: its turns are not its windows")
    windows = Windows(sound.model_id, data, sound.hop_s, sound.window_s, sound.numerics)
    return Unnamed(sound.duration_s, sound.audio_stream, windows, found, sound.notes)
