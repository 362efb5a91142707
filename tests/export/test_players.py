"""Other programs read what was written: ffmpeg, mkvmerge, and a WebVTT parser where there is one."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from voicemark.export.base import MarkedRecording, Marker, MediaFile
from voicemark.export.chapters import Ffmetadata, MatroskaChapters
from voicemark.export.webvtt import WebVtt

ODD = 'An=na; "#1" \\ <b>&amp; „Ü“'
MARKERS = (
    Marker("Anna", 0.5, 1.5, 0.9),
    Marker("Ben", 1.0, 2.0, 0.8),  # overlaps the first
    Marker(ODD, 2.25, 2.75, 0.7),
)


def recording(title: str = "Krimi; Teil=1 #2") -> MarkedRecording:
    path = Path("/srv/tv/a.ts")
    return MarkedRecording(path, "plain", "c0ffee", (MediaFile(path),), MARKERS, title=title)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("players") / "a.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "sine=d=4", "-c:a", "aac", path], check=True
    )
    return path


def chapters_by_ffprobe(path: Path) -> list[tuple[float, float, str]]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", path], check=True, capture_output=True
    )
    return [
        (float(one["start_time"]), float(one["end_time"]), one["tags"]["title"])
        for one in json.loads(done.stdout)["chapters"]
    ]


EXPECTED = [(marker.start_s, marker.end_s, marker.speaker) for marker in MARKERS]


def test_ffmpeg_puts_our_ffmetadata_into_a_file(media: Path, tmp_path: Path) -> None:
    metadata = tmp_path / "a.ffmetadata"
    metadata.write_bytes(Ffmetadata().render(recording()))
    target = tmp_path / "b.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", media, "-i", metadata, "-map_chapters", "1", "-map_metadata", "1",
         "-map", "0", "-c", "copy", target],
        check=True,
    )  # fmt: skip
    assert chapters_by_ffprobe(target) == EXPECTED
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format_tags=title", "-of", "json", target],
        check=True,
        capture_output=True,
    )
    assert json.loads(done.stdout)["format"]["tags"]["title"] == "Krimi; Teil=1 #2"


@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge (mkvtoolnix) is not installed")
def test_mkvmerge_takes_our_chapters_and_gives_them_back(media: Path, tmp_path: Path) -> None:
    chapters, target, back = tmp_path / "a.chapters.xml", tmp_path / "b.mkv", tmp_path / "back.xml"
    chapters.write_bytes(MatroskaChapters().render(recording()))
    done = subprocess.run(
        ["mkvmerge", "-q", "-o", target, "--chapters", chapters, media], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert chapters_by_ffprobe(target) == EXPECTED
    subprocess.run(["mkvextract", target, "chapters", back], check=True, capture_output=True)
    assert back.read_text(encoding="utf-8-sig").count("<ChapterAtom>") == len(MARKERS)


def test_ffmpeg_reads_our_webvtt(tmp_path: Path) -> None:
    source = tmp_path / "a.vtt"
    source.write_bytes(WebVtt().render(recording()))
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,duration_time", "-of", "json", source],
        check=True,
        capture_output=True,
    )
    cues = [(float(cue["pts_time"]), float(cue["duration_time"])) for cue in json.loads(done.stdout)["packets"]]
    assert [start_s for start_s, _ in cues] == [marker.start_s for marker in MARKERS]
    assert [length_s for _, length_s in cues] == pytest.approx([marker.end_s - marker.start_s for marker in MARKERS])


def test_a_webvtt_parser_reads_our_cues(tmp_path: Path) -> None:
    webvtt = pytest.importorskip("webvtt", reason="webvtt-py is not installed")
    source = tmp_path / "a.vtt"
    source.write_bytes(WebVtt().render(recording()))
    assert [(cue.start, cue.end) for cue in webvtt.read(source)] == [
        ("00:00:00.500", "00:00:01.500"),
        ("00:00:01.000", "00:00:02.000"),
        ("00:00:02.250", "00:00:02.750"),
    ]
