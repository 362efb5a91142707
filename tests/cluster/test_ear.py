"""A worker hears what is meant, with what the archive is heard with, or says why not."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.cluster import Archive

from voicemark.cluster.answers import unpack_answer
from voicemark.cluster.ear import OtherFileError, UnfitError, failure_of, hear
from voicemark.cluster.roots import NoRootError, Roots
from voicemark.cluster.wire import Machine, Order, order_for
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError, RecordingError, RecordingUnreadableError, VoicemarkError
from voicemark.pipeline import content_of
from voicemark.recorders.plain import Plain
from voicemark.version import __version__
from voicemark.voice.diarization import RULES, pack
from voicemark.voice.encoder import Encoder


@pytest.fixture
def order(archive: Archive, encoder: Encoder) -> Order:
    """For one of the archive's recordings."""
    recording = Plain().read(archive.record("a.ts", 0))
    return order_for(
        recording,
        Roots.of({"tv": archive.video}),
        job=1,
        content=content_of(recording),
        model_id=encoder.model_id,
        rules=RULES,
        audio=AudioSection(),
        limit_s=60.0,
    )


def heard_by(order: Order, encoder: Encoder, folder: Path, **changed: object) -> bytes:
    machine = Machine("box", __version__, RULES, encoder.model_id, ("tv",))
    return hear(order, encoder, Roots.of({"tv": folder}), replace(machine, **changed), lambda _: None)  # type: ignore[arg-type]


def test_two_ways_to_one_recording_give_the_same_bytes(
    archive: Archive, order: Order, encoder: Encoder, tmp_path: Path
) -> None:
    shutil.copytree(archive.video, tmp_path / "mounted")
    here, there = (unpack_answer(heard_by(order, encoder, way)).heard for way in (archive.video, tmp_path / "mounted"))
    assert here is not None and there is not None and len(here.windows.data) > 5
    assert here.windows.data.tobytes() == there.windows.data.tobytes()
    assert pack(here.found) == pack(there.found)
    assert (here.duration_s, here.audio_stream, here.notes) == (there.duration_s, there.audio_stream, there.notes)


@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({"program": "0.0.9"}, "install the same version"),
        ({"rules": RULES - 1}, "install the same version"),
        ({"model_id": "vm3-00000000"}, "set .encoder. model to the same file"),
    ],
)
def test_who_would_hear_otherwise_declines_with_advice(
    archive: Archive, order: Order, encoder: Encoder, changed: dict[str, object], advice: str
) -> None:
    with pytest.raises(UnfitError, match=advice) as raised:
        heard_by(order, encoder, archive.video, **changed)
    assert failure_of(raised.value).trouble == "unfit"


def _gone(folder: Path) -> None:
    (folder / "a.ts").unlink()


def _longer(folder: Path) -> None:
    with (folder / "a.ts").open("ab") as file:
        file.write(b"\0")


def _other(folder: Path) -> None:
    with (folder / "a.ts").open("r+b") as file:
        file.write(b"\0" * 188)


@pytest.mark.parametrize(
    ("broken", "what"), [(_gone, "is not there on this machine"), (_longer, "bytes here and"), (_other, "content")]
)
def test_a_mount_that_shows_something_else_is_no_fault_of_the_recording(
    archive: Archive, order: Order, encoder: Encoder, broken: Callable[[Path], None], what: str
) -> None:
    broken(archive.video)
    with pytest.raises(OtherFileError, match=what) as raised:
        heard_by(order, encoder, archive.video)
    assert failure_of(raised.value).trouble == "place"


def test_a_root_that_is_not_known_here_is_declined(archive: Archive, order: Order, encoder: Encoder) -> None:
    other = replace(order, files=tuple(replace(file, root="films") for file in order.files))
    with pytest.raises(NoRootError, match=r"no root 'films' .*\[cluster\] roots"):
        heard_by(other, encoder, archive.video)


@pytest.mark.parametrize(
    ("error", "trouble", "final"),
    [
        (RecordingError("is damaged"), "item", False),
        (NoAudioError("is scrambled"), "item", True),
        (RecordingUnreadableError("cannot be read"), "place", False),
        (MemoryError(), "place", False),
        (RuntimeError("CUDA out of memory"), "place", False),
        (ZeroDivisionError("oh"), "own", False),
    ],
)
def test_whose_trouble_it_is_travels(error: Exception, trouble: str, final: bool) -> None:
    failure = failure_of(error)
    assert (failure.trouble, failure.final) == (trouble, final)
    assert str(error) in failure.what or isinstance(error, VoicemarkError)
