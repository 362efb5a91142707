"""EIT events: descriptors, times that are none, lengths that lie, and real `.eit` files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import dvb_tables as dvb

from voicemark.epg.eit import (
    EitEvent,
    crc32_mpeg,
    descriptors,
    parse_duration,
    parse_events,
    parse_mjd_time,
    parse_section,
    read_eit_file,
)
from voicemark.errors import GuideError
from voicemark.foreign import ForeignMissingError
from voicemark.recording import StreamHint

START = datetime(2024, 1, 31, 19, 15, tzinfo=UTC)


def only(raw: bytes) -> EitEvent:
    (event,) = parse_events(raw)
    return event


def test_an_event_with_all_its_descriptors_is_read() -> None:
    loop = (
        dvb.short_event("Tatort", "Borowski und der Wind")
        + dvb.extended_events("Ein Kommissar ermittelt. " * 20, items=[("Regie", "A. Beispiel"), ("Jahr", "2023")])
        + dvb.descriptor(0x54, bytes([0x11, 0x00, 0x23, 0x00]))
        + dvb.descriptor(0x55, b"DEU" + bytes([9]))
        + dvb.descriptor(0x50, b"\xf5\x0b\x01deu" + dvb.text("HD-Video"))
        + dvb.descriptor(0x50, b"\xf2\x03\x02deu" + dvb.text("stereo"))
        + dvb.descriptor(0x50, b"\xf4\x42\x03deu" + dvb.text("Dolby Digital 5.1"))
        + dvb.descriptor(0x50, b"\x02\x40\x04DEU")
        + dvb.descriptor(0x50, b"\x19\x00\x05eng")
    )
    event = only(dvb.event(40747, START, 5400, loop))
    assert (event.event_id, event.start, event.duration_s, event.running) == (40747, START, 5400.0, 4)
    assert (event.title, event.subtitle, event.language) == ("Tatort", "Borowski und der Wind", "ger")
    assert event.description is not None
    assert event.description.startswith("Ein Kommissar ermittelt. Ein")
    assert event.description.endswith("Regie: A. Beispiel\nJahr: 2023")
    assert (event.content, event.age_rating) == ((0x11, 0x23), 12)
    assert event.streams == (
        StreamHint(2, "ger", "stereo"),
        StreamHint(4, "ger", "Dolby Digital 5.1"),
        StreamHint(2, "ger", "audio description"),
        StreamHint(0x19, "eng"),
    )
    programme = event.programme("eit", "Das Erste")
    assert programme is not None
    assert (programme.genres, programme.source, programme.channel) == (
        ("movie", "news", "thriller", "documentary"),
        "eit",
        "Das Erste",
    )


def test_extended_descriptors_are_joined_by_their_numbers() -> None:
    pieces = dvb.extended_events("ä" * 350)
    first, second, third, fourth = (dvb.descriptor(tag, body) for tag, body in descriptors(pieces))
    event = only(dvb.event(1, START, 60, dvb.short_event("T") + fourth + second + first + third))
    assert event.description == "ä" * 350


def test_texts_of_the_first_language_that_has_a_title_are_taken() -> None:
    loop = (
        dvb.extended_events("Texte", "fre") + dvb.short_event("Titel", "", "DEU") + dvb.extended_events("Text", "deu")
    )
    event = only(dvb.event(1, START, 60, loop + dvb.short_event("Titre", "", "fre")))
    assert (event.title, event.description, event.language) == ("Titel", "Text", "ger")


def test_a_long_short_text_is_a_description() -> None:
    event = only(dvb.event(1, START, 60, dvb.short_event("Titel", "lang " * 30)))
    assert event.subtitle is None
    assert event.description == ("lang " * 30).strip()


def test_a_short_text_that_repeats_the_title_is_no_subtitle() -> None:
    assert only(dvb.event(1, START, 60, dvb.short_event("Titel", "Titel"))).subtitle is None


@pytest.mark.parametrize(
    "raw",
    [b"\xff" * 5, b"\x00" * 5, b"\xe9\x30\x24\x00\x00", b"\xe9\x30\x1a\x00\x00", b"\xe9\x30\x12\x60\x00", b"\xe9"],
)
def test_times_that_are_none(raw: bytes) -> None:
    assert parse_mjd_time(raw) is None


def test_durations() -> None:
    assert parse_duration(b"\x01\x30\x00") == 5400.0
    assert parse_duration(b"\xff\xff\xff") is parse_duration(b"\x00\x00\x00") is parse_duration(b"\x01\x61\x00") is None
    assert parse_duration(b"") is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2038, 4, 21)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC)))
def test_every_time_of_the_calendar_comes_back(moment: datetime) -> None:
    assert parse_mjd_time(dvb.mjd_time(moment)) == moment


@given(st.binary(max_size=200))
def test_the_quick_checksum_is_the_slow_one(raw: bytes) -> None:
    assert crc32_mpeg(raw) == dvb.slow_crc32(raw)


def test_a_section_is_read_and_a_damaged_one_refused() -> None:
    raw = dvb.eit_section(11100, [dvb.event(7, START, 900, dvb.short_event("Tagesschau")), dvb.event(8, START, 60)])
    found = parse_section(raw)
    assert found is not None
    assert (found.table_id, found.service_id, [event.event_id for event in found.events]) == (0x4E, 11100, [7, 8])
    for at in range(len(raw)):
        assert parse_section(raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]) is None
        assert parse_section(raw[:at]) is None


@given(st.integers(0, 400), st.integers(0, 255))
def test_an_event_with_one_wrong_byte_is_still_an_event(at: int, value: int) -> None:
    raw = dvb.event(7, START, 900, dvb.short_event("Tagesschau") + dvb.extended_events("Text " * 60))
    at %= len(raw)
    assert next(parse_events(raw[:at] + bytes([value]) + raw[at + 1 :])) is not None


@given(st.binary(max_size=600))
def test_any_bytes_are_events_or_nothing(raw: bytes) -> None:
    events = list(parse_events(raw))
    assert len(events) <= len(raw) // 12
    assert parse_section(raw) is None or len(raw) >= 18


def test_an_event_cut_at_every_byte_is_an_event_or_one_clear_error(tmp_path: Path) -> None:
    raw = dvb.event(7, START, 900, dvb.short_event("Tagesschau", "Nachrichten") + dvb.extended_events("Text " * 20))
    path = tmp_path / "x.eit"
    for at in range(len(raw) + 1):
        path.write_bytes(raw[:at])
        if at < 12:
            with pytest.raises(GuideError, match="no EIT event"):
                read_eit_file(path)
        else:
            assert read_eit_file(path).start == START
    assert read_eit_file(path).title == "Tagesschau"


def test_a_missing_eit_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ForeignMissingError, match="is not there"):
        read_eit_file(tmp_path / "none.eit")


def test_real_eit_files_of_a_dreambox(shared: Path) -> None:
    folder = shared / "samples/enigma2"
    snow = read_eit_file(folder / "Schneewelt1.eit")
    assert snow.title == "Schneewelt - Eine Weihnachtsgeschichte (1)"
    assert snow.start == datetime(2018, 11, 17, 5, 20, tzinfo=UTC)
    assert [stream.description for stream in snow.streams] == ["stereo", "Dolby Digital 5.1", "mit Audiodeskription"]
    bang = read_eit_file(folder / "20111231_0729__ProSieben__The_Big_Bang_Theory.eit")
    assert (bang.title, bang.duration_s) == ("The Big Bang Theory", 1500.0)
    assert bang.description is not None and "lädt Stuart aus dem Comicbuchladen" in bang.description
