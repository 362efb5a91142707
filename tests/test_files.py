"""A file is replaced whole or not at all, whoever writes, dies or looks on."""

import os
import stat
from pathlib import Path

import pytest

from voicemark import files


def test_a_file_appears_whole_and_durable_under_its_name(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    with files.replacing(target) as part:
        assert part.parent == tmp_path and part.read_bytes() == b""
        assert not target.exists()
        part.write_bytes(b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), files.replacing(target) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_mode_of_the_file_that_is_replaced_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    target.write_bytes(b"old")
    target.chmod(0o640)
    files.write_bytes(target, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    umask = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "y.bin", b"first")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "y.bin").stat().st_mode) == 0o640


def test_no_two_writers_share_a_name_and_the_last_one_wins(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    with files.replacing(target) as first:
        first.write_bytes(b"first")
        with files.replacing(target) as second:
            assert first != second
            second.write_bytes(b"second")
        assert target.read_bytes() == b"second"
    assert target.read_bytes() == b"first"


def test_what_a_killed_writer_left_goes_after_an_hour_and_not_before(tmp_path: Path) -> None:
    target = tmp_path / "x.bin"
    with files.replacing(target) as part:
        left = part.with_name(part.name.replace(part.name[-21:-5], "0" * 16))
        fresh, foreign = left.with_name(left.name.replace("0" * 16, "1" * 16)), tmp_path / ".someone.part"
        for path in (left, fresh, foreign):
            path.write_bytes(b"left")
    for path in (left, foreign):
        os.utime(path, (0, 0))
    files.write_bytes(target, b"new")
    assert sorted(tmp_path.iterdir()) == sorted([target, fresh, foreign])


def test_a_long_name_is_no_longer_while_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 120 + ".bin")  # 244 bytes of at most 255
    files.write_bytes(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write_bytes(tmp_path / "none" / "x.bin", b"new")
