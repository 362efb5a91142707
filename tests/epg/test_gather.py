"""All sources of one recording together, with files that are right, broken or missing."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import dvb_tables as dvb

from voicemark.config import EpgSection
from voicemark.epg.gather import programmes_of
from voicemark.recorders.vdr import Vdr
from voicemark.recording import Recording

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)
GUIDE = """<tv><channel id="a"><display-name>Das Erste</display-name></channel>
<channel id="b"><display-name>ZDF</display-name></channel>
<programme start="20240131190000 +0000" stop="20240131191500 +0000" channel="a"><title>Tagesschau</title></programme>
<programme start="20240131191500 +0000" stop="20240131204500 +0000" channel="a"><title>Tatort</title>
<desc>Text</desc></programme>
<programme start="20240131190000 +0000" stop="20240131210000 +0000" channel="b"><title>Krimi</title></programme></tv>"""
EPG_DATA = f"""C S19.2E-1-1011-11100 Das Erste HD
E 103 {int(START.timestamp()) + 105 * 60} 3600 4E
T Talk
e
c
"""


def recorded(folder: Path, channel: str = "Das Erste HD") -> Recording:
    path = folder / "Tatort/2024-01-31.20.10.1-0.rec"
    path.mkdir(parents=True, exist_ok=True)
    start = int(START.timestamp()) + 900
    (path / "info").write_text(f"C S19.2E-1-1011-11100 {channel}\nE 102 {start} 5400\nT Tatort\n")
    (path / "00001.ts").write_bytes(b"\x47" * 188)
    return Vdr("Europe/Berlin").read(path)


def guides(folder: Path, **more: object) -> EpgSection:
    (folder / "guide.xml.gz").write_bytes(gzip.compress(GUIDE.encode()))
    (folder / "epg.data").write_text(EPG_DATA)
    return EpgSection.model_validate(
        {"xmltv": [folder / "guide.xml.gz"], "vdr_epg_data": [folder / "epg.data"], **more}
    )


def test_recorder_and_guides_together(tmp_path: Path) -> None:
    found = programmes_of(recorded(tmp_path), 105 * 60, guides(tmp_path))
    assert [(span.programme.title, span.programme.source, span.start_s / 60) for span in found.spans] == [
        ("Tagesschau", "xmltv", 0), ("Tatort", "vdr-info", 5), ("Talk", "epg.data", 95),
    ]  # fmt: skip
    assert found.spans[1].programme.description == "Text"
    assert found.notes == ()
    assert found.started_at == START + timedelta(minutes=10)


def test_a_channel_that_the_guide_calls_otherwise(tmp_path: Path) -> None:
    made = recorded(tmp_path, "ARD (Hessen)")
    assert len(programmes_of(made, 6300, guides(tmp_path)).spans) == 1
    assert len(programmes_of(made, 6300, guides(tmp_path, channels=["ARD (Hessen) = Das Erste"])).spans) == 3


def test_the_streams_own_eit(tmp_path: Path) -> None:
    made = recorded(tmp_path)
    writer = dvb.StreamWriter()
    writer.section(0x00, dvb.pat_section([11100]))
    for number, title in ((0, "Tagesschau"), (1, "Tatort")):
        event = dvb.event(
            101 + number, START + timedelta(minutes=15 * number), 900 + 4500 * number, dvb.short_event(title, "live")
        )
        writer.section(0x12, dvb.eit_section(11100, [event], number=number))
    made.files[0].write_bytes(writer.bytes())
    found = programmes_of(made, 6300, EpgSection())
    assert [span.programme.title for span in found.spans] == ["Tagesschau", "Tatort"]
    assert found.spans[1].programme.subtitle == "live"
    assert [span.programme.title for span in programmes_of(made, 6300, EpgSection(stream_eit=False)).spans] == [
        "Tatort"
    ]


@pytest.mark.parametrize("broken", [b"", b"\x1f\x8bxx", GUIDE.encode()[:300], b"<tv><programme>"])
def test_broken_guides_are_notes_and_the_rest_counts(tmp_path: Path, broken: bytes) -> None:
    made = recorded(tmp_path)
    settings = guides(tmp_path)
    settings.xmltv[0].write_bytes(broken)
    found = programmes_of(made, 105 * 60, settings)
    assert [span.programme.title for span in found.spans][-2:] == ["Tatort", "Talk"]
    assert len(found.notes) == 1 and "guide.xml.gz" in found.notes[0]


def test_missing_guides_and_files_are_notes(tmp_path: Path) -> None:
    made = recorded(tmp_path)
    settings = EpgSection(xmltv=(tmp_path / "none.xml",), vdr_epg_data=(tmp_path / "none.data", tmp_path))
    (made.files[0]).unlink()
    found = programmes_of(made, 6300, settings)
    assert [span.programme.title for span in found.spans] == ["Tatort"]
    assert len(found.notes) == 3


def test_a_guide_of_another_time_is_asked_once_and_changes_are_seen(tmp_path: Path) -> None:
    made = recorded(tmp_path)
    settings = guides(tmp_path)
    settings.xmltv[0].write_text(GUIDE.replace("20240131", "20250131"))
    assert len(programmes_of(made, 6300, settings).spans) == 2
    settings.xmltv[0].write_text(GUIDE)
    assert len(programmes_of(made, 6300, settings).spans) == 3


def test_without_a_channel_guides_are_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    path.write_bytes(b"\x47" * 188)
    found = programmes_of(Recording(path, "plain", (path,), START), 600, guides(tmp_path))
    assert found.spans == ()
    assert found.notes == ("no channel is known, so the guides were not asked",)
