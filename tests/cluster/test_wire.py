"""What is packed comes out as it was, and nothing else comes out of anything."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.cluster.answers import pack_heard, unpack_answer
from voicemark.cluster.roots import Roots
from voicemark.cluster.wire import (
    Failure,
    Header,
    Machine,
    WireError,
    order_for,
    pack_header,
    pack_order,
    recording_of,
    unpack_order,
)
from voicemark.config import AudioSection
from voicemark.pipeline import Unnamed
from voicemark.recording import Recording, StreamHint
from voicemark.result import Windows
from voicemark.voice.diarization import diarize, pack

MACHINE = Machine("box", "0.1.0", 2, "vm3-12345678", ("tv",))


def heard(windows: int = 40, dim: int = 8) -> Unnamed:
    data = np.random.default_rng(1).integers(-127, 128, (windows, dim)).astype(np.int8)
    notes = ("something is lost at 0:01 – a “hole”",)
    return Unnamed(20.5, "the first", Windows("vm3-12345678", data, 0.5, 2.0, "int8"), diarize(data, 0.5, 2.0), notes)


@pytest.mark.parametrize("windows", [0, 1, 40])
def test_what_was_heard_comes_out_as_it_was(windows: int) -> None:
    before = heard(windows)
    answer = unpack_answer(pack_heard(MACHINE, before, 1.25))
    after = answer.heard
    assert after is not None and answer.failure is None
    assert (answer.machine, answer.took_s) == (MACHINE, 1.25)
    assert after.windows.data.tobytes() == before.windows.data.tobytes()
    assert replace(after.windows, data=before.windows.data) == before.windows
    assert pack(after.found) == pack(before.found)
    assert replace(after, windows=before.windows, found=before.found) == before


def test_a_failure_comes_out_as_it_was() -> None:
    failure = Failure("place", "/mnt/tv/a.ts: is away", pause_s=600.0)
    answer = unpack_answer(pack_header(Header(MACHINE, failure=failure)))
    assert answer.failure == failure and answer.heard is None


WHOLE = pack_heard(MACHINE, heard(), 1.0)


@given(st.integers(0, len(WHOLE) - 1))
def test_half_an_answer_is_none(length: int) -> None:
    with pytest.raises(WireError):
        unpack_answer(WHOLE[:length])


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_answer_is_none_or_one_of_whole_windows(at: int, bytes_: bytes) -> None:
    try:
        answer = unpack_answer(WHOLE[:at] + bytes_ + WHOLE[at + len(bytes_) :])
    except WireError:
        return
    if answer.heard is not None:
        assert int(answer.heard.found.lengths.sum()) == len(answer.heard.windows.data)


@given(st.binary(max_size=200))
def test_of_other_bytes_comes_nothing(data: bytes) -> None:
    for unpack in (unpack_answer, unpack_order):
        with pytest.raises(WireError):
            unpack(data)


def test_an_order_means_the_same_recording_on_another_machine(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    names = ("00001.ts", "Fön\udcff.ts")
    for folder in (here, there):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    recording = Recording(
        path=here,
        recorder="vdr",
        files=tuple(here / name for name in names),
        started_at=datetime(2026, 3, 1, 20, 15, tzinfo=UTC),
        expected_duration_s=3600.5,
        supposed_s=60.0,
        edited=True,
        streams=(StreamHint(2, "deu", "Stereo", dual=True),),
    )
    order = order_for(
        recording,
        Roots.of({"tv": tmp_path / "here"}),
        job=7,
        content="c",
        model_id="m",
        rules=2,
        audio=AudioSection(languages=("eng",)),
        limit_s=60.0,
    )
    assert unpack_order(pack_order(order)) == order
    assert order.sizes == (8, 8)
    moved = recording_of(order, Roots.of({"tv": there}))
    assert moved == replace(recording, recorder="", path=there, files=tuple(there / name for name in names))
