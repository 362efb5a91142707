"""VDR's epg.data: frames of channels and events, and lines that are broken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.bounds import moment, number_in
from voicemark.epg.epgdata import EventLines, genre_codes, read_epg_data
from voicemark.errors import GuideError
from voicemark.recording import StreamHint

DATA = """C S19.2E-1-1011-11100 Das Erste HD
E 40747 1706728500 5400 4E 1C
T Tatort
S Borowski
D Ein Fall.|Ein Kommissar.
G 11 23
R 12
X 2 03 deu stereo
X 0 00 deu
V 1706728500
@ <x>1|2</x>
e
E 40748 1706733900 1800
T Tagesthemen
e
E broken
T Nothing
e
c
C S19.2E-1-1011-11110 ZDF HD
E 1 1706728500 2700 4E
T heute journal
Z a letter of the future
e
c
"""


def written(folder: Path, data: str | bytes) -> Path:
    path = folder / "epg.data"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_events_under_their_channels(tmp_path: Path) -> None:
    crime, late, journal = read_epg_data(written(tmp_path, DATA))
    assert (crime.title, crime.subtitle, crime.description) == ("Tatort", "Borowski", "Ein Fall.\nEin Kommissar.")
    assert (crime.start, crime.duration_s) == (datetime(2024, 1, 31, 19, 15, tzinfo=UTC), 5400.0)
    assert (crime.channel, crime.event_id, crime.age_rating, crime.language) == ("Das Erste HD", 40747, 12, "ger")
    assert (crime.genres, crime.source) == (("movie", "news", "thriller", "documentary"), "epg.data")
    assert (late.title, late.channel, journal.channel) == ("Tagesthemen", "Das Erste HD", "ZDF HD")


def test_only_the_channels_and_times_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, DATA)
    assert [one.title for one in read_epg_data(path, lambda identity, _: identity.endswith("11110"))] == [
        "heute journal"
    ]
    end = datetime(2024, 1, 31, 20, 45, tzinfo=UTC)
    assert [one.title for one in read_epg_data(path, None, end, end + timedelta(hours=1))] == ["Tagesthemen"]


def test_data_that_breaks_off_gives_its_whole_events(tmp_path: Path) -> None:
    for at in range(0, len(DATA), 7):
        if DATA[:at].strip():
            found = [one.title for one in read_epg_data(written(tmp_path, DATA[:at]))]
            assert found == ["Tatort", "Tagesthemen", "heute journal"][: len(found)]


def test_latin_1_and_foreign_files(tmp_path: Path) -> None:
    (found,) = read_epg_data(written(tmp_path, b"C 1 K\xf6ln\nE 1 1706728500 60\nT Gr\xf6\xdfe\ne\nc\n"))
    assert (found.title, found.channel) == ("Größe", "Köln")
    with pytest.raises(GuideError, match=r"no epg\.data"):
        list(read_epg_data(written(tmp_path, "hello\nworld\n")))
    with pytest.raises(GuideError, match="cannot be read"):
        list(read_epg_data(tmp_path / "none"))
    assert list(read_epg_data(written(tmp_path, b""))) == []


def test_a_line_without_end_takes_bounded_memory(tmp_path: Path) -> None:
    raw = b"C 1 A\nE 1 1706728500 60\nT T\nD " + b"x" * 20_000_000 + b"\ne\nc\n"
    (found,) = read_epg_data(written(tmp_path, raw))
    assert found.description is not None and len(found.description) <= 65536


@pytest.mark.parametrize(
    ("text", "codes"),
    [("11 23", (0x11, 0x23)), ("F0 zz 11", (0xF0,)), ("100", ()), ("", ()), ("1 2 3 4 5", (1, 2, 3, 4))],
)
def test_genre_codes(text: str, codes: tuple[int, ...]) -> None:
    assert genre_codes(text) == codes


def test_numbers_and_times_that_are_none() -> None:
    assert [number_in(text) for text in ("12", " -3 ", "", "1.5", "１２", "9" * 30)] == [12, -3, None, None, None, None]
    assert [moment(seconds) for seconds in (0, -5, 1e20)] == [None, None, None]


def test_stream_lines() -> None:
    event = EventLines()
    for line in ("5 0B deu HD-Video", "2 03 deu stereo", "4 44 deu+eng Dolby Digital 5.1", "19 01", "6 58 xx", "x"):
        event.add("X", line)
    assert event.streams == [
        StreamHint(2, "ger", "stereo"),
        StreamHint(4, "ger", "Dolby Digital 5.1"),
        StreamHint(0x19),
        StreamHint(6),
    ]


@given(st.lists(st.tuples(st.sampled_from("CEecTSDGRXVFLPO@#Z"), st.text(max_size=40)), max_size=30))
def test_any_lines_give_events_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    raw = "\n".join(f"{letter} {text}" for letter, text in lines).encode("utf-8", "surrogatepass")
    path = written(tmp_path_factory.getbasetemp(), raw)
    try:
        found = list(read_epg_data(path))
    except GuideError:
        return
    assert all(one.title and one.start for one in found)
