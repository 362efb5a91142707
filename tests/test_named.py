"""However a path is spelled, it names the same place, and one place has one spelling."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.named import named


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`a/b/c`, and links that lead down, up and to themselves."""
    top = tmp_path_factory.mktemp("tree").resolve()
    (top / "a/b/c").mkdir(parents=True)
    (top / "down").symlink_to(top / "a/b")
    (top / "a/up").symlink_to("..")
    (top / "a/round").symlink_to("round")
    return top


WAYS = st.lists(st.sampled_from(["a", "b", "c", "down", "up", "..", ".", "", "nothing"]), max_size=8)


@given(ways=WAYS)
def test_the_place_is_the_same_and_no_way_leads_up(tree: Path, ways: list[str]) -> None:
    spelled = "/".join([str(tree), *ways])
    path = named(Path(spelled))
    assert path.is_absolute() and ".." not in path.parts and named(path) == path
    if os.path.exists(spelled):  # noqa: PTH110 (as it is spelled)
        assert path.samefile(spelled)


def test_links_keep_their_names_unless_the_way_leads_up_from_one(tree: Path) -> None:
    assert named(tree / "down/c") == tree / "down/c"
    assert named(tree / "a/../down/c") == tree / "down/c"
    assert named(tree / "down/../b") == tree / "a/b"


def test_what_is_not_there_is_named_by_its_text(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "a")
    assert named(Path("../gone/x/../a.ts")) == tree / "gone/a.ts"
    assert named(Path("//gone//a.ts")) == Path("/gone/a.ts")
    assert named(Path("round/../b")) == tree / "a/b"
    assert named(Path("../" * 40)) == Path("/")
