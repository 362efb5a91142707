"""A path of one machine is found again on another, and never leads out of what that one gave."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.cluster.roots import NoRootError, Placed, Roots

NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..") and "\\udc" not in name
)
BYTES = st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name and b"\0" not in name and name != b"..")


@given(st.lists(NAMES | BYTES.map(lambda name: name.decode("utf-8", "surrogateescape")), min_size=1, max_size=4))
def test_a_way_below_a_root_is_the_same_on_every_machine(parts: list[str]) -> None:
    here, there = Roots.of({"tv": Path("/srv/video")}), Roots.of({"tv": Path("/mnt/tv")})
    way = Path(*[part for part in parts if part not in (".", "\\udc")])
    if "\\udc" in str(way) or ".." in way.parts:
        return
    assert there.found(here.placed(Path("/srv/video") / way)) == Path("/mnt/tv") / way


def test_the_innermost_root_is_meant() -> None:
    roots = Roots.of({"disk": Path("/srv"), "tv": Path("/srv/video")})
    assert roots.placed(Path("/srv/video/a.ts")) == Placed("tv", "a.ts")
    assert roots.placed(Path("/srv/other/a.ts")) == Placed("disk", "other/a.ts")


def test_names_are_no_beginnings_of_names() -> None:
    with pytest.raises(NoRootError):
        Roots.of({"tv": Path("/srv/video")}).placed(Path("/srv/video2/a.ts"))


def test_without_roots_paths_are_the_same_everywhere() -> None:
    placed = Roots.of({}).placed(Path("/srv/video/a.ts"))
    assert Roots.of({}).found(placed) == Path("/srv/video/a.ts")
    with pytest.raises(NoRootError, match="no root '/'"):
        Roots.of({"tv": Path("/mnt/tv")}).found(placed)


@pytest.mark.parametrize("way", ["../etc/shadow", "/etc/shadow", "a/../../b", "..", "a\0b"])
def test_a_way_that_leads_out_is_refused(way: str) -> None:
    with pytest.raises(NoRootError, match="leads out"):
        Roots.of({"tv": Path("/mnt/tv")}).found(Placed("tv", way))


def test_only_roots_that_both_have_are_shared() -> None:
    roots = Roots.of({"tv": Path("/srv/video"), "radio": Path("/srv/radio")})
    assert roots.below(frozenset({"radio", "films"})) == [Path("/srv/radio")]
