"""The sound is followed through whatever changes in a recording, and heard at its place."""

from pathlib import Path

import numpy as np
import pytest
from support.composed import Tone, loudest, piece
from support.streams import PACKET, jump_every_second, packets_of, pids, run_ffmpeg

from voicemark.audio import ffmpeg
from voicemark.audio.demux import AudioReader
from voicemark.audio.packets import BLOCK
from voicemark.audio.program_map import Elementary, tables_for
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError
from voicemark.recorders import find_recordings

AC3 = ("ac3", "-b:a", "128k")
LOW, HIGH = Tone((300.0,)), Tone((600.0,))


def hear(*files: Path, **settings: object) -> tuple[np.ndarray, AudioReader]:
    reader = AudioReader(files, AudioSection(**settings))
    return np.concatenate(list(reader.blocks())), reader


def near(hertz: float) -> object:
    return pytest.approx(hertz, abs=5)


def joined(path: Path, *parts: Path | bytes) -> Path:
    path.write_bytes(b"".join(part if isinstance(part, bytes) else part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize(
    "after",
    [Tone((600.0,), pid=0x201), Tone((600.0,), codec=AC3), Tone((600.0,), pid=0x201, codec=AC3, language="fra")],
    ids=["pid", "codec", "all"],
)
def test_a_new_program_map_is_followed(tmp_path, after):
    audio, reader = hear(
        joined(
            tmp_path / "a.ts",
            piece(tmp_path / "1.ts", 8, LOW, picture=True),
            piece(tmp_path / "2.ts", 8, after, start_s=18.0, version=1, picture=True),
        )
    )
    assert reader.heard.duration_s == pytest.approx(16, abs=0.1)
    assert (loudest(audio, 0.5, 7.5), loudest(audio, 8.5, 15.5)) == (near(300), near(600))
    assert any(note.startswith("from 0:08.0 on something else is heard") for note in reader.heard.notes)


def test_a_new_version_that_lists_the_same_sound_costs_nothing(tmp_path):
    whole = piece(tmp_path / "w.ts", 12, LOW)
    _, plain = hear(whole)
    packets = packets_of(whole).copy()
    maps = np.flatnonzero(pids(packets) == 0x1000)
    other = packets_of(piece(tmp_path / "v.ts", 1, LOW, version=3))
    new = other[np.flatnonzero(pids(other) == 0x1000)[0]]
    for number in maps[len(maps) // 2 :]:
        counter = packets[number, 3]
        packets[number] = new
        packets[number, 3] = counter
    packets.tofile(tmp_path / "new.ts")
    audio, reader = hear(tmp_path / "new.ts")
    assert len(audio) == round(plain.heard.duration_s * 16_000)
    assert reader.heard.notes == () and reader.heard.breaks == ()


def test_a_stream_of_the_preferred_language_that_comes_later_is_taken_then(tmp_path):
    english, german = Tone((300.0,), language="eng"), Tone((600.0,), pid=0x201)
    audio, reader = hear(
        joined(
            tmp_path / "a.ts",
            piece(tmp_path / "1.ts", 8, english),
            piece(tmp_path / "2.ts", 8, english, german, start_s=18.0, version=1),
        )
    )
    assert (loudest(audio, 0.5, 7.5), loudest(audio, 8.5, 15.5)) == (near(300), near(600))
    assert reader.heard.duration_s == pytest.approx(16, abs=0.1)


def test_of_two_that_are_listed_throughout_the_one_that_sounds_is_heard(tmp_path):
    both = piece(tmp_path / "b.ts", 40, LOW, Tone((600.0,), pid=0x201, language="fra"))
    packets = packets_of(both)
    third = len(packets) // 3
    number = np.arange(len(packets))
    silent = (pids(packets) == 0x101) & (number > third)  # German stops after 13 s …
    packets[~silent].tofile(tmp_path / "stops.ts")
    audio, reader = hear(tmp_path / "stops.ts")
    assert loudest(audio, 1, 12) == near(300) and loudest(audio, 30, 39) == near(600)
    assert reader.heard.duration_s == pytest.approx(40, abs=0.1)
    mute = (pids(packets) == 0x101) & (number < third)  # … or begins then.
    packets[~mute].tofile(tmp_path / "begins.ts")
    audio, reader = hear(tmp_path / "begins.ts")
    assert loudest(audio, 1, 12) == near(600) and loudest(audio, 15, 39) == near(300)
    assert reader.heard.duration_s == pytest.approx(40, abs=0.1) and reader.heard.breaks == ()


@pytest.mark.parametrize("late_s", [20, 45])
def test_sound_that_begins_late_is_heard_at_its_place(tmp_path, late_s):
    whole = piece(tmp_path / "w.ts", late_s + 8, LOW, picture=True)
    packets = packets_of(whole)
    begin = round(len(packets) * late_s / (late_s + 8))
    late = (pids(packets) == 0x101) & (np.arange(len(packets)) < begin)
    packets[~late].tofile(tmp_path / "late.ts")
    audio, reader = hear(tmp_path / "late.ts")
    assert reader.heard.duration_s == pytest.approx(late_s + 8, abs=0.1)
    assert loudest(audio, 0, late_s - 2) == 0 and loudest(audio, late_s + 2, late_s + 7) == near(300)
    assert [found.reason for found in reader.heard.breaks] == ["no sound was sent"]


def test_a_first_file_without_sound_is_only_its_length_of_silence(tmp_path):
    dumb = piece(tmp_path / "00001.ts", 8, picture=True)
    loud = piece(tmp_path / "00002.ts", 8, LOW, start_s=18.0, version=1, picture=True)
    audio, reader = hear(dumb, loud)
    assert loudest(audio, 0, 7.5) == 0 and loudest(audio, 8.5, 15.5) == near(300)
    assert reader.heard.duration_s == pytest.approx(16, abs=0.3)


def test_while_sound_is_searched_work_is_seen_to_advance(tmp_path):
    nothing = (bytes([0x47, 0x1F, 0xFF, 0x10]) + bytes(184)) * (12 << 20 >> 7)  # 18 MB of packets without content
    dumb = joined(tmp_path / "00001.ts", piece(tmp_path / "a.ts", 2, picture=True), nothing)
    loud = piece(tmp_path / "00002.ts", 4, LOW, start_s=12.0, version=1, picture=True)
    beats: list[None] = []
    reader = AudioReader([dumb, loud], AudioSection(), beat=lambda: beats.append(None))
    before = len(beats)
    assert before > dumb.stat().st_size // BLOCK, "before anything is heard"
    assert loudest(np.concatenate(list(reader.blocks())), 2.5, 5.5) == near(300)
    assert len(beats) > before + dumb.stat().st_size // BLOCK, "again, before the first sound comes"


def test_a_second_file_with_other_streams_and_another_clock_follows_the_first(tmp_path):
    first = piece(tmp_path / "a.ts", 8, LOW)
    second = piece(tmp_path / "b.ts", 8, Tone((600.0,), pid=0x205, codec=AC3), start_s=318.0)
    audio, reader = hear(first, second)
    assert reader.heard.duration_s == pytest.approx(16, abs=0.2)
    assert (loudest(audio, 0.5, 7.5), loudest(audio, 8.5, 15.5)) == (near(300), near(600))


@pytest.mark.parametrize("start_s", [318.0, 5.0], ids=["300 s later", "earlier"])
def test_between_files_no_time_passes(tmp_path, start_s):
    audio, reader = hear(piece(tmp_path / "a.ts", 8, LOW), piece(tmp_path / "b.ts", 8, HIGH, start_s=start_s))
    assert reader.heard.duration_s == pytest.approx(16, abs=0.2) and reader.heard.lost_packets == 0
    assert (loudest(audio, 0.5, 7.5), loudest(audio, 8.5, 15.5)) == (near(300), near(600))


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_of_other_containers_each_file_is_heard_by_itself(tmp_path, suffix):
    files = []
    for number, (hertz, codec) in enumerate([(300, "aac"), (600, "ac3")]):
        files.append(tmp_path / f"{number}.{suffix}")
        run_ffmpeg(
            "-f", "lavfi", "-i", f"sine={hertz}:d=8", *(["-f", "lavfi", "-i", "sine=900:d=8"] if number else []),
            *(["-map", "1", "-map", "0", "-metadata:s:a:0", "language=fra"] if number else []),
            f"-metadata:s:a:{number}", "language=deu", "-c:a", codec, files[-1],
        )  # fmt: skip
    audio, reader = hear(*files)
    assert reader.heard.duration_s == pytest.approx(16, abs=0.2)
    assert (loudest(audio, 0.5, 7.5), loudest(audio, 8.5, 15.5)) == (near(300), near(600))


def test_an_excerpt_is_heard_in_whatever_is_to_be_heard_there(tmp_path):
    changing = joined(
        tmp_path / "a.ts",
        piece(tmp_path / "1.ts", 30, LOW),
        piece(tmp_path / "2.ts", 30, Tone((600.0,), pid=0x201), start_s=40.0, version=1),
    )
    reader = AudioReader([changing], AudioSection())
    for start_s in (2.0, 25.0, 41.0, 55.0):
        part = reader.excerpt(start_s, start_s + 3)
        assert len(part) == 3 * 16_000
        assert loudest(part, 0.1, 2.9) == near(300 if start_s < 30 else 600)
    whole = np.concatenate(list(reader.blocks()))
    assert np.abs(reader.excerpt(44.0, 46.0) - whole[44 * 16_000 : 46 * 16_000]).max() < 1e-3


def test_stretches_of_several_files_with_one_clock_are_found(tmp_path):
    whole = piece(tmp_path / "w.ts", 60, LOW).read_bytes()
    cut = len(whole) // PACKET // 2 * PACKET
    (tmp_path / "00001.ts").write_bytes(whole[:cut])
    (tmp_path / "00002.ts").write_bytes(whole[cut:])
    files = [tmp_path / "00001.ts", tmp_path / "00002.ts"]
    all_of_it = np.concatenate(list(AudioReader(files, AudioSection()).blocks()))
    for start_s in (5.0, 29.0, 50.0):
        part = AudioReader(files, AudioSection()).excerpt(start_s, start_s + 3)
        assert np.abs(part - all_of_it[round(start_s * 16_000) :][: len(part)]).max() < 1e-3


def test_sound_that_ffmpeg_cannot_decode_is_named(tmp_path):
    source = packets_of(piece(tmp_path / "m.ts", 3, LOW))
    for kind, name in ((0x2D, "MPEG-H 3D Audio"), (0x06, "AC-4")):
        packets = source.copy()
        made = listing(kind, b"\x7f\x01\x15" if kind == 6 else b"")
        for number in np.flatnonzero(pids(packets) == 0x1000):
            packets[number] = np.frombuffer(made, np.uint8)
        mine = np.flatnonzero(pids(packets) == 0x101)
        packets[mine, 60:] = 0x55  # nothing that could be taken for MP2
        odd = tmp_path / f"{kind}.ts"
        packets.tofile(odd)
        with pytest.raises(NoAudioError, match=f"its sound is {name}, which this ffmpeg cannot decode"):
            AudioReader([odd], AudioSection())


def listing(kind: int, descriptors: bytes) -> bytes:
    """A PMT on PID 0x1000 that lists PID 0x101 as `kind`."""
    return tables_for(Elementary(0x101, kind, descriptors))[PACKET : 2 * PACKET]


def test_zeros_at_the_end_are_an_end(tmp_path):
    whole = piece(tmp_path / "w.ts", 8, LOW)
    _, plain = hear(whole)
    crashed = joined(tmp_path / "c.ts", whole, bytes(5_000_000))
    _, reader = hear(crashed, stall_s=1.0)
    assert reader.heard.duration_s == plain.heard.duration_s
    assert reader.heard.damage is None
    assert [note for note in reader.heard.notes if "zeros" in note] == [
        "the last 5.0 MB of c.ts are zeros: the recorder never wrote them"
    ]


def test_a_broken_picture_is_no_damage_of_the_sound(tmp_path):
    packets = packets_of(piece(tmp_path / "w.ts", 8, LOW, picture=True)).copy()
    picture = np.flatnonzero(pids(packets) == 0x100)
    rng = np.random.default_rng(3)
    packets[picture[5:], 20:] = rng.integers(0, 256, (len(picture) - 5, PACKET - 20), np.uint8)
    packets.tofile(tmp_path / "b.ts")
    _, reader = hear(tmp_path / "b.ts")
    assert (reader.heard.damage, reader.heard.breaks, reader.heard.notes) == (None, (), ())


def test_lost_and_scrambled_parts_are_told_with_place_and_reason(tmp_path):
    packets = packets_of(piece(tmp_path / "w.ts", 30, LOW, picture=True)).copy()
    number = np.arange(len(packets)) / len(packets) * 30
    mine = pids(packets) == 0x101
    packets[mine & (number > 5) & (number < 8), 3] |= 0x80
    keep = ~((number > 15) & (number < 18)) & ~(mine & (number > 24) & (number < 27))
    packets[keep].tofile(tmp_path / "d.ts")
    _, reader = hear(tmp_path / "d.ts")
    assert [found.reason for found in reader.heard.breaks] == ["scrambled", "signal lost", "no sound was sent"]
    assert [found.at_s for found in reader.heard.breaks] == [pytest.approx(at, abs=0.6) for at in (5, 15, 24)]
    assert reader.heard.duration_s == pytest.approx(30, abs=0.2)


def test_clocks_that_jump_every_second_do_not_make_days(tmp_path):
    source = piece(tmp_path / "w.ts", 100, Tone((300.0,), codec=("mp2", "-ac", "1", "-b:a", "32k")))
    jump_every_second(source, tmp_path / "j.ts", 599.0)
    reader = AudioReader([tmp_path / "j.ts"], AudioSection())
    parts = list(reader.sound())
    assert reader.heard.duration_s <= 100 + 600 + 100
    assert reader.heard.decoded_s == pytest.approx(100, abs=1)
    assert sum(part.nbytes for part in parts if isinstance(part, np.ndarray)) < 250 * 16_000 * 4


@pytest.mark.parametrize("number", ["01", "02", "16"])
def test_what_people_have_reported_is_heard_as_it_should_be(shared, number):
    [folder] = (shared / "field").glob(f"{number}-*")
    [(recorder, path)] = list(find_recordings(next(folder.rglob("*.ts")) if number != "16" else folder / "Film"))
    reader = AudioReader.of(recorder.read(path), AudioSection())
    audio = np.concatenate(list(reader.blocks()))
    length_s = reader.heard.duration_s
    if number == "01":
        assert length_s == pytest.approx(24, abs=0.3)
        assert (loudest(audio, 1, 11), loudest(audio, 13, 23)) == (near(300), near(600))
    elif number == "02":
        assert length_s == pytest.approx(30, abs=0.1)
        assert loudest(audio, 0, 19) == 0 and loudest(audio, 20.5, 29) > 0
    else:
        assert loudest(audio, 1, 11) == near(300)
        spectrum = np.abs(np.fft.rfft(audio[16_000 : 11 * 16_000]))
        assert spectrum[9000] < 0.01 * spectrum[3000]


def test_a_recording_that_is_not_changed_is_never_chosen_again(tmp_path, monkeypatch):
    looks = []
    look = ffmpeg.look
    monkeypatch.setattr(ffmpeg, "look", lambda *given, **more: looks.append(given) or look(*given, **more))  # type: ignore[func-returns-value]
    hear(piece(tmp_path / "w.ts", 20, LOW, Tone((900.0,), pid=0x202, language="eng"), picture=True))
    assert len(looks) == 1
