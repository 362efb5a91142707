"""VDR's directories: names undone, `info` in full, old forms, states, and what is broken."""

import os
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicemark.errors import RecordingError, RecordingVanishedError
from voicemark.recorders.vdr import Vdr, read_name, unescape
from voicemark.recording import RecordingState, StreamHint

INFO = """C S19.2E-1-1011-11100 Das Erste HD
E 40747 1303617600 4500 4E 1C
T Flutsch und weg
S Spielfilm Großbritannien
D Die Ratte Roddy.|Sie lebt.
G 14 50
R 6
X 5 0B deu HD-Video
X 2 03 deu stereo
X 4 44 deu Dolby Digital 5.1
X 2 03 deu ohne Audiodeskription
X 3 01 deu Untertitel
X 0 00 deu
V 1303617600
F 50 1920 1080 p 16:9
P 50
L 99
O 3 1
@ <epgsearch><channel>1 - Das Erste HD</channel><bstart>600</bstart><bstop>900</bstop></epgsearch>
# some other tool's line
#X 2 03 eng nothing of ours
"""
NAME = "2011-04-24.05.50.1-0.rec"
NOW = datetime(2024, 2, 1, tzinfo=UTC)
BERLIN = Vdr("Europe/Berlin")


def made(
    folder: Path, info: str | bytes | None = INFO, files: tuple[str, ...] = ("00001.ts",), name: str = NAME
) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    if info is not None:
        (path / "info").write_bytes(info if isinstance(info, bytes) else info.encode())
    for file in files:
        (path / file).write_bytes(b"\x47" * 188)
    return path


def test_everything_in_an_info_file(tmp_path: Path) -> None:
    recording = BERLIN.read(made(tmp_path / "Flutsch_und_weg"))
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.subtitle) == ("Flutsch und weg", "Spielfilm Großbritannien")
    assert programme.description == "Die Ratte Roddy.\nSie lebt."
    assert (programme.channel, programme.event_id, programme.age_rating) == ("Das Erste HD", 40747, 6)
    assert (programme.genres, programme.language) == (("movie", "children", "comedy"), "ger")
    assert (programme.start, programme.duration_s) == (datetime(2011, 4, 24, 4, 0, tzinfo=UTC), 4500.0)
    assert recording.started_at == datetime(2011, 4, 24, 3, 50, tzinfo=UTC)
    assert recording.streams == (
        StreamHint(2, "ger", "stereo"),
        StreamHint(4, "ger", "Dolby Digital 5.1"),
        StreamHint(2, "ger", "ohne Audiodeskription"),
    )
    assert recording.frame_rate == 50.0
    assert recording.expected_duration_s == 600 + 4500 + 900
    assert recording.notes == ()
    assert recording.recorder == "vdr" and not recording.edited


def test_the_files_in_playing_order(tmp_path: Path) -> None:
    names = ("00010.ts", "00002.ts", "00001.ts", *(f"{number:05}.ts" for number in range(3, 10)))
    recording = BERLIN.read(made(tmp_path, files=names))
    assert [file.name for file in recording.files] == [f"{number:05}.ts" for number in range(1, 11)]


def test_a_missing_and_an_empty_part_are_told(tmp_path: Path) -> None:
    path = made(tmp_path, files=("00001.ts", "00004.ts"))
    (path / "00002.ts").touch()
    recording = BERLIN.read(path)
    assert [file.name for file in recording.files] == ["00001.ts", "00004.ts"]
    assert recording.notes == ("part 2, 3 of 4 is missing or empty",)


def test_old_recordings_in_pes(tmp_path: Path) -> None:
    path = made(tmp_path / "Alt", None, ("001.vdr", "002.vdr", "index.vdr"), "2005-11-06.20:13.50.99.rec")
    (path / "info.vdr").write_bytes("C S19.2E-1-1101-28106\nT Fr\xfcher\n".encode("latin-1"))
    recording = BERLIN.read(path)
    assert [file.name for file in recording.files] == ["001.vdr", "002.vdr"]
    assert (recording.title, recording.started_at) == ("Früher", datetime(2005, 11, 6, 19, 13, tzinfo=UTC))


def test_ancient_summaries(tmp_path: Path) -> None:
    path = made(tmp_path / "Alt", None, ("001.vdr",), "2003-11-06.20.13.50.99.rec")
    (path / "summary.vdr").write_bytes(b"Titel\n\nUntertitel\n\nText\nund mehr\n")
    programme = BERLIN.read(path).programme
    assert programme is not None
    assert (programme.title, programme.subtitle, programme.description) == ("Titel", "Untertitel", "Text\nund mehr")


def test_without_an_info_the_directories_tell(tmp_path: Path) -> None:
    recording = BERLIN.read(made(tmp_path / "Serien" / "Tatort#3A_Borowski~1", None, name="2024-01-31.20.15.3-0.rec"))
    programme = recording.programme
    assert programme is not None
    assert (programme.title, programme.source, programme.start) == ("Tatort: Borowski/1", "vdr-name", None)
    assert recording.started_at == datetime(2024, 1, 31, 19, 15, tzinfo=UTC)
    assert "no info file" in recording.notes[0]


def test_an_info_in_latin_1_and_one_that_mixes(tmp_path: Path) -> None:
    assert BERLIN.read(made(tmp_path / "a", "T Größe\n".encode("latin-1"))).title == "Größe"
    mixed = "T Größe\n".encode() + "# fremd \xe4\n".encode("latin-1")
    assert BERLIN.read(made(tmp_path / "b", mixed)).title == "Größe"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Flutsch_und_weg", "Flutsch und weg"), ("Tatort#3A_Borowski", "Tatort: Borowski"), ("AC~DC", "AC/DC"),
        ("#22Zitat#22_und_#23_1#2E", '"Zitat" und # 1.'), ("Tatort_#1234", "Tatort #1234"),
        ("C#_und_#3A", "C# und #3A"),
        ("Was_ist_los#3F", "Was ist los?"), ("@Sofort", "@Sofort"), ("na\x03so", "na:so"),
    ],
)  # fmt: skip
def test_escaped_titles(name: str, title: str) -> None:
    assert unescape(name) == title


def escaped(title: str) -> str:
    """VDR's ExchangeChars with --dirnames, written anew."""
    out = ""
    for index, character in enumerate(title):
        if character in '"\\:*?|<>#' or (character == "." and index == len(title) - 1):
            out += f"#{ord(character):02X}"
        else:
            out += {" ": "_", "/": "~"}.get(character, character)
    return out


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_categories=["Cc"]), min_size=1, max_size=60)
)
def test_what_vdr_escapes_comes_back(title: str) -> None:
    plain = " ".join(title.replace("_", " ").replace("~", "/").split())
    if "\xa0" not in plain and "\xad" not in plain:
        assert unescape(escaped(plain)).split() == unicodedata.normalize("NFC", plain).split()


@pytest.mark.parametrize(
    ("folder", "title", "edited"),
    [("%Film", "Film", True), ("@Film", "Film", False), ("%@Film", "Film", True), ("%%Film", "Film", True)],
)
def test_prefixes_of_edited_and_instant_recordings(tmp_path: Path, folder: str, title: str, edited: bool) -> None:
    recording = BERLIN.read(made(tmp_path / folder, None))
    assert (recording.title, recording.edited) == (title, edited)


@pytest.mark.parametrize(
    "name",
    ["2024-02-30.20.15.1-0.rec", "0000-00-00.00.00.1-0.rec", "2024-01-31.99.99.1-0.rec", "9999-12-31.23.59.1-0.rec"],
)
def test_dates_that_do_not_exist(tmp_path: Path, name: str) -> None:
    recording = BERLIN.read(made(tmp_path / "Film", None, name=name))
    assert recording.title == "Film"
    assert recording.started_at is None or recording.started_at.year == 9999


def test_summer_and_winter_time() -> None:
    summer = read_name(Path("x/2024-07-01.12.00.1-0.rec"), "Europe/Berlin").started_at
    winter = read_name(Path("x/2024-01-01.12.00.1-0.rec"), "Europe/Berlin").started_at
    assert (summer, winter) == (datetime(2024, 7, 1, 10, tzinfo=UTC), datetime(2024, 1, 1, 11, tzinfo=UTC))


def test_states(tmp_path: Path) -> None:
    path = made(tmp_path / "Film")
    assert BERLIN.state(path, NOW) == RecordingState.FINISHED
    (path / ".timer").write_text("1@vdr")
    assert BERLIN.state(path, NOW) == RecordingState.RECORDING
    (path / ".timer").unlink()
    hidden = path.with_suffix(".del")
    path.rename(hidden)
    assert BERLIN.state(hidden, NOW) == BERLIN.state(path, NOW) == RecordingState.DELETED
    assert list(BERLIN.find(tmp_path)) == []
    hidden.rename(path)  # undeleted
    assert BERLIN.state(path, NOW) == RecordingState.FINISHED
    assert list(BERLIN.find(tmp_path)) == [path]


def test_a_recording_of_today_written_a_moment_ago_may_be_an_older_vdrs(tmp_path: Path) -> None:
    now = datetime(2024, 1, 31, 21, 0, tzinfo=UTC)
    path = made(tmp_path / "Film", name="2024-01-31.20.15.1-0.rec")
    os.utime(path / "00001.ts", (now.timestamp() - 5,) * 2)
    assert BERLIN.state(path, now) == RecordingState.UNKNOWN
    assert BERLIN.state(path, now + timedelta(minutes=2)) == RecordingState.FINISHED


def test_what_is_gone_or_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingVanishedError):
        BERLIN.read(tmp_path / NAME)
    assert BERLIN.state(tmp_path / NAME, NOW) == RecordingState.UNKNOWN
    with pytest.raises(RecordingError, match="no media file"):
        BERLIN.read(made(tmp_path / "empty", files=()))


def test_which_paths_belong_to_a_recording(tmp_path: Path) -> None:
    path = made(tmp_path / "Film")
    for name in ("00001.ts", "info", "index", "marks", ".timer", "resume"):
        assert BERLIN.recognise(path / name) == path
    assert BERLIN.recognise(path) == path
    assert BERLIN.recognise(path / "holiday.mp4") is None
    assert BERLIN.recognise(tmp_path / "Film") is None
    assert list(BERLIN.find(path)) == list(BERLIN.find(path / "00001.ts")) == [path]


def test_names_that_are_no_utf_8_or_hold_newlines(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/Gr\xf6\xdfe_und\nmehr")
    path = made(Path(folder), None)
    (found,) = BERLIN.find(tmp_path)
    assert found == path
    assert BERLIN.read(found).title == "Größe und mehr"


@pytest.mark.parametrize(
    "info",
    [
        "",
        "\n\n\n",
        "T",
        "T \n",
        "E x y z",
        "F abc\nF\nX\nX 2\nG\nR\nO\n@\nC\n",
        "Z nothing\n" * 1000,
        "T " + "x" * 100_000,
    ],
)
def test_a_broken_info_does_not_keep_the_recording_from_being_read(tmp_path: Path, info: str) -> None:
    recording = BERLIN.read(made(tmp_path / "Film", info))
    assert recording.files and recording.title
    assert len(recording.notes) <= 8


def test_an_info_that_is_huge_or_a_folder(tmp_path: Path) -> None:
    path = made(tmp_path / "Film", b"T Titel\n" + b"D " + b"x" * 30_000_000)
    recording = BERLIN.read(path)
    assert recording.title == "Titel"
    assert any("larger than" in note for note in recording.notes)
    (path / "info").unlink()
    (path / "info").mkdir()
    assert "cannot be read" in BERLIN.read(path).notes[0]


@given(st.binary(max_size=400))
@example(b"E 1 99999999999999999999 5\nT x")
@example(b"E 1 9007199254740993 5\nT x\nF inf\nF 1e999\nF -1")
def test_any_bytes_as_info(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz" / NAME
    if not path.exists():
        made(path.parent)
    (path / "info").write_bytes(raw)
    recording = BERLIN.read(path)
    recording.title.encode("utf-8")
    assert recording.title
    assert recording.frame_rate is None or 1 <= recording.frame_rate <= 1000


@given(st.sampled_from(INFO.splitlines()), st.integers(0, 60), st.text(max_size=5))
def test_an_info_with_one_wrong_line(tmp_path_factory: pytest.TempPathFactory, line: str, at: int, wrong: str) -> None:
    path = tmp_path_factory.getbasetemp() / "wrong" / NAME
    if not path.exists():
        made(path.parent)
    (path / "info").write_text(INFO.replace(line, line[:at] + wrong), encoding="utf-8", errors="replace")
    assert BERLIN.read(path).files


def test_a_real_info(shared: Path, tmp_path: Path) -> None:
    recording = BERLIN.read(made(tmp_path / "x", (shared / "samples/vdr_info_example.txt").read_bytes()))
    assert recording.title == "Flutsch und weg"
    assert len(recording.streams) == 3
    assert recording.notes == ()
