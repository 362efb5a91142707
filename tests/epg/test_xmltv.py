"""XMLTV guides: times, numbers, channels, compression, bombs, and guides that break off."""

import bz2
import gzip
import io
import lzma
import re
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.packed import unpacked
from voicemark.epg.xmltv import parse_episode, parse_time, read_programmes
from voicemark.errors import GuideError

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv generator-info-name="x">\n'
CHANNELS = """<channel id="das.erste.de"><display-name lang="de">Das Erste HD</display-name><display-name>ARD
</display-name></channel><channel id="zdf.de"><display-name>ZDF</display-name></channel>\n"""
TATORT = """<programme start="20240131201500 +0100" stop="20240131214500 +0100" channel="das.erste.de">
<title lang="de">Tatort</title><title lang="en">Crime Scene</title><sub-title lang="de">Borowski</sub-title>
<desc lang="de">Ein Fall &amp; ein
Kommissar.</desc><credits><actor>A</actor></credits><category lang="de">Krimi</category>
<episode-num system="onscreen">S3 E14</episode-num><episode-num system="xmltv_ns">1 . 4/12 . 0/1</episode-num>
<rating system="FSK"><value>FSK 12</value></rating></programme>\n"""


def other(number: int, channel: str = "zdf.de") -> str:
    start = datetime(2024, 1, 31, tzinfo=UTC) + timedelta(minutes=30 * number)
    return (
        f'<programme start="{start:%Y%m%d%H%M%S} +0000" stop="{start + timedelta(minutes=30):%Y%m%d%H%M%S} +0000" '
        f'channel="{channel}"><title>Sendung {number}</title></programme>\n'
    )


def written(folder: Path, text: str | bytes, name: str = "guide.xml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_programme_with_everything(tmp_path: Path) -> None:
    (found,) = read_programmes(written(tmp_path, HEAD + CHANNELS + TATORT + "</tv>"))
    assert (found.title, found.subtitle, found.description) == ("Tatort", "Borowski", "Ein Fall & ein\nKommissar.")
    assert (found.start, found.duration_s) == (datetime(2024, 1, 31, 19, 15, tzinfo=UTC), 5400.0)
    assert (found.channel, found.language, found.genres) == ("Das Erste HD", "ger", ("movie", "Krimi"))
    assert (found.season, found.episode, found.age_rating, found.source) == (2, 5, 12, "xmltv")


def test_a_packed_guide_is_the_same_whatever_its_name(tmp_path: Path) -> None:
    text = (HEAD + CHANNELS + TATORT + "</tv>").encode()
    plain = list(read_programmes(written(tmp_path, text)))
    assert list(read_programmes(written(tmp_path, gzip.compress(text), "guide.xml.gz"))) == plain
    assert list(read_programmes(written(tmp_path, gzip.compress(text), "packed.xml"))) == plain
    for packed in (lzma.compress(text), bz2.compress(text), lzma.compress(text[:300]) + lzma.compress(text[300:])):
        assert list(read_programmes(written(tmp_path, packed, "guide"))) == plain
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert list(read_programmes(written(tmp_path, zipped(text, method), "guide.zip"))) == plain


def zipped(text: bytes, method: int, name: str = "guide.xml") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text, method)
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x28\xb5\x2f\xfd", "packed with zstd"),
        (b"7z\xbc\xaf\x27\x1c", "packed with 7z"),
        (b"Rar!\x1a\x07", "packed with rar"),
        (b"\xfd7zXZ\0", "broken or not complete \\(xz\\)"),
        (b"BZh9", "broken or not complete \\(bzip2\\)"),
        (zipped(b"<tv>", zipfile.ZIP_LZMA), "method 14"),
        (zipped(b"<tv>" * 99, zipfile.ZIP_DEFLATED)[:45], "broken or not complete \\(zip\\)"),
        (b"PK\x03\x04", "broken or not complete \\(zip\\)"),
        (b"PK\x03\x04\x14\0\x01\0" + bytes(30), "password"),
    ],
    ids=["zstd", "7z", "rar", "xz", "bzip2", "zip by another method", "half a zip", "a zip's head", "a locked zip"],
)
def test_what_is_packed_otherwise_or_broken_is_said(tmp_path: Path, head: bytes, what: str) -> None:
    with pytest.raises(GuideError, match=what):
        list(read_programmes(written(tmp_path, head)))


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress, lambda text: zipped(text, zipfile.ZIP_DEFLATED)])
def test_what_unpacks_without_end_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(HEAD.encode() + CHANNELS.encode() + b"\n" * (48 << 20))
    with pytest.raises(GuideError, match="unpacks to more"):
        list(read_programmes(written(tmp_path, bomb)))


@given(st.sampled_from([b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh9", b"PK\x03\x04", b""]), st.binary(max_size=500))
def test_any_bytes_unpack_or_are_refused(head: bytes, raw: bytes) -> None:
    with suppress(GuideError):
        for block in unpacked(io.BytesIO(head + raw), Path("guide")):
            assert block


@given(st.binary(max_size=3000), st.integers(0, 60), st.integers(1, 255))
def test_a_flipped_byte_of_a_packed_guide_is_an_error_or_none(raw: bytes, place: int, flip: int) -> None:
    for pack in (gzip.compress, lzma.compress, bz2.compress, lambda text: zipped(text, zipfile.ZIP_DEFLATED)):
        packed = bytearray(pack(raw))
        packed[min(place, len(packed) - 1)] ^= flip
        with suppress(GuideError):
            list(unpacked(io.BytesIO(bytes(packed)), Path("guide")))


@pytest.mark.parametrize("name", ["Das Erste HD", "das erste", "ARD", "das.erste.de", "DasErste", "Das Erste (HD)"])
def test_a_channel_is_found_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, HEAD + CHANNELS + TATORT + other(1) + "</tv>")
    assert [one.title for one in read_programmes(path, [name])] == ["Tatort"]


def test_only_what_is_on_air_between_two_times(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + CHANNELS + "".join(map(other, range(10))) + "</tv>")
    start = datetime(2024, 1, 31, 1, 10, tzinfo=UTC)
    found = [one.title for one in read_programmes(path, None, start, start + timedelta(minutes=50))]
    assert found == ["Sendung 2", "Sendung 3"]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("20240131201500 +0100", 19), ("20240131201500 -0500", 25), ("202401312015 CET", 19),
        ("20240131201500 CEST", 18),
        ("20240131201500", 20), ("20240131201500 Z", 20), ("20240131201500 +01:00", 19), ("20240131201500 NOWHERE", 20),
    ],
)  # fmt: skip
def test_time_zones(text: str, hour: int) -> None:
    assert parse_time(text) == datetime(2024, 1, 31, 0, 15, tzinfo=UTC) + timedelta(hours=hour)


@pytest.mark.parametrize(
    "text",
    ["", "heute", "20240231", "20241301000000", "20240131250000", "99999999999999 +0000", "20240131201500 +9900"],
)
def test_times_that_no_calendar_has(text: str) -> None:
    assert parse_time(text) is None


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_every_time_in_every_zone_comes_back(naive: datetime, minutes: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
    text = f"{naive.year:04}{naive:%m%d%H%M%S} {sign}{ahead // 60:02}{ahead % 60:02}"
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("system", "text", "expected"),
    [
        ("xmltv_ns", "1.4.", (2, 5)), ("xmltv_ns", " . 11/13 . ", (None, 12)), ("xmltv_ns", "0 . . ", (1, None)),
        ("xmltv_ns", "x.y.z", (None, None)), ("onscreen", "S02E05", (2, 5)), ("onscreen", "2x05", (2, 5)),
        ("onscreen", "Folge 312", (None, 312)), ("onscreen", "", (None, None)),
        ("dd_progid", "EP01234567.0089", (None, None)),
    ],
)  # fmt: skip
def test_episode_numbers(system: str, text: str, expected: tuple[int | None, int | None]) -> None:
    assert parse_episode(system, text) == expected


def test_without_a_stop_the_length_counts(tmp_path: Path) -> None:
    text = (
        '<programme start="20240131201500" channel="c"><title>T</title><length units="minutes">45</length></programme>'
    )
    (found,) = read_programmes(written(tmp_path, HEAD + text + "</tv>"))
    assert found.duration_s == 2700.0


def test_a_stop_before_the_start_is_no_duration(tmp_path: Path) -> None:
    text = '<programme start="20240131201500" stop="20240131200000" channel="c"><title>T</title></programme>'
    (found,) = read_programmes(written(tmp_path, HEAD + text + "</tv>"))
    assert found.duration_s is None


def test_a_guide_that_breaks_off_gives_what_came_before_and_one_error(tmp_path: Path) -> None:
    text = HEAD + CHANNELS + "".join(map(other, range(5)))
    path = written(tmp_path, text[:-20])
    found = []
    with pytest.raises(GuideError, match="broken or not complete"):
        for programme in read_programmes(path):
            found.append(programme.title)
    assert found == ["Sendung 0", "Sendung 1", "Sendung 2", "Sendung 3"]
    errors: list[GuideError] = []
    assert len(list(read_programmes(path, on_error=errors.append))) == 4
    assert len(errors) == 1
    assert errors[0].path == str(path)


def test_a_packed_guide_that_breaks_off(tmp_path: Path) -> None:
    packed = gzip.compress((HEAD + CHANNELS + "".join(map(other, range(3000))) + "</tv>").encode())
    path = written(tmp_path, packed[: len(packed) // 2], "guide.xml.gz")
    errors: list[GuideError] = []
    assert 500 < len(list(read_programmes(path, on_error=errors.append))) < 3000
    assert len(errors) == 1


BOMB = (
    '<!DOCTYPE tv [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><tv><programme start='20240131201500' channel='c'><title>&j;</title></programme></tv>"
)
OUTSIDE = (
    "<!DOCTYPE tv [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    "<tv><programme start='20240131201500' channel='c'><title>&x;</title></programme></tv>"
)


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(GuideError, match="entities"):
        list(read_programmes(written(tmp_path, text)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no guide",
        b"<html><body>404</body></html>",
        b"\x1f\x8b\x08broken",
        b"<?xml version='1.0' encoding='x-none'?><tv/>",
        bytes(range(256)) * 40,
    ],
)
def test_what_is_no_guide_is_one_clear_error(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(GuideError):
        list(read_programmes(written(tmp_path, raw)))


def test_a_missing_guide_and_a_folder_are_one_clear_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.xml"):
        with pytest.raises(GuideError, match="cannot be read"):
            list(read_programmes(path))


def test_other_encodings(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="{}"?><tv><programme start="20240131"><title>Größe</title></programme></tv>'
    for encoding in ("ISO-8859-1", "UTF-16", "windows-1252"):
        (found,) = read_programmes(written(tmp_path, text.format(encoding).encode(encoding)))
        assert found.title == "Größe"


def pieces(count: int) -> Iterator[str]:
    yield HEAD + CHANNELS
    for number in range(count):
        yield other(number)[:-13] + f"<desc>{'Text ' * 200}</desc></programme>\n"
    yield "</tv>"


def test_memory_does_not_grow_with_the_guide(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 3000):
        path = tmp_path / f"{count}.xml"
        path.write_text("".join(pieces(count)))
        tracemalloc.start()
        assert sum(1 for _ in read_programmes(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_one_giant_element_is_cut(tmp_path: Path) -> None:
    text = f'<programme start="20240131201500" channel="c"><title>T</title><desc>{"x" * 30_000_000}</desc></programme>'
    (found,) = read_programmes(written(tmp_path, HEAD + text + "</tv>"))
    assert found.description is not None and len(found.description) <= 65536
    many = f'<programme start="20240131201500" channel="c"><title>T</title>{"<x/>" * 200_000}</programme>'
    assert len(list(read_programmes(written(tmp_path, HEAD + many + other(1) + "</tv>")))) == 2
    deep = f'<programme start="20240131201500" channel="c"><title>T</title>{"<x>" * 5000}{"</x>" * 5000}</programme>'
    assert len(list(read_programmes(written(tmp_path, HEAD + deep + other(1) + "</tv>")))) == 2


@given(st.data())
def test_a_guide_with_wrong_bytes_gives_programmes_and_at_most_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray((HEAD + CHANNELS + TATORT + other(1) + "</tv>").encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(0, len(raw))) :]
    errors: list[GuideError] = []
    path = written(tmp_path_factory.getbasetemp(), bytes(raw), "fuzzed.xml")
    for programme in read_programmes(path, on_error=errors.append):
        programme.title.encode("utf-8")
        assert programme.title and programme.start is not None and programme.start.tzinfo is not None
    assert len(errors) <= 1


def test_a_real_guide_is_read_whole(shared: Path) -> None:
    path = shared / "epg/guide.xml"
    written_there = len(re.findall(r"<programme ", path.read_text(encoding="utf-8")))
    programmes = list(read_programmes(path))
    assert len(programmes) == written_there
    assert all(programme.channel and programme.start for programme in programmes)
    erste = list(read_programmes(path, ["Das Erste HD"]))
    assert {programme.channel for programme in erste} == {"Das Erste"}
    assert len(erste) > 100
