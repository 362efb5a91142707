"""Tvheadend: entries of its log, continuations, states, files without an entry."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.errors import RecordingVanishedError
from voicemark.fits import facts_of
from voicemark.recorders.tvheadend import Tvheadend
from voicemark.recorders.tvheadend_entry import parse_entry, read_entry
from voicemark.recording import Piece, RecordingState, StreamHint

START = 1706728500  # 2024-01-31 19:15 UTC
NOW = datetime(2024, 2, 2, tzinfo=UTC)


def entry(*names: str, **more: Any) -> dict[str, Any]:
    """An entry as dvr_db.c saves it: nothing of what only its API tells."""
    return {
        "enabled": True, "create": START - 5000,
        "start": START, "start_extra": 5, "stop": START + 5400, "stop_extra": 10,
        "channel": "0123456789abcdef0123456789abcdef", "channelname": "Das Erste HD",
        "title": {"ger": "Tatort", "eng": "Crime Scene"}, "subtitle": {"ger": "Borowski"},
        "description": {"ger": "Ein Fall.\nEin Kommissar."}, "content_type": 1, "dvb_eid": 40747, "age_rating": 12,
        "errorcode": 0, "errors": 0, "data_errors": 0, "episode": {"enum": 5, "snum": 2},
        "files": [
            {
                "filename": f"/srv/recordings/{name}",
                "start": START - 290 + 3000 * index,
                "stop": START + 2000 + 3000 * index,
                "info": [
                    {"type": "H264", "width": 1280},
                    {"type": "MPEG2AUDIO", "language": "deu", "audio_type": 0},
                    {"type": "AC3", "language": "deu"},
                    {"type": "MPEG2AUDIO", "language": "deu", "audio_type": 3},
                ],
            }
            for index, name in enumerate(names)
        ],
        **more,
    }  # fmt: skip


class Box:
    """A Tvheadend's two folders."""

    def __init__(self, folder: Path) -> None:
        self.media = folder / "mnt/recordings"
        self.log = folder / "dvr/log"
        self.media.mkdir(parents=True)
        self.log.mkdir(parents=True)
        self.recorder = Tvheadend(self.log, zone="Europe/Berlin")

    def file(self, name: str) -> Path:
        path = self.media / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"\x47" * 188)
        return path

    def save(self, data: object, uuid: str = "00000000000000000000000000000001") -> None:
        """As Tvheadend does: a new file renamed over the old one."""
        part = self.log / f"{uuid}.tmp"
        part.write_text(data if isinstance(data, str) else json.dumps(data))
        part.rename(self.log / uuid)
        os.utime(self.log)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_everything_in_an_entry(box: Box) -> None:
    path = box.file("Tatort.ts")
    box.save(entry("Tatort.ts"))
    recording = box.recorder.read(path)
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.language) == ("Tatort", "Borowski", "ger")
    assert programme.description == "Ein Fall.\nEin Kommissar."
    assert (programme.channel, programme.event_id, programme.age_rating) == ("Das Erste HD", 40747, 12)
    assert (programme.season, programme.episode, programme.genres) == (2, 5, ("movie",))
    assert (programme.start, programme.duration_s) == (datetime.fromtimestamp(START, UTC), 5400.0)
    assert recording.started_at == datetime.fromtimestamp(START - 290, UTC)
    assert recording.expected_duration_s == 2290.0
    assert recording.streams == (StreamHint(2, "ger"), StreamHint(4, "ger"), StreamHint(2, "ger", "audio description"))
    assert recording.notes == ()


def test_what_only_the_api_tells_is_understood_too(box: Box) -> None:
    path = box.file("T.ts")
    data = entry(
        "T.ts",
        disp_title="Tatort",
        episode_disp="Season 3.Episode 14",
        genre=[0x11],
        category=["Krimi"],
        sched_status="recording",
    )
    for key in ("title", "episode"):
        del data[key]
    box.save(data)
    programme = box.recorder.read(path).programme
    assert programme is not None
    assert (programme.title, programme.season, programme.episode) == ("Tatort", 3, 14)
    assert programme.genres == ("movie", "thriller", "Krimi")
    assert box.recorder.state(path, NOW) == RecordingState.RECORDING


def test_an_interrupted_recording_is_one_with_its_continuations(box: Box) -> None:
    names = ("Tatort.ts", "Tatort-1.ts", "Tatort-2.ts")
    paths = [box.file(name) for name in names]
    box.save(entry(*names))
    assert list(box.recorder.find(box.media)) == [paths[0]]
    assert box.recorder.recognise(paths[2]) == paths[0]
    assert box.recorder.read(paths[0]).files == tuple(paths)
    paths[0].unlink()
    assert list(box.recorder.find(box.media)) == [paths[1]]
    recording = box.recorder.read(paths[1])
    assert recording.files == tuple(paths[1:])
    assert recording.started_at == datetime.fromtimestamp(START - 290 + 3000, UTC)
    assert recording.notes == ("only 2 of its 3 files are here",)


def test_a_file_without_an_entry_is_told_by_its_name(box: Box) -> None:
    path = box.file("Tatort - 2024-01-31 20-15.ts")
    recording = box.recorder.read(path)
    assert (recording.title, recording.recorder) == ("Tatort", "tvheadend")
    assert recording.started_at == datetime.fromtimestamp(START, UTC)
    assert "does not list it" in recording.notes[0]
    assert box.recorder.state(path, NOW) == RecordingState.UNKNOWN


def test_of_two_files_of_one_name_each_finds_its_entry(box: Box) -> None:
    one, two = box.file("A/Tatort.ts"), box.file("B/Tatort.ts")
    box.save(entry("A/Tatort.ts", title="First"), "0" * 31 + "1")
    box.save(entry("B/Tatort.ts", title="Second"), "0" * 31 + "2")
    assert [box.recorder.read(path).title for path in (one, two)] == ["First", "Second"]


def test_states_without_a_status(box: Box) -> None:
    path = box.file("T.ts")
    end = datetime.fromtimestamp(START + 6000, UTC)
    running = entry("T.ts")
    del running["files"][0]["stop"]
    box.save(running)
    assert box.recorder.state(path, end - timedelta(hours=1)) == RecordingState.RECORDING
    assert box.recorder.state(path, end + timedelta(hours=3)) == RecordingState.UNKNOWN  # Tvheadend ended meanwhile
    box.save(entry("T.ts"))
    assert box.recorder.state(path, end - timedelta(hours=1)) == RecordingState.UNKNOWN  # may go on in another file
    assert box.recorder.state(path, end + timedelta(seconds=1)) == RecordingState.FINISHED
    box.save(entry("T.ts", sched_status="completedError"))
    assert box.recorder.state(path, end - timedelta(hours=1)) == RecordingState.FINISHED
    box.save(entry("T.ts", fileremoved=1))
    path.unlink()
    assert box.recorder.state(path, NOW) == RecordingState.DELETED
    assert box.recorder.state(box.media / "none.ts", NOW) == RecordingState.UNKNOWN
    with pytest.raises(RecordingVanishedError):
        box.recorder.read(path)


def test_errors_are_told(box: Box) -> None:
    path = box.file("T.ts")
    box.save(entry("T.ts", errorcode=105, data_errors=12))
    assert box.recorder.read(path).notes == (
        "Tvheadend gave this recording the error code 105",
        "Tvheadend counted 12 transport errors",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"files": 3}',
        '{"files": [{"filename": 5}]}',
        '{"files": [{"filename": "/"}]}',
    ],
)
def test_broken_entries_are_passed_over(box: Box, text: str) -> None:
    path = box.file("T.ts")
    box.save(text)
    assert box.recorder.read(path).title == "T"


def test_without_a_log_folder_names_tell(tmp_path: Path) -> None:
    recorder = Tvheadend(tmp_path / "none")
    (tmp_path / "Film.ts").write_bytes(b"x")
    assert [recorder.read(path).title for path in recorder.find(tmp_path)] == ["Film"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(entry("x.ts"))), JSON)
def test_an_entry_with_one_wrong_value(key: str, value: object) -> None:
    found = parse_entry({**entry("T.ts"), key: value}, Path("x"))
    assert found is None or found.files


@given(st.sampled_from(["filename", "start", "stop", "info"]), JSON)
def test_a_file_with_one_wrong_value(key: str, value: object) -> None:
    data = entry("T.ts")
    data["files"][0][key] = value
    found = parse_entry(data, Path("x"))
    assert found is None or found.files


@given(st.binary(max_size=200))
def test_any_bytes_as_entry(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "entry"
    path.write_bytes(raw)
    assert read_entry(path) is None or raw


def named_twice(box: Box, seconds: float = 12) -> Path:
    """Yesterday's entry, whose file is lost, and today's name the one file, which today's recording wrote."""
    path = box.media / "Tagesschau.ts"
    write_clock(path, seconds)
    for uuid, title, start, lasted in (("9", "old edition", START, 900), ("1", "new edition", START + 86400, 12)):
        file = {"filename": "/tmp/rec/Tagesschau.ts", "start": start, "stop": start + lasted}
        box.save({"start": start, "stop": start + 900, "title": {"ger": title}, "files": [file]}, uuid)
    return path


def write_clock(path: Path, seconds: float) -> None:
    """A transport stream with nothing but a clock, that lasts so long."""
    packets = bytearray()
    for step in range(int(seconds * 10) + 1):
        ticks = step * 9000
        clock = (ticks << 15 | 0x7E00).to_bytes(6, "big")
        packets += b"\x47\x01\x00\x20\xb7\x10" + clock + b"\xff" * 176
    path.write_bytes(packets)


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_entries_for_one_name_the_newest_that_fits_is_meant(box: Box, swapped: bool) -> None:
    path = named_twice(box)
    if swapped:
        first, second = box.log / "9", box.log / "1"
        text = first.read_text()
        first.write_text(second.read_text())
        second.write_text(text)
        os.utime(box.log)
    recording = box.recorder.read(path)
    assert recording.title == "new edition"
    assert recording.started_at == datetime.fromtimestamp(START + 86400, UTC)


def test_an_entry_fits_by_its_length(box: Box) -> None:
    assert box.recorder.read(named_twice(box, seconds=890)).title == "old edition"


def test_an_entry_of_a_later_recording_does_not_fit(box: Box) -> None:
    path = named_twice(box)
    os.utime(path, (START + 950, START + 950))
    assert box.recorder.read(path).title == "old edition"
    os.utime(path, (START - 86400, START - 86400))
    recording = box.recorder.read(path)
    assert recording.title == "Tagesschau"
    assert "only other recordings" in recording.notes[-1]


def test_the_entry_of_a_recording_of_another_length_and_time_does_not_fit(box: Box) -> None:
    path = named_twice(box, seconds=300)
    (box.log / "1").unlink()
    os.utime(box.log)
    assert box.recorder.read(path).title == "Tagesschau", "written now, and a third as long"
    os.utime(path, (START + 901, START + 901))
    assert box.recorder.read(path).title == "old edition", "signal was lost"
    write_clock(path, 880)
    assert box.recorder.read(path).title == "old edition", "copied"


def test_a_recording_that_was_removed_does_not_hide_the_next_of_its_name(box: Box) -> None:
    path = box.file("T.ts")
    box.save({**entry("T.ts"), "fileremoved": 1, "start": START + 9}, "a")
    box.save(entry("T.ts"), "b")
    assert box.recorder.state(path, NOW) is RecordingState.FINISHED


def test_each_interruption_begins_a_piece(box: Box) -> None:
    for name in ("T.ts", "T-1.ts"):
        box.file(name)
    box.save(entry("T.ts", "T-1.ts"))
    recording = box.recorder.read(box.media / "T.ts")
    begins = [datetime.fromtimestamp(START - 290 + 3000 * index, UTC) for index in range(2)]
    assert recording.pieces == (Piece(0, begins[0], 2290.0), Piece(1, begins[1], 2290.0))
    box.save(entry("T.ts"))
    assert box.recorder.read(box.media / "T.ts").pieces == ()


@given(st.binary(max_size=3000))
def test_any_bytes_have_a_length_or_none(raw: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.ts")
        path.write_bytes(raw)
        length_s = facts_of(path).length_s
        assert length_s is None or length_s >= 0


@pytest.mark.parametrize(
    ("languages", "title", "subtitle", "language"),
    [
        ((), "Tatort", "Borowski", "ger"),
        (("deu", "ger"), "Tatort", "Borowski", "ger"),
        (("eng",), "Crime Scene", "Borowski", "eng"),
        (("fre", "en"), "Crime Scene", "Borowski", "eng"),
        (("fre",), "Tatort", "Borowski", "ger"),
    ],
)
def test_of_titles_in_several_languages_the_preferred_is_taken(
    languages: tuple[str, ...], title: str, subtitle: str, language: str
) -> None:
    found = parse_entry(entry("T.ts"), Path("x"), languages)
    assert found is not None and found.programme is not None
    told = found.programme
    assert (told.title, told.subtitle, told.language) == (title, subtitle, language)


@pytest.mark.parametrize(
    ("odd", "named"),
    [
        ({"errorcode": 10**400}, "errorcode"),
        ({"title": ["a"], "disp_title": "Tatort"}, "title"),
        ({"title": {"ger": "Tatort", "eng": 7}}, "title"),
        ({"start_extra": -5}, "start_extra"),
        ({"episode": {"snum": "x" * 99, "enum": 5}}, "episode.snum"),
        ({"genre": [16, {}], "category": ["x", 3]}, "genre, category"),
        (
            {"files": [{"filename": "/x/a.ts", "start": "1706728500", "info": [{"type": []}]}]},
            "files.start, files.info.type",
        ),
        ({"files": [{"filename": "/x/a.ts", "info": [{"type": ["AC3"]}, 7]}]}, "files.info, files.info.type"),
    ],
)
def test_fields_that_cannot_be_used_are_named_in_a_note(odd: dict[str, Any], named: str) -> None:
    told = parse_entry(entry("a.ts", **odd), Path("log/1"))
    assert told is not None and told.programme is not None and told.programme.title == "Tatort"
    [note] = told.notes
    assert note.endswith(f"in: {named}")


def test_fields_that_are_empty_or_away_are_no_fault() -> None:
    nothing = {"genre": [], "errorcode": 0, "subtitle": {}, "summary": {"ger": ""}, "dvb_eid": 0, "category": None}
    told = parse_entry(entry("a.ts", **nothing), Path("log/1"))
    assert told is not None and told.notes == ()
