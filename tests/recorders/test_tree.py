"""Walking trees: loops of links, what cannot be read, many directories."""

import os
from pathlib import Path

from voicemark.recorders.tree import walk


def visited(root: Path) -> list[str]:
    return [listing.path for listing in walk(root)]


def test_every_directory_once_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b/c", "a", "b/a", "c/x/y"):
        (tmp_path / name).mkdir(parents=True)
    names = [os.path.relpath(path, tmp_path) for path in visited(tmp_path)]
    assert names == [".", "a", "b", "b/a", "b/c", "c", "c/x", "c/x/y"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "root").symlink_to("/")
    (tmp_path / "dead").symlink_to("nowhere")
    assert visited(tmp_path) == [str(tmp_path / name) for name in ("", "a", "a/b")]


def test_a_link_to_another_disk_is_followed_and_real_paths_come_first(tmp_path: Path) -> None:
    (tmp_path / "disk/film").mkdir(parents=True)
    (tmp_path / "tree/z").mkdir(parents=True)
    (tmp_path / "tree/a").symlink_to(tmp_path / "disk")
    (tmp_path / "tree/b").symlink_to(tmp_path / "tree/z")
    assert visited(tmp_path / "tree") == [str(tmp_path / "tree" / name) for name in ("", "z", "a", "a/film")]


def test_what_is_no_directory_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert visited(tmp_path / "file") == visited(tmp_path / "none") == []


def test_a_path_deeper_than_the_system_allows_ends_quietly(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(30):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    assert 10 < len(visited(tmp_path)) < 31


def test_leaves_are_listed_and_not_entered(tmp_path: Path) -> None:
    (tmp_path / "a.rec/inside").mkdir(parents=True)
    (listing,) = walk(tmp_path, leaf=lambda name: name.endswith(".rec"))
    assert listing.folders == ("a.rec",)
