"""The report on a recording: everything about a whole one, and as much as can be told of a broken one."""

from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from support.streams import cut_out, make_beeps

from voicemark.actions.recording_report import RecordingReport, report_on
from voicemark.cli.doctor_recording import print_report, show_recording
from voicemark.config import AudioSection, Config, WatchSection
from voicemark.errors import RecordingError
from voicemark.recording import RecordingState

NAME = "2024-01-01.20.15.1-0.rec"


def printed(report: RecordingReport) -> str:
    text = StringIO()
    print_report(report, Console(file=text, width=200, soft_wrap=True))
    return text.getvalue()


@pytest.fixture
def damaged_vdr(tmp_path: Path) -> Path:
    """A VDR recording in two files with a hole, and metadata with a mistake."""
    folder = tmp_path / "video" / "Tatort" / NAME
    folder.mkdir(parents=True)
    whole = make_beeps(tmp_path / "whole.ts", 30)
    cut_out(whole, folder / "00001.ts", 12.0, 40.0)
    cut_out(whole, folder / "00002.ts", 0.0, 18.0)
    (folder / "info").write_text("C S19.2E-1-1011-11100 Das Erste\nT Tatort\nX 2 03 deu Stereo\nF 25\nnonsense\n")
    (folder / ".timer").write_text("1@host\n")
    return folder


def test_everything_about_a_damaged_recording_is_told(damaged_vdr: Path) -> None:
    [report] = report_on(damaged_vdr, Config())
    assert (report.recorder, report.state, report.problems) == ("vdr", RecordingState.RECORDING, ())
    assert [file.path.name for file in report.files] == ["00001.ts", "00002.ts"]
    assert report.choice is not None and report.heard is not None
    assert [found.kind for found in report.heard.breaks] == ["hole"]
    text = printed(report)
    for words in (
        "vdr, found out by looking",
        "still being written",
        "Tatort",
        "nonsense",
        "00002.ts",
        "mp2 stereo",
        "kind 2, ger, Stereo",
        "signal lost at 0:1",
        "0:30, as a player counts",
    ):
        assert words in text, words


def test_a_recording_without_audio_that_can_be_heard_is_reported_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "noise.ts"
    path.write_bytes(b"G" + bytes(187))
    [report] = report_on(path, Config())
    assert report.heard is None and report.choice is None
    assert report.problems and report.files[0].problem
    assert "problem" in printed(report)
    with pytest.raises(typer.Exit) as ended:
        show_recording(path, Config())
    assert ended.value.exit_code == 1


def test_the_watched_folders_settings_are_used(damaged_vdr: Path) -> None:
    root = damaged_vdr.parents[1]
    config = Config(watch=(WatchSection(path=root, recorder="vdr"),), audio=AudioSection(languages=("eng",)))
    [report] = report_on(root, config)
    assert report.watched == config.watch[0]
    assert f"vdr, as configured for {root}" in printed(report)
    (empty := root / "empty").mkdir()
    with pytest.raises(RecordingError, match="no recording of vdr"):
        list(report_on(empty, config))


def test_names_that_no_terminal_can_show_are_spelled_out(tmp_path: Path) -> None:
    path = make_beeps(tmp_path / "a\udce4[red]\x1b[31m.ts", 1)
    [report] = report_on(path, Config())
    text = printed(report)
    assert "\\udce4[red]" in text and "\x1b" not in text


def test_there_is_no_report_on_nothing(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        list(report_on(tmp_path / "none", Config()))
