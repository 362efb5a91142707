"""What stands beside a recording may be anything: nothing of it holds up or ends the work, or tells of other files."""

import json
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.config import WatchSection
from voicemark.errors import RecordingError
from voicemark.recorders import recorder_for
from voicemark.recorders.enigma2 import Enigma2, parse_meta
from voicemark.recorders.plain import Plain
from voicemark.recorders.sidecars import MAX_ELEMENTS, parse_sidecar
from voicemark.recorders.tvheadend import Tvheadend
from voicemark.recorders.tvheadend_entry import MAX_FILES, parse_entry, read_entry
from voicemark.recorders.vdr import Vdr
from voicemark.recording import Recording, RecordingState

NOW = datetime(2024, 2, 1, tzinfo=UTC)
REC = "Film/2024-01-31.20.15.1-0.rec"


def made(path: Path, data: bytes = b"\x47" * 188) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def sidecars_of(folder: Path) -> dict[str, tuple[Path, Callable[[], Recording]]]:
    """A place for each kind of metadata, and how its recording is read."""
    rec = made(folder / REC / "00001.ts").parent
    box, plain = made(folder / "20240131 2015 - Das Erste - Tatort.ts"), made(folder / "Film.mkv")
    return {
        "info": (rec / "info", lambda: Vdr().read(rec)),
        "info.vdr": (rec / "info.vdr", lambda: Vdr().read(rec)),
        "summary.vdr": (rec / "summary.vdr", lambda: Vdr().read(rec)),
        "meta": (Path(f"{box}.meta"), lambda: Enigma2().read(box)),
        "eit": (box.with_suffix(".eit"), lambda: Enigma2().read(box)),
        "nfo": (plain.with_suffix(".nfo"), lambda: Plain().read(plain)),
        "xml": (plain.with_suffix(".xml"), lambda: Plain().read(plain)),
    }


KINDS = ("info", "info.vdr", "summary.vdr", "meta", "eit", "nfo", "xml")


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_a_socket_a_device_or_a_folder_in_place_of_metadata_is_passed_over(tmp_path: Path, kind: str) -> None:
    place, read = sidecars_of(tmp_path)[kind]
    title = read().title
    (tmp_path / "elsewhere").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        for put in (
            lambda: os.mkfifo(place),
            lambda: (tmp_path / "s").rename(place),
            lambda: place.symlink_to("/dev/zero"),
            lambda: place.symlink_to(tmp_path / "elsewhere"),
            lambda: place.symlink_to(place.name),
        ):
            put()
            recording = read()
            assert recording.title == title
            assert any("cannot be read" in note for note in recording.notes), recording.notes
            place.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_that_is_a_link_out_of_the_folder_tells_nothing(tmp_path: Path, kind: str) -> None:
    place, read = sidecars_of(tmp_path / "watched")[kind]
    secret = made(tmp_path / "secret", b"root-only secret\n\npassword\n\nmore\n<movie><title>secret</title></movie>")
    place.symlink_to(secret)
    recording = read()
    assert "secret" not in repr(recording.programmes)
    assert not any("password" in note or "root-only" in note for note in recording.notes)
    assert any("leads out" in note for note in recording.notes)


def test_an_info_on_another_disk_of_the_recorder_is_read(tmp_path: Path) -> None:
    """VDR spreads a recording over its disks, and links what is elsewhere."""
    other = tmp_path / "disk2" / REC
    made(other / "info", b"T Titel\n")
    made(other / "00002.ts")
    rec = made(tmp_path / "video" / REC / "00001.ts").parent
    for name in ("info", "00002.ts"):
        (rec / name).symlink_to(other / name)
    section = WatchSection(path=tmp_path / "video", recorder="vdr", disks=(tmp_path / "disk2",))
    recording = recorder_for(section).read(rec)
    assert (recording.title, [file.name for file in recording.files]) == ("Titel", ["00001.ts", "00002.ts"])
    alone = recorder_for(section.model_copy(update={"disks": ()})).read(rec)
    assert (alone.title, [file.name for file in alone.files]) == ("Film", ["00001.ts"])
    assert any("00002.ts" in note for note in alone.notes) and any("info is a link" in note for note in alone.notes)


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", f"{REC}/00001.ts"])
def test_media_that_lead_out_of_the_watched_folder_are_nobodys_recording(tmp_path: Path, name: str) -> None:
    private = made(tmp_path / "private/private.bin")
    link = tmp_path / "watched" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(private)
    recorder = recorder_for(WatchSection(path=tmp_path / "watched"))
    [found] = recorder.find(tmp_path / "watched")
    with pytest.raises(RecordingError, match="leads out"):
        recorder.read(found)


def test_a_recording_that_a_person_names_is_read_where_it_is(tmp_path: Path) -> None:
    private = made(tmp_path / "private/film.ts")
    link = tmp_path / "film.ts"
    link.symlink_to(private)
    assert recorder_for(WatchSection(path=link)).read(link).title == "film"


def test_a_log_entrys_files_elsewhere_are_nobodys(tmp_path: Path) -> None:
    media, private = made(tmp_path / "rec/a.ts"), made(tmp_path / "outside/private.bin")
    made(tmp_path / "rec/more/b.ts")
    (tmp_path / "rec/c.ts").symlink_to(private)
    names = ("/x/a.ts", str(private), str(tmp_path / "rec/more/b.ts"), "/x/c.ts", "/x/../../outside/private.bin")
    entry = {"files": [{"filename": name} for name in names], "title": "t"}
    made(tmp_path / "log/1", json.dumps(entry).encode())
    recorder = recorder_for(WatchSection(path=tmp_path / "rec", recorder="tvheadend", dvr_log=tmp_path / "log"))
    assert recorder.read(media).files == (media, tmp_path / "rec/more/b.ts")
    assert Tvheadend(tmp_path / "log").read(media).files == (media,), "without watched folders, its own alone"


@pytest.mark.parametrize(
    "text",
    [
        '{"files":[{"filename":"/x/a.ts","info":[{"type":[]}]}],"title":"t"}',
        '{"files":[{"filename":"/x/a.ts"}],"title":"t","errorcode":1' + "0" * 400 + "}",
        '{"files":[{"filename":"/x/a.ts"}],"title":"t","errorcode":1' + "0" * 5000 + "}",
        '{"files":[{"filename":"/x/a.ts","start":1e308,"stop":-1e308}],"title":"t","start":NaN,"stop":Infinity}',
        '{"files":[{"filename":"/x/a.ts"}],"title":{"ger":"\\ud800"},"episode":{"snum":99999999999999999999}}',
        '{"files":[{"filename":"/x/a.ts\\u0000"}],"title":"t"}',
    ],
)
def test_an_odd_log_entry_ends_nothing(tmp_path: Path, text: str) -> None:
    media = made(tmp_path / "rec/a.ts")
    made(tmp_path / "log/1", text.encode())
    made(tmp_path / "log/2", b'{"files":[{"filename":"/x/b.ts"}],"title":"good"}')
    recorder = Tvheadend(tmp_path / "log")
    assert recorder.read(media).title in ("t", "a")
    assert recorder.read(made(tmp_path / "rec/b.ts")).title == "good"


def test_an_entry_that_is_passed_over_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_entry(made(tmp_path / "0a1b", b"{")) is None
    assert "0a1b is not JSON" in caplog.text


def test_an_entry_of_many_files_is_cut() -> None:
    entry = parse_entry({"files": [{"filename": f"/x/{number}.ts"} for number in range(5000)]}, Path("x"))
    assert entry is not None and len(entry.files) == MAX_FILES


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"<movie><title>a</title><season>99999999999999999999</season></movie>", (None, None)),
        (b"<movie><title>a</title><season>10000</season><episode>100000</episode></movie>", (None, None)),
        (b"<movie><title>a</title><season>9999</season><episode>-1</episode></movie>", (9999, None)),
    ],
)
def test_seasons_and_episodes_have_bounds(raw: bytes, expected: tuple[int | None, int | None]) -> None:
    programme = parse_sidecar(raw)
    assert programme is not None and (programme.season, programme.episode) == expected


@pytest.mark.parametrize("raw", [b"<movie " * 500_000, b"<movie>" * 500_000, b"<movie><a/>" + b"<a/>" * 900_000])
def test_a_sidecar_of_megabytes_is_a_note(tmp_path: Path, raw: bytes) -> None:
    media = made(tmp_path / "Film.mkv")
    made(tmp_path / "Film.nfo", raw)
    recording = Plain().read(media)
    assert recording.title == "Film" and ".nfo sidecar" in recording.notes[0]


def test_a_sidecar_has_so_many_elements() -> None:
    text = b"<movie><title>a</title>%s</movie>"
    assert parse_sidecar(text % (b"<a/>" * (MAX_ELEMENTS - 2))) is not None
    with pytest.raises(Exception, match="more than"):
        parse_sidecar(text % (b"<a/>" * (MAX_ELEMENTS - 1)))


@pytest.mark.parametrize("second", ["0", "253402300799", "99999999999999999999", "-1", "4102444800"])
def test_a_recording_that_begins_in_no_plausible_year_has_no_start(second: str) -> None:
    notes: list[str] = []
    assert parse_meta(f"1:0\nT\nD\n{second}\n\n90000\n1\n".encode(), notes).started_at is None


@pytest.mark.parametrize("name", ["0001-01-01.00.00.1-0.rec", "9999-12-31.23.59.1-0.rec", "1989-12-31.00.00.1-0.rec"])
def test_nor_does_a_directory(tmp_path: Path, name: str) -> None:
    rec = made(tmp_path / "T" / name / "00001.ts").parent
    assert Vdr().read(rec).started_at is None
    assert Vdr().state(rec, NOW) is RecordingState.FINISHED


def test_a_mistake_of_the_program_over_one_recording_is_that_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("voicemark.recorders.plain.read_file_name", broken)
    with pytest.raises(RecordingError, match=r"an error of voicemark itself \(ZeroDivisionError\)"):
        Plain().read(made(tmp_path / "a.mkv"))


@given(st.binary(max_size=200), st.sampled_from(KINDS))
def test_a_recording_with_any_metadata_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, kind: str
) -> None:
    place, read = sidecars_of(tmp_path_factory.getbasetemp() / "any")[kind]
    for other in place.parent.iterdir():
        if other.suffix not in (".ts", ".mkv") and not other.is_dir():
            other.unlink()
    place.write_bytes(raw)
    recording = read()
    for text in (recording.title, *recording.notes):
        text.encode()
    for programme in recording.programmes:
        assert programme.start is None or 1990 <= programme.start.year < 2100
        numbers = (programme.season, programme.episode, programme.age_rating, programme.event_id)
        assert all(number is None or 0 <= number < 1 << 32 for number in numbers)
    assert recording.expected_duration_s is None or 0 < recording.expected_duration_s < 1e7
