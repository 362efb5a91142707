"""What writers write is what players read: each format goes through a reader made after the player's own, and back."""

import csv
import io
import json
import math
import re
import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.export.base import MarkedRecording, Marker, MediaFile, Turn, clock
from voicemark.export.chapters import Ffmetadata, MatroskaChapters
from voicemark.export.cuts import Cuts
from voicemark.export.edl import MAX_ENTRIES, Edl
from voicemark.export.rttm import Rttm, RttmTurns
from voicemark.export.sm import SceneMarkers
from voicemark.export.tables import COLUMNS, Csv, Json
from voicemark.export.webvtt import WebVtt

words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=10)
names = st.lists(words, min_size=1, max_size=2).map(" ".join)
"""As the configuration lets them be."""
odd_text = st.text(max_size=40)
TWO_DAYS_S = 172_800.0
quick = settings(max_examples=40, deadline=None)


@st.composite
def marker_lists(draw: st.DrawFn, max_s: float = TWO_DAYS_S) -> tuple[Marker, ...]:
    markers = []
    for _ in range(draw(st.integers(0, 12))):
        start = round(draw(st.floats(0, max_s)), 3)
        length = round(draw(st.floats(0.5, 600)), 3)
        score = round(draw(st.floats(-1, 1)), 3)
        markers.append(Marker(draw(names), start, round(start + length, 3), score, draw(st.none() | odd_text)))
    return tuple(sorted(markers, key=lambda marker: (marker.start_s, marker.speaker)))


def recording_of(markers: tuple[Marker, ...], title: str = "Tatort") -> MarkedRecording:
    path = Path("/srv/tv/a.ts")
    return MarkedRecording(path, "plain", "c0ffee", (MediaFile(path),), markers, title=title, duration_s=TWO_DAYS_S)


# Kodi: xbmc VideoPlayer/Edl.cpp, CEdl::ReadEdl


def kodi_reads(data: bytes) -> tuple[list[int], list[int]]:
    """(scene markers in ms, actions) as Kodi takes them from an EDL; fails where Kodi would log an error."""
    scenes, actions = [], []
    for line in data.decode("utf-8").splitlines():
        assert len(line.encode()) < 1024
        fields = line.split()[:3]
        assert len(fields) >= 2
        if fields[0].startswith("##"):
            continue
        times = [int(float(field) * 1000) for field in fields[:2]]
        actions.append(int(fields[2]))
        if actions[-1] == 2:
            scenes.append(times[1])
    return scenes, actions


@quick
@given(marker_lists(), odd_text)
def test_kodi_jumps_to_every_start_of_a_voice(markers: tuple[Marker, ...], title: str) -> None:
    scenes, actions = kodi_reads(Edl().render(recording_of(markers, title)))
    assert set(actions) <= {2}
    assert len(scenes) == len(markers)
    for scene, marker in zip(scenes, markers, strict=True):
        # a voice at the very start is reached 0.1 s late: Tvheadend takes no line without a length
        assert scene == pytest.approx(max(marker.start_s, 0.1) * 1000, abs=1)


# Tvheadend: src/dvr/dvr_cutpoints.c, dvr_parse_file and dvr_parse_edl


def tvheadend_reads(data: bytes) -> list[tuple[int, int, int]]:
    """(start ms, end ms, type) of the lines that Tvheadend accepts, with its 32-bit floats and limits."""
    accepted = []
    for line in data.split(b"\n")[:10_000]:
        assert len(line) < 127
        match = re.match(rb"\s*([-\d.]+)\s+([-\d.]+)\s+(-?\d+)", line)
        if match is None:
            continue
        start, end, action = np.float32(match[1].decode()), np.float32(match[2].decode()), int(match[3])
        if start < 0 or end < 0 or end <= start or not 0 <= action <= 3:
            continue
        accepted.append((int(start * np.float32(1000)), int(end * np.float32(1000)), action))
    return accepted[:5000]


@quick
@given(marker_lists())
def test_tvheadend_accepts_every_line(markers: tuple[Marker, ...]) -> None:
    recording = recording_of(markers)
    for data in (Edl().render(recording), SceneMarkers().render(recording)):
        accepted = tvheadend_reads(data)
        assert {action for _, _, action in accepted} <= {2}
        starts = {round(max(marker.start_s, 0.1), 3) for marker in markers}
        assert len({end for _, end, _ in accepted}) == len(
            {int(np.float32(f"{start:.3f}") * np.float32(1000)) for start in starts}
        )
        for start in starts:
            # a 32-bit float at two days is good to 1/64 s
            assert any(abs(end / 1000 - start) < 0.02 for _, end, _ in accepted)


def test_fields_are_parted_by_tabs_and_never_cut_or_skip() -> None:
    recording = recording_of((Marker("Anna", 186.04, 190.0, 0.8), Marker("Ben", 0.0, 5.0, 0.9)))
    lines = SceneMarkers().render(recording).decode().splitlines()
    assert lines == ["0.000\t0.100\t2", "185.940\t186.040\t2"]
    assert Edl().render(recording).decode().splitlines()[1:] == [
        "## 00:00:00.0 Ben",
        "0.000\t0.100\t2",
        "## 00:03:06.0 Anna",
        "185.940\t186.040\t2",
    ]


def test_more_markers_than_tvheadend_reads_leaves_the_best() -> None:
    markers = tuple(Marker("Anna", float(second), second + 0.5, second / 10_000) for second in range(6000))
    accepted = tvheadend_reads(SceneMarkers().render(recording_of(markers)))
    assert len(accepted) == MAX_ENTRIES
    assert accepted[0][1] == 1_000_000  # the 1000 faintest are the first ones here


# Enigma2: lib/service/servicedvb.cpp, eDVBServicePlay::loadCuesheet


def box_reads(data: bytes) -> list[tuple[int, int]]:
    records, at = [], 0
    while len(data) >= at + 12:
        where, what = struct.unpack_from(">Q", data, at)[0], struct.unpack_from(">I", data, at + 8)[0]
        if what > 3:
            break
        records.append((where, what))
        at += 12
    return records


@quick
@given(marker_lists())
def test_the_box_reads_a_mark_at_every_start(markers: tuple[Marker, ...]) -> None:
    records = box_reads(Cuts().render(recording_of(markers)))
    assert records == sorted({(round(marker.start_s * 90_000), 2) for marker in markers})


# ffmetadata: libavformat/ffmetadec.c


def ffmpeg_reads_metadata(data: bytes) -> list[dict[str, str]]:
    """The sections of an ffmetadata file, the global one first; values unescaped."""
    lines = data.decode("utf-8").split("\n")
    assert lines[0].startswith(";FFMETADATA")
    sections: list[dict[str, str]] = [{}]
    for line in lines[1:]:
        if not line or line[0] in ";#":
            continue
        if line == "[CHAPTER]":
            sections.append({})
            continue
        key, value = re.split(r"(?<!\\)=", line, maxsplit=1)
        assert not re.search(r"(?<!\\)(?:\\\\)*[=;#]", value)
        sections[-1][key] = re.sub(r"\\(.)", r"\1", value)
    return sections


@quick
@given(marker_lists(), odd_text)
def test_ffmetadata_goes_back(markers: tuple[Marker, ...], title: str) -> None:
    _, *chapters = ffmpeg_reads_metadata(Ffmetadata().render(recording_of(markers, title)))
    assert [(chapter["START"], chapter["END"]) for chapter in chapters] == [
        (str(round(marker.start_s * 1000)), str(round(marker.end_s * 1000))) for marker in markers
    ]
    assert [chapter["title"] for chapter in chapters] == [" ".join(marker.speaker.split()) for marker in markers]
    assert {chapter["TIMEBASE"] for chapter in chapters} <= {"1/1000"}


# Matroska chapters: RFC 9559, section 20; mkvmerge's XML


@quick
@given(marker_lists())
def test_matroska_chapters_go_back(markers: tuple[Marker, ...]) -> None:
    root = ElementTree.fromstring(MatroskaChapters().render(recording_of(markers)))
    atoms = root.findall("EditionEntry/ChapterAtom")
    read: list[tuple[float, float, str | None]] = []
    for atom in atoms:
        spans: list[float] = []
        for name in ("ChapterTimeStart", "ChapterTimeEnd"):
            hours, minutes, seconds = (atom.findtext(name) or "").split(":")
            spans.append(int(hours) * 3600 + int(minutes) * 60 + float(seconds))
        read.append((spans[0], spans[1], atom.findtext("ChapterDisplay/ChapterString")))
    assert [name for _, _, name in read] == [" ".join(marker.speaker.split()) for marker in markers]
    for (start, end, _), marker in zip(read, markers, strict=True):
        assert math.isclose(start, marker.start_s, abs_tol=5e-4) and math.isclose(end, marker.end_s, abs_tol=5e-4)
    uids = [atom.findtext("ChapterUID") for atom in atoms]
    assert len(set(uids)) == len(uids) and "0" not in uids


# WebVTT: W3C WebVTT, section 6.1 and 6.4


def vtt_reads(data: bytes) -> list[tuple[float, float, str]]:
    text = data.decode("utf-8")
    header, *blocks = text.split("\n\n")
    assert re.match(r"WEBVTT([ \t].*)?\Z", header) and "-->" not in header
    cues = []
    for block in filter(None, blocks):
        if block.startswith("NOTE"):
            continue
        timing, payload = block.split("\n")
        match = re.fullmatch(r"(\d{2,}):(\d\d):(\d\d\.\d{3}) --> (\d{2,}):(\d\d):(\d\d\.\d{3})", timing)
        assert match is not None
        parts = [float(part) for part in match.groups()]
        voice = re.fullmatch(r"<v ([^<>]+)>([^<>]+)</v>", payload)
        assert voice is not None and voice[1] == voice[2]
        name = voice[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        cues.append((parts[0] * 3600 + parts[1] * 60 + parts[2], parts[3] * 3600 + parts[4] * 60 + parts[5], name))
    return cues


@quick
@given(marker_lists(), odd_text)
def test_webvtt_goes_back(markers: tuple[Marker, ...], title: str) -> None:
    cues = vtt_reads(WebVtt().render(recording_of(markers, title)))
    expected = sorted(
        (round(marker.start_s, 3), round(marker.end_s, 3), " ".join(marker.speaker.split())) for marker in markers
    )
    assert sorted((round(start, 3), round(end, 3), name) for start, end, name in cues) == expected
    assert [cue[0] for cue in cues] == sorted(cue[0] for cue in cues)


# RTTM: NIST RT-09 evaluation plan, appendix A


@quick
@given(marker_lists())
def test_rttm_goes_back(markers: tuple[Marker, ...]) -> None:
    read = []
    for line in Rttm().render(recording_of(markers)).decode().splitlines():
        kind, file, channel, start, length, spelling, subtype, name, confidence, lookahead = line.split(" ")
        assert (kind, file, channel) == ("SPEAKER", "a", "1")
        assert (spelling, subtype, lookahead) == ("<NA>", "<NA>", "<NA>")
        read.append((float(start), round(float(start) + float(length), 3), name, float(confidence)))
    assert read == [
        (marker.start_s, marker.end_s, "_".join(marker.speaker.split()), marker.score) for marker in markers
    ]


def test_in_the_rttm_of_all_turns_who_has_no_name_has_a_number_and_no_confidence() -> None:
    turns = (Turn("Anna Maria", 1.0, 4.5, 0.81), Turn("speaker-3", 4.5, 6.0))
    lines = RttmTurns().render(replace(recording_of(()), turns=turns)).decode().splitlines()
    assert lines == [
        "SPEAKER a 1 1.000 3.500 <NA> <NA> Anna_Maria 0.810 <NA>",
        "SPEAKER a 1 4.500 1.500 <NA> <NA> speaker-3 <NA> <NA>",
    ]


def kept_from_running(text: str) -> str:
    return f"'{text}" if text[:1] and text[0] in "=+-@＝＋－＠" else text


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-x", "@SUM(A1)", "\t=1", " =1", "＝1", '=HYPERLINK("x")'])
def test_no_text_in_a_csv_is_a_formula(text: str) -> None:
    """A spreadsheet runs a cell that begins so, whoever wrote it, and titles come from anywhere."""
    marker = Marker(text, 1.0, 2.0, -0.5, programme=text)
    recording = replace(recording_of((marker,), text), subtitle=text, channel=text)
    [_, row] = csv.reader(io.StringIO(Csv().render(recording).decode(), newline=""))
    assert [row[number] for number in (1, 2, 3, 5, 6)] == ["'" + text] * 5
    assert (row[7], row[10]) == ("1.000", "-0.500"), "a number stays one"


@quick
@given(marker_lists(), odd_text)
def test_json_and_csv_say_the_same(markers: tuple[Marker, ...], title: str) -> None:
    recording = recording_of(markers, title)
    table = json.loads(Json().render(recording))
    assert table["recording"] == "/srv/tv/a.ts"
    assert [(one["speaker"], one["start_s"], one["end_s"], one["score"]) for one in table["markers"]] == [
        (marker.speaker, marker.start_s, marker.end_s, marker.score) for marker in markers
    ]
    rows = list(csv.reader(io.StringIO(Csv().render(recording).decode("utf-8", "surrogatepass"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [(row[6], float(row[7]), float(row[8]), float(row[10])) for row in rows[1:]] == [
        (kept_from_running(marker.speaker), marker.start_s, marker.end_s, marker.score) for marker in markers
    ]
    assert all(row[9] == clock(int(float(row[7])), 0)[: len(row[9])] for row in rows[1:])


def test_a_path_that_is_not_utf8_is_spelled_out() -> None:
    path = Path("/srv/\udce4.ts")
    recording = MarkedRecording(path, "plain", "c", (MediaFile(path),), (Marker("Anna", 1, 2, 0.5),))
    assert json.loads(Json().render(recording))["recording"] == "/srv/\\udce4.ts"
    assert b"/srv/\\udce4.ts" in Csv().render(recording)
    assert Rttm().render(recording).isascii()


@quick
@given(marker_lists(max_s=3000), st.lists(st.floats(1, 900), min_size=1, max_size=4))
def test_what_is_laid_on_several_files_is_what_was_there(markers: tuple[Marker, ...], lengths: list[float]) -> None:
    files, start = [], 0.0
    for number, length in enumerate(lengths):
        last = number == len(lengths) - 1
        files.append(MediaFile(Path(f"/srv/{number}.ts"), start, None if last else length))
        start += length
    recording = MarkedRecording(Path("/srv/0.ts"), "plain", "c", tuple(files), markers)
    heard_s = dict.fromkeys(range(len(markers)), 0.0)
    for file in files:
        part = recording.file_part(file)
        assert part.path == file.path
        inside = [
            number
            for number, marker in enumerate(markers)
            if marker.start_s < file.end_s and marker.end_s > file.start_s
        ]
        assert len(inside) == len(part.markers)
        for number, marker in zip(inside, part.markers, strict=True):
            assert 0 <= marker.start_s < marker.end_s
            if file.duration_s is not None:
                assert marker.end_s <= file.duration_s + 1e-9
            heard_s[number] += marker.end_s - marker.start_s
    for number, marker in enumerate(markers):
        assert math.isclose(heard_s[number], marker.end_s - marker.start_s, abs_tol=1e-6)
