"""Guides and streams made to cost memory, time, or the rest of the work: each is one fault with an end."""

import gzip
import os
import tracemalloc
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import dvb_tables as dvb

from voicemark import clean_text, mpegts
from voicemark.clean_text import MAX_MARKS, clean, stream_safe
from voicemark.config import EpgSection
from voicemark.epg import stream_eit
from voicemark.epg.epgdata import read_epg_data
from voicemark.epg.gather import programmes_of
from voicemark.epg.stream_eit import read_stream_epg
from voicemark.epg.xmltv import parse_episode, parse_time, read_programmes
from voicemark.errors import GuideError
from voicemark.mpegts import packets
from voicemark.recording import Programme, Recording

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)
LAST = b'<programme start="20240131200000" channel="x"><title>a</title></programme></tv>'
NEWS = b'<programme start="20240131190000" stop="20240131200000" channel="Das Erste"><title>News</title></programme>'
MIB = 1 << 20


def attributes() -> Iterator[bytes]:
    yield b'<tv><programme start="20240101200000" channel="x"><title>a</title>'
    for _ in range(8):
        yield b'<desc x="' + b"a" * 7_000_000 + b'">b</desc>'
    yield b"</programme></tv>"


def channels() -> Iterator[bytes]:
    yield b"<tv>"
    for number in range(60):
        row = b"".join(b"<display-name>%d%s</display-name>" % (name, b"a" * 1000) for name in range(1000))
        yield b'<channel id="c%d">' % number + row + b"</channel>"
    yield LAST


def many_channels() -> Iterator[bytes]:
    yield b"<tv>"
    for number in range(60_000):
        yield b'<channel id="c%d%s"/>' % (number, b"a" * 200)
    yield LAST


def empty_elements() -> Iterator[bytes]:
    yield b"<tv>"
    for _ in range(60):
        yield b"<a/>" * (MIB // 4)
    yield LAST


def long_ids() -> Iterator[bytes]:
    yield b"<tv>"
    for number in range(60):
        yield b'<programme start="20240131200000" channel="%d%s"><title>a</title></programme>' % (
            number,
            b"a" * 900_000,
        )
    yield LAST


@pytest.mark.parametrize("write", [attributes, channels, many_channels, empty_elements, long_ids])
def test_a_guide_takes_bounded_memory_whatever_is_in_it(tmp_path: Path, write: object) -> None:
    path = tmp_path / "guide.xml.gz"
    with gzip.open(path, "wb", 1) as file:
        for piece in write():  # type: ignore[operator]
            file.write(piece)
    tracemalloc.start()
    errors: list[GuideError] = []
    for _ in read_programmes(path, ["x"], on_error=errors.append):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * MIB
    assert len(errors) <= 1


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b"<tv>", *[b"          " * 100_000] * 60], "unpacks to more"),
        ([b"<tv>", b"<a/>" * 200_000], "neither channels nor programmes"),
        ([b"<tv><programme>", b"<a/>" * 1_010_000], "holds more than"),
    ],
)
def test_unpacking_and_what_is_passed_over_have_an_end(tmp_path: Path, pieces: list[bytes], told: str) -> None:
    path = tmp_path / "guide.xml.gz"
    with gzip.open(path, "wb", 9) as file:
        for piece in pieces:
            file.write(piece)
    with pytest.raises(GuideError, match=told):
        list(read_programmes(path))


def test_a_guide_that_is_a_pipe_or_a_device_is_a_fault(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "guide.xml")
    for path in (tmp_path / "guide.xml", Path("/dev/zero"), tmp_path):
        with pytest.raises(GuideError, match="cannot be read"):
            list(read_programmes(path))
        with pytest.raises(GuideError, match="cannot be read"):
            list(read_epg_data(path))


@pytest.mark.parametrize("text", ["99991231233000 +0000", "00010101000000", "19891231235959", "21000101000000", "2100"])
def test_times_of_no_plausible_year_are_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("system", "text", "expected"),
    [
        ("xmltv_ns", "99999999999999999999.4.", (None, 5)),
        ("xmltv_ns", "9999.99999.", (None, None)),
        ("xmltv_ns", "." * 100_000, (None, None)),
        ("onscreen", "S9999E99999", (9999, 99999)),
    ],
)
def test_numbers_of_no_plausible_size_are_none(system: str, text: str, expected: tuple[int | None, int | None]) -> None:
    assert parse_episode(system, text) == expected


def recording(path: Path, start: datetime | None = START) -> Recording:
    main = Programme("News", "name", channel="Das Erste")
    return Recording(path, "plain", (path,), start, programmes=(main,))


def test_one_programme_in_9999_does_not_keep_the_others_from_being_used(tmp_path: Path) -> None:
    late = b'<programme start="99991231233000 +0000" channel="Das Erste"><title>The end</title></programme></tv>'
    (tmp_path / "guide.xml").write_bytes(b"<tv>" + NEWS + late)
    found = programmes_of(recording(tmp_path / "a.mkv"), 3600.0, EpgSection(xmltv=(tmp_path / "guide.xml",)))
    assert [(span.programme.title, span.end_s) for span in found.spans] == [("News", 3600.0)]
    assert found.notes == ()


def test_whatever_goes_wrong_in_one_guide_the_other_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    (tmp_path / "guide.xml").write_bytes(b"<tv>" + NEWS + b"</tv>")
    os.mkfifo(tmp_path / "epg.data")
    monkeypatch.setattr("voicemark.epg.gather.read_stream_epg", broken)
    section = EpgSection(xmltv=(tmp_path / "guide.xml",), vdr_epg_data=(tmp_path / "epg.data",))
    found = programmes_of(recording(tmp_path / "a.ts"), 3600.0, section)
    assert [span.programme.source for span in found.spans] == ["xmltv"]
    assert ["ZeroDivisionError" in found.notes[0], "epg.data cannot be read" in found.notes[1]] == [True, True]


def test_a_name_that_is_no_utf_8_does_not_get_into_a_note(tmp_path: Path) -> None:
    guide = tmp_path / "guide\udce4.xml"
    guide.write_bytes(b"<tv><programme")
    [note] = programmes_of(recording(tmp_path / "a.mkv"), 60.0, EpgSection(xmltv=(guide,))).notes
    assert "guide guideä.xml is broken" in note


def test_events_and_times_of_a_stream_are_kept_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_eit, "MAX_EVENTS", 500)
    monkeypatch.setattr(stream_eit, "MAX_TOLD", 20)
    writer = dvb.StreamWriter()
    for number in range(100):
        writer.section(0x14, dvb.tdt_section(START))
        events = [dvb.event(number * 10 + one, START, 60, dvb.short_event(f"T{one}")) for one in range(10)]
        writer.section(0x12, dvb.eit_section(1, events, table_id=0x50, number=number))
        writer.section(0x12, dvb.eit_section(1, events[:1]))
    path = tmp_path / "a.ts"
    path.write_bytes(writer.bytes())
    found = read_stream_epg([path], 60.0)
    assert 0 < len(found.events) <= 520
    assert len(found.sightings) <= 20
    assert found.started_at is not None


def test_a_stream_that_is_damaged_everywhere_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of packets with a gap between them: the alignment is found anew at each, in what comes next alone."""
    good = (b"\x47\x1f\xff\x10" + b"\x00" * 184) * 6
    looked = 0
    find = mpegts._first

    def counted(sync: object, whole: int, stride: int, span: int) -> int | None:
        nonlocal looked
        looked += min(span, whole)
        return find(sync, whole, stride, span)  # type: ignore[arg-type]

    monkeypatch.setattr(mpegts, "_first", counted)
    works = []
    for count in (200, 400):
        looked = 0
        assert sum(1 for _ in packets((good + b"\x00" * 400) * count, [0x1FFF])) == 6 * count
        works.append(looked)
    assert works[1] < 2.5 * works[0]


def test_a_long_run_of_marks_is_cut_before_it_is_put_in_order() -> None:
    text = "a" + "\u0301\u0327" * 50_000 + "b" + "\u0f73" * 100
    assert len(stream_safe(text)) <= 2 + 2 * MAX_MARKS
    assert clean(text) == clean(clean(text))
    assert clean("e\u0301 a\u0323\u0302") == "é ậ"


@given(st.text(max_size=60))
def test_text_as_people_write_it_is_not_touched(text: str) -> None:
    marks = max((len(run) for run in _runs_of_marks(text)), default=0)
    assert (stream_safe(text) == text) == (marks <= MAX_MARKS)


def _runs_of_marks(text: str) -> list[str]:
    shown = "".join("m" if unicodedata.combining(one) or one in clean_text._OTHER_MARKS else " " for one in text)
    return shown.split()


@given(st.lists(st.sampled_from([b"C S-1 a", b"E 1 99999999999999999999 5", b"E 1 1706728500 60", b"T t", b"e", b"c",
                                 b"R 999", b"G FFFF", b"X 2 03 deu", b"E 1 253402300799 5"]), max_size=20))  # fmt: skip
def test_any_lines_of_epg_data_are_programmes_that_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "epg.data"
    path.write_bytes(b"\n".join(lines))
    try:
        found = list(read_epg_data(path))
    except GuideError:
        return
    for programme in found:
        assert programme.start is not None
        assert programme.start + timedelta(days=30) > programme.start.astimezone()
