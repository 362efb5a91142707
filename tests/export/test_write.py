"""Where exports go: an own folder, or in place on request; never over anybody else's file; merged where the recorder
writes too; whole or not at all."""

import hashlib
import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.disks import mounted
from support.streams import make_beeps

from voicemark.config import ExportSection
from voicemark.errors import ConfigError, ExportError
from voicemark.export.base import MarkedRecording, Marker, MediaFile, Turn
from voicemark.export.cuts import Cuts
from voicemark.export.files import LONGEST_NAME, mirrored, write_atomically
from voicemark.export.ledger import Ledger, Place
from voicemark.export.sm import SceneMarkers
from voicemark.export.write import WRITERS, export_recording

ALL = tuple(WRITERS)
ANNA = Marker("Anna", 186.04, 190.0, 0.82, "Tatort")
BEN = Marker("Ben", 300.0, 310.0, 0.75)
LATER = Marker("Anna", 400.0, 404.0, 0.9)


class Archive:
    """A recording on disk, and a folder for exports."""

    def __init__(self, tmp_path: Path) -> None:
        self.tv = tmp_path / "tv"
        self.tv.mkdir()
        self.media = self.tv / "Tatort.ts"
        self.media.write_bytes(b"media")
        self.exports = tmp_path / "exports"

    def recording(self, *markers: Marker, content: str = "c0ffee") -> MarkedRecording:
        turns = tuple(Turn(marker.speaker, marker.start_s, marker.end_s, marker.score) for marker in markers)
        return MarkedRecording(self.media, "plain", content, (MediaFile(self.media),), markers, turns, title="Tatort")

    def export(self, formats: Sequence[str], *markers: Marker, in_place: bool = False) -> list[Path]:
        where = ExportSection(folder=self.exports, in_place=in_place)
        return export_recording(self.recording(*markers), formats, where)

    def beside(self) -> set[str]:
        return {entry.name for entry in self.tv.iterdir()} - {"Tatort.ts"}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def records(data: bytes) -> list[tuple[int, int]]:
    return list(struct.iter_unpack(">QI", data))


def test_by_default_nothing_appears_beside_the_recording(archive: Archive) -> None:
    written = archive.export(ALL, ANNA)
    assert len(written) == len(ALL) == len(set(written))
    assert archive.beside() == set()
    assert all(file.is_relative_to(archive.exports / archive.tv.relative_to("/")) for file in written)


def test_in_place_files_lie_where_players_look(archive: Archive) -> None:
    archive.export(ALL, ANNA, in_place=True)
    assert archive.beside() == {
        "Tatort.edl",
        "Tatort.sm",
        "Tatort.ts.cuts",
        "Tatort.ffmetadata",
        "Tatort.chapters.xml",
        "Tatort.vtt",
        "Tatort.rttm",
        "Tatort.turns.rttm",
        "Tatort.voicemark.json",
        "Tatort.csv",
    }


@pytest.mark.parametrize("name", [name for name in ALL if name not in {"sm", "cuts", "vdr-marks"}])
@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_of_someone_else_is_never_overwritten(archive: Archive, name: str, in_place: bool) -> None:
    [target] = archive.export([name], ANNA, in_place=in_place)
    target.write_bytes(b"someone else's")
    with pytest.raises(ExportError, match="someone else"):
        archive.export([name], BEN, in_place=in_place)
    assert target.read_bytes() == b"someone else's"
    archive.export([name], in_place=in_place) if WRITERS[name].for_player else None
    assert target.read_bytes() == b"someone else's"


@pytest.mark.parametrize("name", [name for name in ALL if name not in {"sm", "cuts", "vdr-marks"}])
def test_our_own_file_is_renewed_unless_its_owner_has_changed_it(archive: Archive, name: str) -> None:
    [target] = archive.export([name], ANNA, in_place=True)
    first = target.read_bytes()
    assert archive.export([name], ANNA, BEN, in_place=True) == [target]
    second = target.read_bytes()
    assert second != first and b"Ben" in second
    target.write_bytes(second + b"\n")
    with pytest.raises(ExportError, match="changed since"):
        archive.export([name], ANNA, in_place=True)


def test_our_file_is_still_ours_when_the_recording_was_renamed(archive: Archive) -> None:
    [target] = archive.export(["edl"], ANNA, in_place=True)
    archive.media = archive.media.rename(archive.tv / "Krimi.ts")
    target.rename(archive.tv / "Krimi.edl")
    assert archive.export(["edl"], BEN, in_place=True) == [archive.tv / "Krimi.edl"]
    assert b"Ben" in (archive.tv / "Krimi.edl").read_bytes()


def test_an_export_that_changes_nothing_does_not_touch_the_file(archive: Archive) -> None:
    [target] = archive.export(["edl"], ANNA)
    os.utime(target, (1000, 1000))
    assert archive.export(["edl"], ANNA) == [target]
    assert target.stat().st_mtime == 1000


def test_without_markers_a_players_file_goes_and_a_tables_stays(archive: Archive) -> None:
    archive.export(ALL, ANNA, in_place=True)
    assert {file.name for file in archive.export(ALL, in_place=True)} == {
        "Tatort.rttm",
        "Tatort.turns.rttm",
        "Tatort.voicemark.json",
        "Tatort.csv",
    }
    assert archive.beside() == {"Tatort.rttm", "Tatort.turns.rttm", "Tatort.voicemark.json", "Tatort.csv"}


def test_one_format_that_fails_does_not_keep_the_others(archive: Archive) -> None:
    (archive.tv / "Tatort.edl").write_text("0 100 3\n")
    with pytest.raises(ExportError, match=r"Tatort\.edl"):
        archive.export(["edl", "csv"], ANNA, in_place=True)
    assert "Tatort.csv" in archive.beside()


def test_an_unknown_format_is_a_usage_error(archive: Archive) -> None:
    with pytest.raises(ConfigError, match="vdr-marks"):
        archive.export(["mp3"], ANNA)


# .sm: beside Tvheadend's own


TVHEADEND_SM = b"0 120 2\r\n120 5520 2\r\n"


def test_tvheadends_own_scene_markers_stay_byte_for_byte(archive: Archive) -> None:
    target = archive.tv / "Tatort.sm"
    target.write_bytes(TVHEADEND_SM)
    target.chmod(0o640)
    archive.export(["sm"], ANNA, in_place=True)
    assert target.read_bytes() == TVHEADEND_SM + b"185.940\t186.040\t2\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    archive.export(["sm"], BEN, in_place=True)
    assert target.read_bytes() == TVHEADEND_SM + b"299.900\t300.000\t2\n"
    archive.export(["sm"], in_place=True)
    assert target.read_bytes() == TVHEADEND_SM


def test_a_scene_marker_that_tvheadend_has_already_is_not_ours_to_remove(archive: Archive) -> None:
    target = archive.tv / "Tatort.sm"
    target.write_bytes(b"185.940\t186.040\t2\n")
    archive.export(["sm"], ANNA, in_place=True)
    archive.export(["sm"], in_place=True)
    assert target.read_bytes() == b"185.940\t186.040\t2\n"


line_lists = st.lists(
    st.binary(max_size=30).filter(lambda line: not set(line) & set(b"\r\n\0\x0b\x0c\x1c\x1d\x1e\x85"))
)


@settings(max_examples=60, deadline=None)
@given(lines=line_lists, end=st.sampled_from([b"\n", b"\r\n"]), starts=st.lists(st.floats(0, 9000), max_size=5))
def test_merged_scene_markers_come_out_again(lines: list[bytes], end: bytes, starts: list[float]) -> None:
    writer = SceneMarkers()
    others = b"".join(line + end for line in lines)
    path = Path("/srv/a.ts")
    markers = tuple(Marker("Anna", start, start + 1, 0.5) for start in starts)
    entries = writer.entries(MarkedRecording(path, "plain", "c", (MediaFile(path),), markers))
    merged, added = writer.merge(others, (), entries)
    assert merged.startswith(others)
    assert writer.merge(merged, set(added), [])[0] == others
    assert writer.merge(merged, set(added), entries) == (merged, added)


# .cuts: among the box's own


def box_cuts(*entries: tuple[int, int]) -> bytes:
    return b"".join(struct.pack(">QI", *entry) for entry in entries)


def test_the_boxs_own_cuts_stay_and_ours_follow_the_markers(archive: Archive) -> None:
    target = archive.tv / "Tatort.ts.cuts"
    own = ((5_400_000, 2), (900_000, 0), (90_000_000, 3))
    target.write_bytes(box_cuts(*own))
    archive.export(["cuts"], ANNA, in_place=True)
    assert records(target.read_bytes()) == sorted([*own, (16_743_600, 2)])
    # somebody watches: the box writes the file anew, with another last position
    watched = [entry for entry in records(target.read_bytes()) if entry[1] != 3] + [(45_000_000, 3)]
    target.write_bytes(box_cuts(*watched))
    archive.export(["cuts"], BEN, in_place=True)
    assert records(target.read_bytes()) == sorted([*own[:2], (27_000_000, 2), (45_000_000, 3)])


@pytest.mark.parametrize("content", ["c0ffee", ""], ids=["the same", "still being written"])
def test_what_was_written_for_another_recording_stays(archive: Archive, content: str) -> None:
    """Also for one that this database does not know; and what is being written is not told apart by its content."""
    where = ExportSection(folder=archive.exports)
    export_recording(archive.recording(ANNA, content=content), ["edl"], where)
    other = replace(archive.recording(ANNA, content=content), path=archive.tv / "Copy.ts")
    archive.media.unlink() if not content else None
    export_recording(other, ["edl"], where)
    assert sorted(file.name for file in archive.exports.rglob("*.edl")) == ["Copy.ts.edl", "Tatort.ts.edl"]


def test_our_cuts_are_known_after_a_rename(archive: Archive) -> None:
    archive.export(["cuts"], ANNA, in_place=True)
    archive.media = archive.media.rename(archive.tv / "Krimi.ts")
    (archive.tv / "Tatort.ts.cuts").rename(archive.tv / "Krimi.ts.cuts")
    archive.export(["cuts"], BEN, in_place=True)
    assert records((archive.tv / "Krimi.ts.cuts").read_bytes()) == [(27_000_000, 2)]


@pytest.mark.parametrize("data", [b"123", box_cuts((1, 9)), b"\xff" * 24], ids=["cut off", "type 9", "noise"])
def test_cuts_that_are_not_understood_are_left_alone(archive: Archive, data: bytes) -> None:
    target = archive.tv / "Tatort.ts.cuts"
    target.write_bytes(data)
    with pytest.raises(ExportError, match=r"Tatort\.ts\.cuts"):
        archive.export(["cuts"], ANNA, in_place=True)
    assert target.read_bytes() == data


@settings(max_examples=60, deadline=None)
@given(
    own=st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 3))),
    earlier=st.lists(st.floats(0, 9000), max_size=5),
    now=st.lists(st.floats(0, 9000), max_size=5),
)
def test_cuts_are_sorted_and_only_ours_ever_change(
    own: list[tuple[int, int]], earlier: list[float], now: list[float]
) -> None:
    writer, path = Cuts(), Path("/srv/a.ts")

    def entries(starts: list[float]) -> list[str]:
        markers = tuple(Marker("Anna", start, start + 1, 0.5) for start in starts)
        return writer.entries(MarkedRecording(path, "enigma2", "c", (MediaFile(path),), markers))

    merged, added = writer.merge(box_cuts(*own), (), entries(earlier))
    assert records(merged) == sorted(records(merged))
    again, added_now = writer.merge(merged, set(added), entries(now))
    ours = [(int(entry), 2) for entry in added_now]
    assert records(again) == sorted([*own, *ours])


# VDR's marks


def test_marks_are_written_beside_a_vdr_recording_and_never_over_its_owners(tmp_path: Path) -> None:
    folder = tmp_path / "Tatort" / "2024-01-01.20.15.1-0.rec"
    folder.mkdir(parents=True)
    media = folder / "00001.ts"
    media.write_bytes(b"media")
    recording = MarkedRecording(folder, "vdr", "c", (MediaFile(media),), (ANNA,))
    where = ExportSection(folder=tmp_path / "exports", in_place=True)
    assert export_recording(recording, ["vdr-marks"], where) == [folder / "marks"]
    own = (folder / "marks").read_text()
    assert own == "0:03:06.01 voicemark: Anna\n0:03:10.00 voicemark: end\n"
    (folder / "marks").write_text(own + "0:10:00.00\n")  # the owner sets one more
    with pytest.raises(ExportError):
        export_recording(replace(recording, markers=(BEN,)), ["vdr-marks"], where)
    assert (folder / "marks").read_text().endswith("0:10:00.00\n")


# several files


def test_each_file_of_a_recording_has_its_own_edl_on_its_own_clock(tmp_path: Path) -> None:
    first = make_beeps(tmp_path / "News.ts", 10, pts_offset_s=1000)
    second = make_beeps(tmp_path / "News-1.ts", 10, pts_offset_s=1016)  # six seconds are missing between
    recording = MarkedRecording(
        first,
        "tvheadend",
        "c",
        (MediaFile(first), MediaFile(second)),
        (Marker("Anna", 4.0, 6.0, 0.9), Marker("Ben", 18.0, 19.0, 0.9)),
    )
    where = ExportSection(folder=tmp_path / "exports", in_place=True)
    assert export_recording(recording, ["sm"], where) == [tmp_path / "News.sm", tmp_path / "News-1.sm"]
    assert (tmp_path / "News.sm").read_text() == "3.900\t4.000\t2\n"
    [_, end, action] = (tmp_path / "News-1.sm").read_text().split()
    assert float(end) == pytest.approx(2.0, abs=0.05) and action == "2"


# names


name_bytes = st.binary(min_size=1, max_size=250).filter(
    lambda raw: not set(raw) & set(b"\0/") and raw not in (b".", b"..") and len(raw) <= 255
)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(name_bytes | st.sampled_from([b"a.edl", b"a.edl_", b"a"]), min_size=1, max_size=3),
        min_size=2,
        max_size=4,
    )
)
def test_no_two_recordings_share_a_place_and_no_file_is_in_anothers_way(raw_paths: list[list[bytes]]) -> None:
    recordings = {Path("/" + os.fsdecode(b"/".join(parts))) for parts in raw_paths}
    folder = Path("/exports")
    targets = [mirrored(folder, recording, suffix) for recording in recordings for suffix in (".edl", ".csv")]
    assert len(set(targets)) == len(targets)
    directories = {parent for target in targets for parent in target.parents}
    assert directories.isdisjoint(targets)
    for target in targets:
        assert folder in target.parents and ".." not in target.parts
        assert all(len(os.fsencode(part)) <= LONGEST_NAME for part in target.parts)


# the file system


def test_a_link_in_the_way_is_not_followed(archive: Archive, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (archive.tv / "Tatort.edl").symlink_to(precious)
    with pytest.raises(ExportError, match=r"Tatort\.edl"):
        archive.export(["edl"], ANNA, in_place=True)
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("kind", ["directory", "pipe", "huge"])
def test_what_is_no_small_file_is_left_alone(archive: Archive, kind: str) -> None:
    target = archive.tv / "Tatort.sm"
    if kind == "directory":
        target.mkdir()
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        with target.open("wb") as file:
            file.truncate(100 << 20)
    with pytest.raises(ExportError, match=r"Tatort\.sm"):
        archive.export(["sm"], ANNA, in_place=True)


def test_a_file_that_changes_while_ours_is_made_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.cuts"
    target.write_bytes(b"newer")
    with pytest.raises(ExportError, match="meanwhile"):
        write_atomically(target, b"ours", present=b"older")
    assert target.read_bytes() == b"newer"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.cuts"]


def test_a_part_that_a_killed_export_left_is_taken_away(tmp_path: Path) -> None:
    target = tmp_path / "a.edl"
    write_atomically(target, b"x", present=None)
    part = f".{hashlib.sha256(b'a.edl').hexdigest()[:16]}.part"
    (tmp_path / part).write_bytes(b"half")
    with pytest.raises(ExportError, match="another program"):
        write_atomically(target, b"y", present=b"x")
    os.utime(tmp_path / part, (1000, 1000))
    write_atomically(target, b"y", present=b"x")
    assert target.read_bytes() == b"y" and not (tmp_path / part).exists()


def test_a_folder_that_cannot_be_written_is_one_clear_error(archive: Archive) -> None:
    archive.exports.write_text("a file is in the way")
    with pytest.raises(ExportError, match=r"\[export\] folder"):
        archive.export(["edl"], ANNA)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_what_root_exports_belongs_to_the_folders_owner(archive: Archive) -> None:
    archive.exports.mkdir()
    os.chown(archive.exports, 1234, 1235)
    os.chown(archive.tv, 2234, 2235)
    [target] = archive.export(["edl"], ANNA)
    made = [
        archive.exports / ".voicemark-written.db",
        target,
        *target.parents[: len(target.parts) - 1 - len(archive.exports.parts)],
    ]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(1234, 1235)}
    [beside] = archive.export(["edl"], ANNA, in_place=True)
    assert (beside.stat().st_uid, beside.stat().st_gid) == (2234, 2235)
    os.chown(beside, 5, 6)
    archive.export(["edl"], BEN, in_place=True)
    assert (beside.stat().st_uid, beside.stat().st_gid) == (5, 6)


@pytest.mark.parametrize("leave", [0, 4096, 5 * 4096])
@pytest.mark.parametrize("present", [None, b"old"])
def test_a_full_disk_leaves_the_old_file_or_none_and_nothing_half_written(
    tmp_path: Path, leave: int, present: bytes | None
) -> None:
    with mounted(tmp_path / "disk", size="256k") as disk:
        target, data = disk.path / "a.json", b"x" * 50_000
        if present is not None:
            target.write_bytes(present)
        disk.fill(leave=leave)
        with pytest.raises(ExportError, match=r"No space left.*space"):
            write_atomically(target, data, present=present)
        assert disk.files() == ([] if present is None else ["a.json"])
        assert present is None or target.read_bytes() == present
        disk.make_room()
        write_atomically(target, data, present=present)
        assert target.read_bytes() == data


def test_a_record_begun_on_a_full_disk_is_good_when_there_is_room(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", size="256k") as disk:
        disk.fill()
        with pytest.raises(ExportError, match="full"):
            Ledger(disk.path / "export")
        disk.make_room()
        with Ledger(disk.path / "export") as ledger:
            ledger.remember(b"ours", Place(disk.path / "a.edl", "c0ffee:edl:0", disk.path / "a.ts"))
            assert ledger.knows(b"ours")
