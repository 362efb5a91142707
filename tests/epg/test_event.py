"""An event is the same programme whether EIT carried it or VDR wrote it down."""

from datetime import UTC, datetime

from support import dvb_tables as dvb

from voicemark.epg.eit import parse_events
from voicemark.epg.epgdata import EventLines

LINES = "E 7 1706728500 5400", "T Tatort", "S Borowski", "D Ein Fall.", "G 11 23", "R 12", "X 0 00 deu"


def test_eit_and_vdrs_lines_tell_of_the_same_programme() -> None:
    loop = (
        dvb.short_event("Tatort", "Borowski")
        + dvb.extended_events("Ein Fall.")
        + dvb.descriptor(0x54, bytes([0x11, 0x00, 0x23, 0x00]))
        + dvb.descriptor(0x55, b"DEU" + bytes([9]))
    )
    [broadcast] = parse_events(dvb.event(7, datetime(2024, 1, 31, 19, 15, tzinfo=UTC), 5400, loop))
    written = EventLines()
    assert all(written.add(line[0], line[2:]) for line in LINES)
    told = broadcast.programme("told", "Das Erste")
    assert told is not None and told == written.programme("told", "Das Erste")


def test_what_has_no_title_is_called_as_its_recording_or_nothing() -> None:
    event = EventLines()
    assert event.programme("vdr-info") is None
    named = event.programme("vdr-info", title="Film")
    assert named is not None and named.title == "Film"
