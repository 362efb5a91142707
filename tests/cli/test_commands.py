"""What the commands print, and with which code they end."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import run

import voicemark
from voicemark.cli.output import clock
from voicemark.store.cluster_workers import ClusterWorker, write_cluster_workers
from voicemark.store.database import open_database
from voicemark.store.schema import MarkerRow, RecordingRow, VoiceRow
from voicemark.store.workers import worker_id


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///v.db"\n')
    database = open_database(tmp_path / "v.db")
    now = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
    with database.writing() as session:
        session.add(RecordingRow(path="/v/[red]a.ts", recorder="plain", content="c", title="A [b] C",
                                 started_at=now, found_at=now))  # fmt: skip
        session.add(VoiceRow(name="Anna", enrolled_at=now))
        session.flush()
        session.add(MarkerRow(recording_id=1, voice_id=1, start_s=186.0, end_s=200.5, score=0.8123))
    database.close()
    return tmp_path


def test_markers_are_a_table_that_says_the_minute(place: Path) -> None:
    done = run("markers", "-c", place / "config.toml")
    assert done.returncode == 0
    assert "at min 3.1" in done.stdout
    assert "3:06 – 3:20" in done.stdout
    assert "A [b] C" in done.stdout  # a title is no markup


def test_markers_are_objects_of_the_documented_fields(place: Path) -> None:
    done = run("markers", "-c", place / "config.toml", "--json")
    assert json.loads(done.stdout) == {
        "recording": "/v/[red]a.ts", "title": "A [b] C", "subtitle": None, "channel": None,
        "started_at": "2024-03-01T20:15:00+00:00", "speaker": "Anna",
        "start_s": 186.0, "end_s": 200.5, "at_min": 3.1, "score": 0.812, "id": 1,
    }  # fmt: skip


def test_no_markers_are_said_to_be_none(place: Path) -> None:
    done = run("markers", "-c", place / "config.toml", "--title", "a [B]", "--since", "2025-01-01")
    assert (done.returncode, done.stdout.strip()) == (0, "no markers")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--speaker", "Amna"], "no voice 'Amna' (is it Anna?)"),
        (["--title", "C [d]"], "no title holds 'C [d]' (is it A [b] C or [b]?)"),
        (["--title", "Tatort"], "no title holds 'Tatort' (the titles are: A [b] C)"),
        (["--channel", "SDF"], "no channel holds 'SDF' (is it ZDF?)"),
        (["--type", "Sport"], "no type holds 'Sport' (the types are: news)"),
        (["--recording", "/v/[rad]a.ts"], "no recording's path holds '/v/[rad]a.ts' (is it [red]a"),
        (["--recording", "Brisant.mkv"], "no recording's path holds 'Brisant.mkv' (`voicemark scan` adds it)"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_nothing_is_called_by_is_an_error_that_names_near_ones(
    place: Path, asked: list[str], told: str, form: list[str]
) -> None:
    if asked[0] in ("--channel", "--type"):
        nothing_yet = run("markers", "-c", place / "config.toml", *asked)
        assert (nothing_yet.returncode, nothing_yet.stdout.strip()) == (0, "no markers")
    with closing(sqlite3.connect(place / "v.db")) as connection, connection:
        connection.execute("UPDATE recordings SET channel = 'ZDF'")
        connection.execute(
            "INSERT INTO programmes (identity, source, title, genre) VALUES ('i', 'x', 'A [b] C', 'news')"
        )
    done = run("markers", "-c", place / "config.toml", *asked, *form)
    assert (done.returncode, done.stdout) == (2, "") and told in done.stderr


def test_a_recording_is_asked_for_however_its_path_is_spelled(place: Path) -> None:
    for spelled in ("/v/../v/[red]a.ts", "/v/./[RED]A.ts", "[red]"):
        assert "Anna" in run("markers", "-c", place / "config.toml", "--recording", spelled).stdout, spelled


def test_a_mistyped_voice_is_told_of_alike_wherever_one_is_named(place: Path) -> None:
    for command in (["playlist", "Amna"], ["play", "/v/[red]a.ts", "--voice", "Amna"], ["forget", "Amna"]):
        done = run(*command, "-c", place / "config.toml")
        assert done.returncode == 2 and "no voice 'Amna' (is it Anna?)" in done.stderr, command


def test_a_missing_configuration_is_code_2_and_one_line(tmp_path: Path) -> None:
    done = run("markers", "-c", tmp_path / "none.toml")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "there is no such configuration" in done.stderr


def test_config_check_names_what_is_missing(place: Path) -> None:
    with (place / "config.toml").open("a") as config:
        config.write('[[watch]]\npath = "gone"\n')
    done = run("config", "check", "-c", place / "config.toml")
    assert done.returncode == 1
    assert "watch[0].path" in done.stderr


def test_config_check_says_what_an_empty_configuration_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    done = run("config", "check", "-c", tmp_path / "empty.toml")
    assert done.returncode == 0
    for words in ("no [[watch]]", "no voice will be found", "markers go to /var/lib/voicemark/voicemark.db"):
        assert words in done.stdout


def test_config_example_never_overwrites(tmp_path: Path) -> None:
    target = tmp_path / "config.toml"
    assert run("config", "example", "-o", target).returncode == 0
    assert run("config", "check", "-c", target).returncode == 1  # valid, but its folders are not here
    target.write_text("mine")
    assert run("config", "example", "-o", target).returncode == 2
    assert target.read_text() == "mine"


def test_doctor_finds_this_installation_in_order(place: Path) -> None:
    done = run("doctor", "-c", place / "config.toml")
    assert done.returncode == 0, done.stdout
    for part in ("ffmpeg", "MP2", "torch", "GPU", "encoder", "database"):
        assert part in done.stdout


def test_doctor_says_what_is_wrong_with_a_database_that_is_none(place: Path) -> None:
    (place / "v.db").write_text("no database " * 200)
    for leftover in ("v.db-wal", "v.db-shm"):
        (place / leftover).unlink(missing_ok=True)
    done = run("doctor", "-c", place / "config.toml")
    assert done.returncode == 1
    assert "is no SQLite database" in done.stdout


def test_the_version_is_told() -> None:
    """In a process of its own, as a shell starts it."""
    done = subprocess.run([sys.executable, "-m", "voicemark", "--version"], capture_output=True, text=True)
    assert done.stdout == f"voicemark {voicemark.__version__}\n"


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00"), (59.6, "1:00"), (186, "3:06"), (3723, "1:02:03")])
def test_times_look_like_a_clock(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_status_tells_of_the_workers_of_a_cluster(place: Path) -> None:
    now = datetime(2024, 3, 1, 20, 15, tzinfo=UTC)
    worker = ClusterWorker("box-1", "box", "0.1.0", "vm3-1", Path("/v/a.ts"), now, 7200.0, 72.0, now, 2, "/v is away")
    database = open_database(place / "v.db")
    with database.writing() as session:
        write_cluster_workers(session, worker_id(), [worker])
    database.close()
    done = run("status", "-c", place / "config.toml")
    told = "box-1, voicemark 0.1.0; hears /v/a.ts since 20:15:00; 100 × real time; last seen 20:15:00; "
    assert f"worker       {told}failed 2 times in a row; /v is away" in done.stdout
