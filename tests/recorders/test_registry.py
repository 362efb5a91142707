"""Adapters by configuration, by looking, and for paths on the command line."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from voicemark.config import WatchSection
from voicemark.errors import RecordingError
from voicemark.recorders import find_recordings, recorder_for
from voicemark.recorders.auto import Auto
from voicemark.recorders.registry import place_of
from voicemark.recording import RecordingState

NOW = datetime(2024, 2, 1, tzinfo=UTC)


def mixed(folder: Path) -> dict[str, Path]:
    """A tree with one recording of each recorder."""
    paths = {
        "vdr": folder / "video/Tatort/2024-01-31.20.15.1-0.rec",
        "enigma2": folder / "movie/20240131 2015 - Das Erste - Tatort.ts",
        "tvheadend": folder / "hts/Tatort.ts",
        "plain": folder / "films/Tatort.mkv",
    }
    for name, path in paths.items():
        media = path / "00001.ts" if name == "vdr" else path
        media.parent.mkdir(parents=True)
        media.write_bytes(b"\x47" * 188)
    (paths["enigma2"].parent / f"{paths['enigma2'].name}.meta").write_text("1:0:1\nTatort\n")
    (folder / "log").mkdir()
    (folder / "log/abc").write_text(
        json.dumps({"start": 1, "stop": 2, "title": "Tatort", "files": [{"filename": "/x/hts/Tatort.ts"}]})
    )
    return paths


def auto(folder: Path) -> Auto:
    recorder = recorder_for(WatchSection(path=folder, dvr_log=folder / "log"))
    assert isinstance(recorder, Auto)
    return recorder


def test_a_mixed_tree_is_told_apart_by_looking(tmp_path: Path) -> None:
    paths = mixed(tmp_path)
    recorder = auto(tmp_path)
    assert {(one.name, path) for one, path in recorder.find_all(tmp_path)} == set(paths.items())
    assert recorder.census(tmp_path) == dict.fromkeys(paths, 1)
    for name, path in paths.items():
        assert recorder.read(path).recorder == name
        assert recorder.read(path).title == "Tatort"
        assert recorder.recognise(path) == path
        assert recorder.state(path, NOW)
    assert recorder.recognise(paths["vdr"] / "00001.ts") == paths["vdr"]
    assert recorder.recognise(tmp_path / "log/abc") is None


@pytest.mark.parametrize("name", ["vdr", "tvheadend", "enigma2", "plain", "auto"])
def test_each_name_in_the_configuration_gives_its_adapter(tmp_path: Path, name: str) -> None:
    section = WatchSection.model_validate({"path": tmp_path, "recorder": name})
    recorder = recorder_for(section)
    assert recorder.name == name
    assert list(recorder.find(tmp_path)) == []
    assert list(recorder.find(tmp_path / "none")) == []


def test_what_a_person_may_name_on_the_command_line(tmp_path: Path) -> None:
    paths = mixed(tmp_path)
    record = paths["vdr"]
    for path in (record, record / "00001.ts", record.parent, tmp_path / "video"):
        ((recorder, found),) = find_recordings(path)
        assert (recorder.name, found) == ("vdr", record)
    ((recorder, found),) = find_recordings(paths["plain"])
    assert (recorder.name, found) == ("plain", paths["plain"])
    assert [recorder.name for recorder, _ in find_recordings(tmp_path)].count("vdr") == 1


def test_what_is_no_recording_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").touch()
    for path, what in (
        (tmp_path / "none", "no such file"),
        (tmp_path / "empty", "no recording"),
        (tmp_path / "note.txt", "is no recording"),
    ):
        with pytest.raises(RecordingError, match=what):
            list(find_recordings(path))


def test_thousands_of_recordings_are_found_with_one_look_into_each_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2000):
        (tmp_path / f"Titel_{number:04}/2024-01-31.20.15.{number}-0.rec").mkdir(parents=True)
    calls: Counter[str] = Counter()
    with monkeypatch.context() as watched:
        for name in ("scandir", "stat", "lstat"):
            watched.setattr(os, name, counting(name, getattr(os, name), calls))
        found = list(recorder_for(WatchSection(path=tmp_path, recorder="vdr")).find(tmp_path))
    assert len(found) == 2000
    assert calls["scandir"] <= 2001
    assert calls["stat"] + calls["lstat"] < 50  # one for each recording would be slow on NFS


def counting(name: str, function: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    own = threading.get_ident()

    def counted(*arguments: Any, **named: Any) -> Any:
        if threading.get_ident() == own:  # Other threads of the test run look at files, too.
            calls[name] += 1
        return function(*arguments, **named)

    return counted


def test_folders_that_cannot_be_read_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = mixed(tmp_path)
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("films"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # tests may run as root, who may read everything
    assert {path for _, path in auto(tmp_path).find_all(tmp_path)} == set(paths.values()) - {paths["plain"]}


def watched(folder: Path) -> tuple[WatchSection, ...]:
    """A plain folder with a way of naming of its own, in which another one is Tvheadend's."""
    (folder / "rec/tvh").mkdir(parents=True)
    pattern = r"(?P<channel>\w+)\+(?P<date>\d{8})T(?P<time>\d{4})\+(?P<title>.+)"
    (folder / "rec/zdf+20240131T2015+Aspekte.ts").touch()
    for name in ("Brisant.ts", "Brisant-1.ts"):
        (folder / "rec/tvh" / name).touch()
    (folder / "log").mkdir()
    files = [{"filename": f"/srv/tvh/{name}", "start": 1706728500} for name in ("Brisant.ts", "Brisant-1.ts")]
    (folder / "log/aa").write_text(
        json.dumps({"title": {"ger": "Brisant"}, "files": files, "sched_status": "recording"})
    )
    return (
        WatchSection(path=folder / "rec", recorder="plain", time_zone="Europe/Berlin", name_patterns=(pattern,)),
        WatchSection(path=folder / "rec/tvh", recorder="tvheadend", dvr_log=folder / "log"),
    )


@pytest.mark.parametrize("asked", [".", "rec", "rec/tvh", "rec/tvh/Brisant-1.ts", "rec/zdf+20240131T2015+Aspekte.ts"])
def test_a_path_is_served_as_its_watched_folder_says(tmp_path: Path, asked: str) -> None:
    watch = watched(tmp_path)
    found = {path.name: (recorder, recorder.read(path)) for recorder, path in find_recordings(tmp_path / asked, watch)}
    crime, culture = "Brisant.ts", "zdf+20240131T2015+Aspekte.ts"
    assert set(found) == ({crime, culture} if asked in (".", "rec") else {crime} if "tvh" in asked else {culture})
    if "Brisant.ts" in found:
        recorder, recording = found["Brisant.ts"]
        assert (recorder.name, recording.title, len(recording.files)) == ("tvheadend", "Brisant", 2)
        assert recorder.state(recording.path, datetime.now(UTC)) is RecordingState.RECORDING
    if "zdf+20240131T2015+Aspekte.ts" in found:
        recording = found["zdf+20240131T2015+Aspekte.ts"][1]
        assert (recording.title, recording.started_at) == ("Aspekte", datetime(2024, 1, 31, 19, 15, tzinfo=UTC))


def test_a_link_into_a_watched_folder_is_the_place_that_it_leads_to(tmp_path: Path) -> None:
    watch = watched(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "rec")
    place = place_of(tmp_path / "link/tvh/Brisant.ts", watch)
    assert (place.path, place.section, place.watched) == (tmp_path / "rec/tvh/Brisant.ts", watch[1], True)
    assert not place_of(tmp_path / "log", watch).watched


def test_a_recording_of_another_recorder_is_none_of_this_one(tmp_path: Path) -> None:
    watch = (WatchSection(path=tmp_path, recorder="vdr"),)
    (tmp_path / "x.ts").touch()
    with pytest.raises(RecordingError, match="is no recording of vdr"):
        list(find_recordings(tmp_path / "x.ts", watch))


def test_a_recording_is_known_by_one_path_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "films").mkdir()
    film = tmp_path / "films/Tatort.mkv"
    film.write_bytes(b"\x47" * 188)
    monkeypatch.chdir(tmp_path / "films")
    for spelled in (
        "Tatort.mkv",
        "../films/Tatort.mkv",
        f"{tmp_path}/films/../films/./Tatort.mkv",
        "..",
        f"/{tmp_path}",
    ):
        assert [path for _, path in find_recordings(Path(spelled))] == [film], spelled
    watch = [WatchSection(path=tmp_path / "films", recorder="plain")]
    assert place_of(Path("../films/Tatort.mkv"), watch).watched
    assert not place_of(Path("../other/Tatort.mkv"), watch).watched
