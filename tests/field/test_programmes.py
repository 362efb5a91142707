"""What people reported of titles and times, on the inputs kept beside the repository: each with its right value."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.actions.check import unusable
from voicemark.actions.recording_report import RecordingReport, report_on
from voicemark.config import Config, load_config
from voicemark.epg.xmltv import read_programmes
from voicemark.recorders import find_recordings

FIELD = Path(__file__).parents[3] / "shared/field"


@pytest.fixture
def field(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A copy of the folder whose name begins with the number that is asked for."""
    found = sorted(FIELD.glob(f"{request.param}-*"))
    if not found:
        pytest.skip("../shared/field is not there")
    shutil.copytree(found[0], tmp_path / "field")
    yield tmp_path / "field"


def reports(folder: Path, asked: str = "rec", config: Config | None = None) -> list[RecordingReport]:
    return list(report_on(folder / asked, config or load_config(folder / "config.toml")))


def programmes(report: RecordingReport) -> list[tuple[str, str | None, float, float]]:
    assert report.programmes is not None
    spans = report.programmes.spans
    return [(one.programme.title, one.programme.subtitle, round(one.start_s), round(one.end_s)) for one in spans]


def started_at(report: RecordingReport) -> datetime | None:
    assert report.programmes is not None
    return report.programmes.started_at


@pytest.mark.parametrize("field", ["05"], indirect=True)
def test_a_file_name_that_was_used_again(field: Path) -> None:
    (report,) = reports(field)
    assert programmes(report) == [("Tagesschau", "new edition", 0, 12)]
    assert started_at(report) == datetime(2024, 2, 1, 19, 15, tzinfo=UTC)


@pytest.mark.parametrize("field", ["06"], indirect=True)
def test_an_interruption_is_no_time(field: Path) -> None:
    (report,) = reports(field)
    assert report.heard is not None and report.recording is not None
    assert report.heard.duration_s == pytest.approx(24, abs=0.3)
    assert [piece.length_s for piece in report.recording.pieces] == [12, 12]
    assert programmes(report) == [("Brisant", None, 0, 24)]


@pytest.mark.parametrize("field", ["08"], indirect=True)
def test_scan_and_doctor_ask_the_watched_folder(field: Path) -> None:
    config = load_config(field / "config.toml")
    (report,) = reports(field)
    ((recorder, path),) = find_recordings(field / "rec", config.watch)
    scanned = recorder.read(path)
    assert report.recording is not None
    for recording in (scanned, report.recording):
        assert recording.programme is not None
        assert (recording.title, recording.programme.channel) == ("Aspekte", "zdf")
        assert recording.started_at == datetime(2024, 1, 31, 19, 15, tzinfo=UTC)


@pytest.mark.parametrize("field", ["09"], indirect=True)
def test_six_episodes_are_six(field: Path) -> None:
    (report,) = reports(field)
    assert programmes(report) == [
        ("Kleine Igel", f"Folge {number}", 120 + 300 * (number - 1), 120 + 300 * number) for number in range(1, 7)
    ]


@pytest.mark.parametrize("field", ["12"], indirect=True)
def test_names_of_mythtv_are_utc(field: Path) -> None:
    (report,) = reports(field)
    assert started_at(report) == datetime(2024, 7, 31, 18, 15, tzinfo=UTC)
    assert programmes(report) == [("Tatort", None, 0, 12)]


@pytest.mark.parametrize("field", ["13"], indirect=True)
def test_jellyfins_names_and_sidecars(field: Path) -> None:
    found = [recorder.read(path) for recorder, path in find_recordings(field)]
    told = [(one.title, one.programme.subtitle if one.programme else None) for one in found]
    assert told == [("The Show", "The Part")] * 2
    local = datetime(2018, 12, 6, 21, 6).astimezone()
    assert {one.started_at for one in found} == {None, local.astimezone(UTC)}


@pytest.mark.parametrize("field", ["14"], indirect=True)
def test_a_guide_as_xz(field: Path) -> None:
    (path,) = field.glob("*.xz")
    assert [one.title for one in read_programmes(path)] == ["Nachmittag", "Tatort"]
    assert unusable(Config.model_validate({"epg": {"xmltv": [path]}})) == []


def test_trash_and_snapshots_hold_no_recordings(tmp_path: Path) -> None:
    places = ("tv", "#recycle/tv", "@Recently-Snapshot/GMT+01_2024-02-01_0100/tv")
    for place in places:
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "Film.ts").write_bytes(b"\x47" * 188)
    assert [path for _, path in find_recordings(tmp_path)] == [tmp_path / "tv/Film.ts"]
