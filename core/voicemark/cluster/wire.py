"""What travels between machines: an order to hear a recording, and the answer. Bytes of a fixed form, never objects.

    order   JSON
    answer  the length of its JSON (4 bytes, little-endian), the JSON, then windows and turns as they are kept

An answer makes nothing but these dataclasses, whoever sent it. An hour of recording is about 0.9 MB.
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from voicemark.cluster.roots import Placed, Roots
from voicemark.config import AudioSection, EncoderSection
from voicemark.errors import VoicemarkError
from voicemark.recording import Recording, StreamHint
from voicemark.version import __version__

TroubleName = Literal["item", "place", "own", "unfit"]
"""Whose trouble it is that nothing was heard; `unfit`: this worker must not hear for this archive, or will
not any more."""
MOST_HEADER = 1 << 24
"""Bytes: notes may be many, but not so many."""
LENGTH = struct.Struct("<I")


class WireError(VoicemarkError):
    """What came is no order, or no answer."""


@dataclass(frozen=True)
class Settings:
    """What a machine hears with: from its own configuration."""

    encoder: EncoderSection
    folders: dict[str, Path]
    """The folder of each root."""
    nice: int = 0
    idle_io: bool = False


@dataclass(frozen=True)
class Order:
    """Hear this recording, as the archive's machine would: its settings, this model, this program."""

    job: int
    path: Placed
    files: tuple[Placed, ...]
    sizes: tuple[int, ...]
    content: str
    """Fingerprint of the files, as the archive's machine sees them."""
    model_id: str
    program: str
    rules: int
    audio: AudioSection
    limit_s: float
    """So long it may take."""
    started_at: datetime | None = None
    expected_duration_s: float | None = None
    supposed_s: float = 0.0
    edited: bool = False
    streams: tuple[StreamHint, ...] = ()


@dataclass(frozen=True)
class Machine:
    """Who answers."""

    host: str = ""
    program: str = ""
    rules: int = 0
    model_id: str = ""
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Nothing was heard, and why."""

    trouble: TroubleName
    what: str
    final: bool = False
    """Trying again does not help."""
    died: bool = False
    """The hearing process ended without a word."""
    pause_s: float = 0.0
    """The worker asks to be left alone for so long."""


@dataclass(frozen=True)
class Sound:
    """What was heard, but for the windows and turns, which follow as bytes."""

    duration_s: float
    audio_stream: str
    model_id: str
    hop_s: float
    window_s: float
    windows: int
    dim: int
    notes: tuple[str, ...]
    numerics: str | None = None


@dataclass(frozen=True)
class Header:
    """What a worker has to say to an order; with neither sound nor failure, of itself alone."""

    machine: Machine
    took_s: float = 0.0
    sound: Sound | None = None
    failure: Failure | None = None


_ORDERS, _HEADERS, _SETTINGS = TypeAdapter(Order), TypeAdapter(Header), TypeAdapter(Settings)


def order_for(
    recording: Recording,
    roots: Roots,
    *,
    job: int,
    content: str,
    model_id: str,
    rules: int,
    audio: AudioSection,
    limit_s: float,
) -> Order:
    """An order for others. Raises `NoRootError` when a file lies below no root, `OSError` when one cannot be seen."""
    return Order(
        job=job,
        path=roots.placed(recording.path),
        files=tuple(map(roots.placed, recording.files)),
        sizes=tuple(file.stat().st_size for file in recording.files),
        content=content,
        model_id=model_id,
        program=__version__,
        rules=rules,
        audio=audio,
        limit_s=limit_s,
        started_at=recording.started_at,
        expected_duration_s=recording.expected_duration_s,
        supposed_s=recording.supposed_s,
        edited=recording.edited,
        streams=recording.streams,
    )


def recording_of(order: Order, roots: Roots) -> Recording:
    """The recording that is meant, on this machine. Raises `NoRootError`."""
    return Recording(
        path=roots.found(order.path),
        recorder="",
        files=tuple(map(roots.found, order.files)),
        started_at=order.started_at,
        streams=order.streams,
        expected_duration_s=order.expected_duration_s,
        supposed_s=order.supposed_s,
        edited=order.edited,
    )


def pack_order(order: Order) -> bytes:
    """As it travels."""
    return _ORDERS.dump_json(order)


def unpack_order(data: bytes) -> Order:
    """Raises `WireError`."""
    try:
        order = _ORDERS.validate_json(data)
    except ValidationError as error:
        raise WireError(f"no order: {error.error_count()} faults") from error
    if not order.files or len(order.files) != len(order.sizes):
        raise WireError("no order: a recording has files, and each has a size")
    return order


def pack_settings(settings: Settings) -> bytes:
    """As they go to the process that hears."""
    return _SETTINGS.dump_json(settings)


def unpack_settings(data: bytes) -> Settings:
    """Raises `ValidationError`: they come from this program alone."""
    return _SETTINGS.validate_json(data)


def pack_header(header: Header, *blobs: bytes) -> bytes:
    """An answer, as it travels."""
    text = _HEADERS.dump_json(header)
    return b"".join((LENGTH.pack(len(text)), text, *blobs))


def unpack_header(data: bytes) -> tuple[Header, bytes]:
    """The header of an answer and what follows it. Raises `WireError`."""
    try:
        [size] = LENGTH.unpack_from(data)
        if size > MOST_HEADER:
            raise WireError("no answer: its header is too long")
        return _HEADERS.validate_json(data[LENGTH.size : LENGTH.size + size]), data[LENGTH.size + size :]
    except (struct.error, ValidationError) as error:
        raise WireError("no answer: it does not begin as one") from error
