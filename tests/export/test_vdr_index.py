"""An index may be anything, too: what cannot be one is a `ValueError`, and nothing is waited for."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.export.vdr_index import VdrIndex


@pytest.fixture
def rec(tmp_path: Path) -> Path:
    folder = tmp_path / "video/Film/2024-01-31.20.15.1-0.rec"
    folder.mkdir(parents=True)
    (folder / "00001.ts").write_bytes(b"\x47" * 188 * 64)
    return folder


def test_a_pipe_a_folder_a_device_or_a_link_out_is_no_index(rec: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(bytes(800))
    place = rec / "index"
    puts: tuple[Callable[[], object], ...] = (
        lambda: os.mkfifo(place),
        lambda: place.symlink_to("/dev/zero"),
        lambda: place.symlink_to(tmp_path),
        lambda: place.symlink_to(tmp_path / "elsewhere"),
        lambda: None,
    )
    for put in puts:
        put()
        with pytest.raises(ValueError, match="no index"):
            VdrIndex(rec, 25.0)
        place.unlink(missing_ok=True)


def test_an_index_that_names_a_pipe_as_its_media_ends(rec: Path) -> None:
    os.mkfifo(rec / "00002.ts")
    (rec / "index").write_bytes(struct.pack("<QQ", 1 << 47 | 1 << 48, 1 << 47 | 2 << 48))
    with pytest.raises(ValueError, match=r"does not fit|cannot be read"):
        VdrIndex(rec, 25.0).holes(0.0)


def test_an_index_on_the_disk_where_the_recording_is_may_be_a_link(rec: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk2"
    disk.mkdir()
    for name, data in (("00001.ts", b"\x47" * 188), ("index", bytes(80))):
        (disk / name).write_bytes(data)
        (rec / name).unlink(missing_ok=True)
        (rec / name).symlink_to(disk / name)
    assert VdrIndex(rec, 25.0).frames == 10


@given(st.binary(max_size=200))
def test_any_bytes_are_holes_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "x.rec"
    folder.mkdir(exist_ok=True)
    (folder / "index").write_bytes(raw)
    (folder / "00001.ts").write_bytes(raw)
    try:
        holes = VdrIndex(folder, 25.0).holes(0.0)
    except ValueError:
        return
    assert all(hole.length_s > 0 for hole in holes)
