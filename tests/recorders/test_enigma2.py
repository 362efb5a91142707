"""Enigma2: `.meta`, `.eit`, split files, states."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import dvb_tables as dvb

from voicemark.errors import RecordingVanishedError
from voicemark.recorders.enigma2 import Enigma2, read_meta
from voicemark.recording import RecordingState

START = datetime(2024, 1, 31, 19, 10, tzinfo=UTC)
NOW = datetime(2024, 2, 1, tzinfo=UTC)
BOX = Enigma2("Europe/Berlin")
NAME = "20240131 2010 - Das Erste HD - Tatort.ts"


def meta(**changed: object) -> str:
    values = {
        "reference": "1:0:19:283D:3FB:1:C00000:0:0:0::Das Erste%20HD", "name": "Tatort", "description": "Borowski",
        "start": int(START.timestamp()), "tags": "", "length": 5400 * 90_000, "size": 188, "data": "f:0,c:00157c",
        "packet": 188, "scrambled": 0,
    }  # fmt: skip
    return "\n".join(str(value) for value in {**values, **changed}.values()) + "\n"


def made(folder: Path, text: str | bytes | None = None, eit: bytes | None = None) -> Path:
    path = folder / NAME
    path.write_bytes(b"\x47" * 188)
    if text is not None:
        path.with_name(f"{NAME}.meta").write_bytes(text if isinstance(text, bytes) else text.encode())
    if eit is not None:
        path.with_suffix(".eit").write_bytes(eit)
    return path


EVENT = dvb.event(7, START, 5400, dvb.short_event("Tatort", "Borowski") + dvb.extended_events("Ein Fall."))


def test_meta_and_eit_together(tmp_path: Path) -> None:
    recording = BOX.read(made(tmp_path, meta(), EVENT))
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.description) == ("Tatort", "Borowski", "Ein Fall.")
    assert (programme.channel, programme.start, programme.duration_s) == ("Das Erste HD", START, 5400.0)
    assert (recording.started_at, recording.expected_duration_s) == (START, 5400.0)
    assert recording.notes == ()


def test_meta_alone_eit_alone_and_neither(tmp_path: Path) -> None:
    alone = BOX.read(made(tmp_path, meta(description="lang " * 100)))
    assert alone.programme is not None
    assert (alone.title, alone.programme.subtitle) == ("Tatort", None)
    assert alone.programme.description is not None
    for folder, eit in (("eit", EVENT), ("none", None)):
        (tmp_path / folder).mkdir()
        recording = BOX.read(made(tmp_path / folder, None, eit))
        assert recording.programme is not None
        assert (recording.title, recording.programme.channel, recording.started_at) == ("Tatort", "Das Erste HD", START)
        assert bool(recording.notes) == (eit is None)


def test_files_that_belong_to_a_recording(tmp_path: Path) -> None:
    path = made(tmp_path, meta(), EVENT)
    for suffix in (".meta", ".ap", ".sc", ".cuts", ""):
        assert BOX.recognise(path.with_name(NAME + suffix)) == path
    assert BOX.recognise(path.with_suffix(".eit")) == path
    assert BOX.recognise(tmp_path / "other.eit") is BOX.recognise(tmp_path / "x.mkv") is None
    assert list(BOX.find(tmp_path)) == [path]


def test_split_files_are_one_recording(tmp_path: Path) -> None:
    path = made(tmp_path, meta())
    parts = [path.with_name(f"{NAME}.{number:03}") for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"x")
    assert BOX.read(path).files == (path, *parts)


def test_finished_by_length_and_size(tmp_path: Path) -> None:
    path = made(tmp_path, meta())
    assert BOX.state(path, NOW) == RecordingState.FINISHED
    for changed in ({"length": 0}, {"size": 0}, {"size": 376}):
        made(tmp_path, meta(**changed))
        assert BOX.state(path, NOW) == RecordingState.UNKNOWN
    path.unlink()
    assert BOX.state(path, NOW) == RecordingState.UNKNOWN
    with pytest.raises(RecordingVanishedError):
        BOX.read(path)


def test_meta_of_other_encodings_line_ends_and_lengths(tmp_path: Path) -> None:
    assert BOX.read(made(tmp_path, meta(name="Größe").replace("\n", "\r\n"))).title == "Größe"
    assert BOX.read(made(tmp_path, meta(name="Größe").encode("latin-1"))).title == "Größe"
    text = meta()
    for at in range(len(text)):
        assert BOX.read(made(tmp_path, text[:at])).files


def test_a_broken_eit_is_a_note(tmp_path: Path) -> None:
    recording = BOX.read(made(tmp_path, meta(), b"short"))
    assert recording.title == "Tatort"
    assert recording.notes == (".eit holds no EIT event",)


@given(st.binary(max_size=400))
def test_any_bytes_as_meta(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "x.ts.meta"
    path.write_bytes(raw)
    found = read_meta(path, [])
    assert found is not None and found.packet_size in (188, 192, 204)


@pytest.mark.parametrize("start", ["x", "-5", "99999999999999", "0"])
def test_start_times_that_are_none(tmp_path: Path, start: str) -> None:
    assert BOX.read(made(tmp_path, meta(start=start))).started_at == START  # from the name


def test_a_real_eit_beside_a_stream(shared: Path, tmp_path: Path) -> None:
    shutil.copy(shared / "samples/enigma2/Schneewelt1.eit", tmp_path / "Schneewelt1.eit")
    (tmp_path / "Schneewelt1.ts").write_bytes(b"\x47" * 188)
    recording = BOX.read(tmp_path / "Schneewelt1.ts")
    assert recording.title == "Schneewelt - Eine Weihnachtsgeschichte (1)"
    assert len(recording.streams) == 3
