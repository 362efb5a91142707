"""EPG inside a recorded stream: own service, programme changes, the broadcaster's clock, damage."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import dvb_tables as dvb

import voicemark.epg.stream_eit as stream_eit
from voicemark.epg.eit import parse_section
from voicemark.epg.stream_eit import read_stream_epg
from voicemark.mpegts import SectionAssembler, packets

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)
NEWS, CRIME, TALK = 101, 102, 103


def happening(number: int, minute: float, minutes: int, title: str) -> bytes:
    return dvb.event(number, START + timedelta(minutes=minute), minutes * 60, dvb.short_event(title))


SCHEDULE = [happening(NEWS, 0, 15, "Tagesschau"), happening(CRIME, 15, 90, "Tatort"), happening(TALK, 105, 60, "Talk")]


def recorded(
    minutes: int = 30, change: float = 16.5, services: tuple[int, ...] = (11100,), first_pcr: int = 8_589_000_000
) -> dvb.StreamWriter:
    """A recording that starts at 19:05, a packet every second; Tatort begins at minute `change` of 19:00."""
    chance = random.Random(3)
    writer = dvb.StreamWriter()
    for second in range(minutes * 60):
        now = START + timedelta(minutes=5, seconds=second)
        writer.packet(0x200, chance.randbytes(150).replace(b"\x47", b"\x00"), pcr=first_pcr + 90_000 * second)
        if second % 5 == 0:
            writer.section(0x00, dvb.pat_section(services))
            writer.section(0x11, dvb.sdt_section({11100: "Das Erste HD", 11110: "ZDF HD"}))
        if second % 10 == 0:
            present = 0 if now < START + timedelta(minutes=change) else 1
            writer.section(0x12, dvb.eit_section(11100, [SCHEDULE[present]], number=0))
            writer.section(0x12, dvb.eit_section(11100, [SCHEDULE[present + 1]], number=1))
            writer.section(0x12, dvb.eit_section(11110, [happening(900, 0, 45, "heute journal")]))
            writer.section(0x12, dvb.eit_section(11100, [happening(901, 0, 45, "other stream")], table_id=0x4F))
        if second % 30 == 7:
            writer.section(0x14, dvb.tdt_section(now))
    return writer


def saved(folder: Path, writer: dvb.StreamWriter, stride: int = 188) -> Path:
    path = folder / "00001.ts"
    path.write_bytes(writer.bytes(stride))
    return path


def test_events_of_the_own_service_alone(tmp_path: Path) -> None:
    epg = read_stream_epg([saved(tmp_path, recorded())], 1800.0)
    assert (epg.service_id, epg.service_name, epg.provider) == (11100, "Das Erste HD", "ARD")
    assert [event.title for event in epg.events] == ["Tagesschau", "Tatort", "Talk"]
    assert epg.notes == ()


def test_the_broadcasters_clock_tells_when_the_recording_began(tmp_path: Path) -> None:
    epg = read_stream_epg([saved(tmp_path, recorded())], 1800.0)
    assert epg.started_at is not None
    assert abs(epg.started_at - (START + timedelta(minutes=5))) < timedelta(seconds=2)


def test_the_moment_is_seen_at_which_the_stream_changes_to_the_next_programme(tmp_path: Path) -> None:
    epg = read_stream_epg([saved(tmp_path, recorded(first_pcr=8_589_934_000))], 1800.0)  # the clock wraps on the way
    last_news = max(sighting.at_s for sighting in epg.sightings if sighting.event_id == NEWS)
    first_crime = min(sighting.at_s for sighting in epg.sightings if sighting.event_id == CRIME)
    assert 675.0 <= last_news < 690.0 <= first_crime + 2.0 < 705.0


def test_a_recording_in_packets_of_192_bytes_and_in_several_files(tmp_path: Path) -> None:
    raw = recorded().bytes(192)
    cut = len(raw) // 3 // 192 * 192
    files = [tmp_path / "00001.ts", tmp_path / "00002.ts"]
    files[0].write_bytes(raw[:cut])
    files[1].write_bytes(raw[cut:])
    epg = read_stream_epg(files, 1800.0)
    assert [event.title for event in epg.events] == ["Tagesschau", "Tatort", "Talk"]
    assert epg.sightings[-1].at_s > 1700.0


def test_of_several_services_the_one_with_the_channels_name(tmp_path: Path) -> None:
    path = saved(tmp_path, recorded(services=(11100, 11110)))
    assert [event.title for event in read_stream_epg([path], 1800.0, "ZDF").events] == ["heute journal"]
    unnamed = read_stream_epg([path], 1800.0)
    assert unnamed.events == ()
    assert "several services" in unnamed.notes[0]


def test_of_a_long_recording_windows_tell_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, recorded())
    whole = read_stream_epg([path], 1800.0)
    monkeypatch.setattr(stream_eit, "WHOLE", 1)
    monkeypatch.setattr(stream_eit, "HEAD", 60_000)
    monkeypatch.setattr(stream_eit, "WINDOW", 15_000)
    monkeypatch.setattr(stream_eit, "WINDOWS", 25)
    sampled = read_stream_epg([path], 1800.0)
    assert sampled.events == whole.events
    assert (
        [one.event_id for one in sampled.sightings] == [one.event_id for one in whole.sightings] == [101, 101, 102, 102]
    )
    (first, last), (seen_first, seen_last) = (
        (told.sightings[0].at_s, told.sightings[-1].at_s) for told in (whole, sampled)
    )
    assert first <= seen_first < seen_last <= last
    assert sampled.started_at is not None and whole.started_at is not None
    assert abs(sampled.started_at - whole.started_at) < timedelta(seconds=5)


def test_blocks_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, recorded(10))
    whole = read_stream_epg([path], 600.0)
    for block in (9973, 65521):
        monkeypatch.setattr(stream_eit, "BLOCK", block)
        assert read_stream_epg([path], 600.0) == whole


def test_damage_costs_what_it_hits(tmp_path: Path) -> None:
    raw = bytearray(recorded().bytes())
    chance = random.Random(5)
    for _ in range(200):
        at = chance.randrange(len(raw) - 300)
        raw[at : at + 50] = chance.randbytes(50)
    path = tmp_path / "00001.ts"
    path.write_bytes(raw)
    assert [event.title for event in read_stream_epg([path], 1800.0).events] == ["Tagesschau", "Tatort", "Talk"]


def test_files_that_are_no_streams_tell_nothing(tmp_path: Path) -> None:
    text = tmp_path / "text.ts"
    text.write_text("not a stream\n" * 1000)
    empty = tmp_path / "empty.ts"
    empty.touch()
    film = tmp_path / "film.mkv"
    film.write_bytes(recorded(5).bytes())
    random_bytes = tmp_path / "random.ts"
    random_bytes.write_bytes(random.Random(1).randbytes(2_000_000))
    syncs = tmp_path / "syncs.ts"
    syncs.write_bytes(b"\x47" * 1_000_000)
    for path in (text, empty, film, random_bytes, syncs, tmp_path / "missing.ts"):
        epg = read_stream_epg([path], 60.0)
        assert (epg.events, epg.sightings, epg.started_at) == ((), (), None), path


def test_a_stream_of_errors_everywhere_is_read_in_bounded_time(tmp_path: Path) -> None:
    good = recorded(1).bytes()
    broken = b"".join(good[at : at + 188 * 6] + b"\x00" * 100 for at in range(0, len(good), 188 * 6)) * 40
    path = tmp_path / "00001.ts"
    path.write_bytes(broken)
    assert read_stream_epg([path], 60.0).service_id == 11100


def test_the_real_stream_with_eit_gives_all_its_titles(shared: Path) -> None:
    block = (shared / "samples/ts/test-030.ts").read_bytes()
    assembler = SectionAssembler()
    sections = [found for packet in packets(block, {0x12}) for found in assembler.feed(packet.data)]
    parsed = [found for section in sections if (found := parse_section(section))]
    assert len(parsed) == len(sections) == 361
    own = [event for found in parsed if found.table_id == 0x4E for event in found.events]
    assert len({event.title for event in own}) >= 10
    assert all(event.start and event.start.year == 2017 and event.duration_s for event in own)


def test_services_of_real_streams(shared: Path) -> None:
    ts = shared / "samples/ts"
    assert read_stream_epg([ts / "test-143.ts"], 10.0).service_name == "Animal Planet Europe HD"
    assert read_stream_epg([ts / "test-025.ts"], 2.95).service_id == 2064
    for path in sorted(ts.glob("*.ts")):
        read_stream_epg([path], 10.0)
