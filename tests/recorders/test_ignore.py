"""Folders that hold no recordings of their own are passed over, and what the owner names."""

from pathlib import Path

import pytest

from voicemark.config import WatchSection
from voicemark.recorders.ignore import Ignore
from voicemark.recorders.registry import find_recordings, recorder_for

COPIES = (
    *("#recycle/tv", "@eaDir/Film.ts", "@Recycle", "@Recently-Snapshot/GMT+01_2024-02-01_0100/tv", ".snapshot/daily"),
    *("$RECYCLE.BIN/S-1-5", "lost+found", "tv/.grab/8f2", "System Volume Information", ".zfs/snapshot/a"),
)


def tree(folder: Path) -> Path:
    for name in ("tv", *COPIES):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "Film.ts").write_bytes(b"\x47" * 188)
        rec = folder / name / "News/2024-01-31.20.15.1-0.rec"
        rec.mkdir(parents=True)
        (rec / "00001.ts").write_bytes(b"\x47" * 188)
    return folder


@pytest.mark.parametrize(
    ("recorder", "names"),
    [
        ("auto", ["Film.ts", "2024-01-31.20.15.1-0.rec"]),
        ("plain", ["Film.ts", "00001.ts"]),
        ("vdr", ["2024-01-31.20.15.1-0.rec"]),
        ("tvheadend", ["Film.ts", "00001.ts"]),
        ("enigma2", ["Film.ts", "00001.ts"]),
    ],
)
def test_trash_and_snapshots_hold_no_recordings(tmp_path: Path, recorder: str, names: list[str]) -> None:
    section = WatchSection.model_validate({"path": tree(tmp_path), "recorder": recorder})
    found = list(recorder_for(section).find(tmp_path))
    assert [path.name for path in found] == names
    assert all(path.is_relative_to(tmp_path / "tv") for path in found)


def test_what_is_named_itself_is_meant(tmp_path: Path) -> None:
    path = tree(tmp_path) / "#recycle/tv/Film.ts"
    assert [found for _, found in find_recordings(path)] == [path]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ((), ["a/b/x.ts", "a/trailer.ts", "b/x.ts", "x-sample.ts"]),
        (("b",), ["a/trailer.ts", "x-sample.ts"]),
        (("a/b",), ["a/trailer.ts", "b/x.ts", "x-sample.ts"]),
        (("*-sample.*", "trailer.ts"), ["a/b/x.ts", "b/x.ts"]),
        (("a/*",), ["b/x.ts", "x-sample.ts"]),
    ],
)
def test_patterns_of_the_owner(tmp_path: Path, patterns: tuple[str, ...], left: list[str]) -> None:
    for name in ("a/b/x.ts", "a/trailer.ts", "b/x.ts", "x-sample.ts"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    section = WatchSection(path=tmp_path, ignore=patterns)
    found = [str(path.relative_to(tmp_path)) for path in recorder_for(section).find(tmp_path)]
    assert sorted(found) == left
    ignore = Ignore.below(tmp_path, patterns)
    names = ("a/b/x.ts", "a/trailer.ts", "b/x.ts", "x-sample.ts")
    assert [name for name in names if not ignore.holds(tmp_path / name)] == left
