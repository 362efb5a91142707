"""The right audio: preferences decide, the reason is told, and real broadcast codecs decode to what was said."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voicemark.audio import ffmpeg
from voicemark.audio.choose import MIX_TO_MONO, Role, choose_stream, describe, mono_filter, role_of
from voicemark.audio.demux import AudioReader
from voicemark.audio.streams import AudioStream, Media
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError
from voicemark.recording import StreamHint

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "ts"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real captures are not on this machine")

CENTRE, LEFT, RIGHT, BACK, STEREO = 440, 1000, 1300, 2000, 700


def stream(
    index: int,
    language: str | None = None,
    codec: str = "mp2",
    channels: int = 2,
    *marks: str,
    title: str | None = None,
) -> AudioStream:
    layout = {1: "mono", 2: "stereo", 6: "5.1(side)"}.get(channels)
    rate = 48_000 if channels else 0
    return AudioStream(index, codec, channels, layout, rate, language, title, frozenset(marks))


def media(*streams: AudioStream) -> Media:
    return Media("mpegts", 0.0, 60.0, streams)


GERMAN = AudioSection()
FRENCH = AudioSection(languages=("fre", "eng"))


@pytest.mark.parametrize(
    ("streams", "settings", "chosen"),
    [
        pytest.param([stream(1, "fra"), stream(2, "eng"), stream(3, "deu")], GERMAN, 3, id="preferred language"),
        pytest.param([stream(1, "eng"), stream(2, "DEU")], GERMAN, 2, id="language in capitals"),
        pytest.param([stream(1, "eng"), stream(2, "ger")], AudioSection(languages=("de",)), 2, id="two letters"),
        pytest.param([stream(1, "eng"), stream(2, "ita")], GERMAN, 1, id="none preferred: the first"),
        pytest.param([stream(1, "eng"), stream(2, "fra")], FRENCH, 2, id="order of preference"),
        pytest.param([stream(1, "deu", "mp2", 2, "visual_impaired"), stream(2, "deu")], GERMAN, 2, id="AD flagged"),
        pytest.param([stream(1, "deu", title="Audiodeskription"), stream(2, "deu")], GERMAN, 2, id="AD in the title"),
        pytest.param([stream(1, "qad"), stream(2, "eng")], GERMAN, 2, id="qad only when there is nothing else"),
        pytest.param([stream(1, "qaa"), stream(2, "eng")], GERMAN, 2, id="qaa only when there is nothing else"),
        pytest.param([stream(1, "qad")], GERMAN, 1, id="qad alone"),
        pytest.param([stream(1, "mis"), stream(2, "mul"), stream(3, None)], GERMAN, 3, id="no code before mis and mul"),
        pytest.param([stream(1, "mul"), stream(2, "und")], GERMAN, 2, id="und is not told"),
        pytest.param(
            [stream(1, "deu"), stream(2, "qad")], AudioSection(audio_description=True), 2, id="AD wanted, by code"
        ),
        pytest.param(
            [
                stream(1, "deu"),
                stream(2, "deu", "mp2", 2, "visual_impaired"),
                stream(3, "eng", "mp2", 2, "descriptions"),
            ],
            AudioSection(audio_description=True),
            2,
            id="AD wanted, in the preferred language",
        ),
        pytest.param([stream(1, "deu"), stream(2, "eng")], AudioSection(audio_description=True), 1, id="AD not there"),
        pytest.param([stream(1, "deu", "ac3", 6), stream(2, "deu")], GERMAN, 2, id="stereo first"),
        pytest.param([stream(1, "deu", "ac3", 2), stream(2, "deu")], GERMAN, 2, id="MP2 before AC-3 in stereo"),
        pytest.param(
            [stream(1, "deu"), stream(2, "deu", "ac3", 6)], AudioSection(prefer="surround"), 2, id="surround wanted"
        ),
        pytest.param([stream(1, "eng"), stream(2, "deu", "ac3", 6)], GERMAN, 2, id="language before layout"),
        pytest.param([stream(1, "deu", "mp2", 2, "clean_effects"), stream(2, "eng")], GERMAN, 2, id="effects last"),
        pytest.param([stream(1, "deu", "mp2", 2, "hearing_impaired"), stream(2, "deu")], GERMAN, 2, id="clear speech"),
        pytest.param([stream(1, "deu", "mp3", 0), stream(2, "eng")], GERMAN, 2, id="headers only"),
        pytest.param([stream(1, "deu", "unknown", 2), stream(2, "eng")], GERMAN, 2, id="codec unknown"),
        pytest.param([stream(1, "eng,deu"), stream(2, "fra")], AudioSection(languages=("deu",)), 1, id="one of two"),
        pytest.param([stream(1, "deu"), stream(2, "qaa")], AudioSection(languages=("qaa",)), 2, id="original wanted"),
        pytest.param(
            [stream(1, "fre", "eac3", 6), stream(2, "fra", "eac3", 6, "visual_impaired"), stream(3, "qaa", "eac3", 6)],
            GERMAN,
            1,
            id="three E-AC-3 of a French multiplex",
        ),
        pytest.param([stream(1, "d\ufffd\ufffd"), stream(2, "deu")], GERMAN, 2, id="a damaged code"),
    ],
)
def test_the_preferred_stream_is_chosen(streams: list[AudioStream], settings: AudioSection, chosen: int) -> None:
    choice = choose_stream(media(*streams), (), settings)
    assert choice.stream.index == chosen
    assert {other.index for other, _ in choice.rejected} == {one.index for one in streams} - {chosen}
    assert all(why for _, why in choice.rejected)


def test_the_choice_says_what_decided() -> None:
    streams = (stream(1, "eng"), stream(2, "deu", "ac3", 6), stream(3, "deu"), stream(4, "deu", "mp3", 0))
    choice = choose_stream(media(*streams), (), GERMAN)
    assert choice.reason == "stream 3, deu, mp2 stereo: preferred language ger, stereo"
    assert [(other.index, why) for other, why in choice.rejected] == [
        (2, "surround"),
        (1, "language eng"),
        (4, "nothing in it can be decoded"),
    ]


def test_the_order_in_the_file_decides_between_equals() -> None:
    choice = choose_stream(media(stream(2, "deu"), stream(1, "deu")), (), GERMAN)
    assert choice.stream.index == 1 and choice.reason.endswith("the first of equals")
    assert choice.rejected[0][1] == "comes later, else equal"


def test_audio_description_that_only_the_recorder_knows_of_is_found_by_its_text() -> None:
    streams = (stream(1, "deu"), stream(2, "deu"), stream(3, "deu", "ac3", 6))
    hints = (
        StreamHint(2, "deu", "mit Audiodeskription"),
        StreamHint(4, "deu", "Dolby Digital 5.1"),
        StreamHint(2, "deu", "Stereo"),
    )
    assert choose_stream(media(*streams), hints, GERMAN).stream.index == 2
    assert choose_stream(media(*streams), hints, AudioSection(audio_description=True)).stream.index == 1


def test_texts_that_cannot_be_told_apart_are_used_only_where_they_agree() -> None:
    streams = (stream(1, "deu"), stream(2, "deu"))
    mixed = tuple(StreamHint(2, "deu", text) for text in ("Stereo", "Audiodeskription", "Stereo"))
    assert choose_stream(media(*streams), mixed, GERMAN).stream.index == 1
    same = (StreamHint(2, "deu", "Audiodeskription"),)
    choice = choose_stream(media(*streams, stream(3, "eng")), same, AudioSection(languages=("ita",)))
    assert choice.stream.index == 3


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Audiodeskription", Role.DESCRIPTION),
        ("ohne Audiodeskription", Role.MAIN),
        ("keine Audiodeskription", Role.MAIN),
        ("without audio description", Role.MAIN),
        ("mit Audiodeskription", Role.DESCRIPTION),
        ("Hörfilm", Role.DESCRIPTION),
        ("AD", Role.DESCRIPTION),
        ("ad hoc", Role.MAIN),
        ("Klare Sprache", Role.CLEAR_SPEECH),
        ("Originalton", Role.ORIGINAL),
        ("OV", Role.ORIGINAL),
        ("Dolby Digital 2.0", Role.MAIN),
        ("", Role.MAIN),
    ],
)
def test_a_text_tells_the_purpose(text: str, role: Role) -> None:
    assert role_of(stream(1, "deu"), text) is role


def test_nothing_to_decode_is_an_error_that_says_so() -> None:
    with pytest.raises(NoAudioError, match="no audio stream"):
        choose_stream(media(), (), GERMAN)
    with pytest.raises(NoAudioError, match=r"nothing in its 2 audio streams can be decoded.*scrambled"):
        choose_stream(media(stream(1, "deu", "mp3", 0), stream(2, "eng", "mp3", 0)), (), GERMAN)


def test_two_languages_in_one_stream_are_left_and_right() -> None:
    both = stream(1, "deu,eng")
    assert mono_filter(both, ("eng",)) == "pan=args=mono|c0=c1"
    assert mono_filter(both, ("ger", "eng")) == "pan=args=mono|c0=c0"
    assert mono_filter(both) == "pan=args=mono|c0=c0"
    assert mono_filter(replace(both, language="fra,fra")) == MIX_TO_MONO


@needs_samples
def test_the_real_multiplex_with_four_languages_has_headers_only() -> None:
    found = ffmpeg.probe(SAMPLES / "test-012.ts")
    assert [one.language for one in found.streams] == ["fra", "eng", "deu", "qad"]
    assert role_of(found.streams[3]) is Role.DESCRIPTION
    with pytest.raises(NoAudioError, match="nothing in its 4 audio streams can be decoded"):
        choose_stream(found, (), GERMAN)
    # the same multiplex, had it carried audio
    alive = replace(found, streams=tuple(replace(one, channels=2, sample_rate=48_000) for one in found.streams))
    assert choose_stream(alive, (), GERMAN).stream.language == "deu"
    assert choose_stream(alive, (), AudioSection(audio_description=True)).stream.language == "qad"


@needs_samples
def test_of_the_real_scrambled_multiplex_only_the_clear_stream_is_taken() -> None:
    choice = choose_stream(ffmpeg.probe(SAMPLES / "test-143.ts"), (), AudioSection(languages=("rus",)))
    assert (choice.stream.language, choice.stream.codec) == ("eng", "mp2")
    assert {why for _, why in choice.rejected} == {"nothing in it can be decoded"}


@needs_samples
@pytest.mark.parametrize(("name", "codec"), [("test-025.ts", "mp2"), ("test-072.ts", "aac")])
def test_real_captures_with_one_stream_are_heard(name: str, codec: str) -> None:
    choice = choose_stream(ffmpeg.probe(SAMPLES / name), (), GERMAN)
    assert choice.stream.codec == codec and choice.rejected == ()


def tones(layout: str, seconds: float, offset_s: float, path: Path, *codec: str) -> bytes:
    """A transport stream with its own tone in every channel."""
    layouts: dict[str, list[int | None]] = {
        "stereo": [STEREO, STEREO],
        "5.1": [LEFT, RIGHT, CENTRE, None, BACK, BACK],
    }
    waves = layouts[layout]
    expressions = "|".join("0" if hertz is None else f"0.3*sin(2*PI*{hertz}*t)" for hertz in waves)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi",
         "-i", f"aevalsrc={expressions}:c={layout}:s=48000:d={seconds}",
         "-c:a", *codec, "-output_ts_offset", str(offset_s), "-f", "mpegts", path],
        check=True,
    )  # fmt: skip
    return path.read_bytes()


def heard(path: Path) -> NDArray[np.float32]:
    reader = AudioReader([path], AudioSection())
    return np.concatenate(list(reader.blocks()))


def level(samples: NDArray[np.float32], hertz: float) -> float:
    """Amplitude of a tone in 16 kHz samples."""
    times = np.arange(len(samples)) / 16_000
    window = np.hanning(len(samples))
    return float(2 * abs(np.sum(samples * window * np.exp(-2j * np.pi * hertz * times))) / window.sum())


@pytest.mark.parametrize(
    ("codec", "probed"),
    [
        (("mp2", "-b:a", "192k"), "mp2"),
        (("ac3", "-b:a", "192k"), "ac3"),
        (("eac3", "-b:a", "192k"), "eac3"),
        (("aac", "-b:a", "128k", "-mpegts_flags", "latm"), "aac_latm"),
        (("aac", "-b:a", "128k"), "aac"),
    ],
)
def test_every_broadcast_codec_is_heard_in_stereo(tmp_path: Path, codec: tuple[str, ...], probed: str) -> None:
    path = tmp_path / "a.ts"
    tones("stereo", 2, 1000, path, *codec)
    assert ffmpeg.probe(path).streams[0].codec == probed
    samples = heard(path)[4_000:-4_000]
    assert level(samples, STEREO) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "codec",
    [
        ("ac3", "-b:a", "384k"),
        ("eac3", "-b:a", "384k"),
        ("aac", "-b:a", "384k", "-mpegts_flags", "latm"),
    ],
    ids=["ac3", "eac3", "aac_latm"],
)
def test_surround_gives_its_centre_channel(tmp_path: Path, codec: tuple[str, ...]) -> None:
    path = tmp_path / "a.ts"
    tones("5.1", 2, 1000, path, *codec)
    samples = heard(path)[4_000:-4_000]
    assert level(samples, CENTRE) > 0.2
    for other in (LEFT, RIGHT, BACK):
        assert level(samples, other) < 0.1 * level(samples, CENTRE)


@pytest.mark.parametrize("order", [("5.1", "stereo", "5.1"), ("stereo", "5.1", "stereo")])
def test_a_stream_that_switches_its_layout_is_heard_throughout(tmp_path: Path, order: tuple[str, ...]) -> None:
    whole = tmp_path / "whole.ts"
    parts = [
        tones(layout, 3, 1000 + 3 * number, tmp_path / f"{number}.ts", "ac3", "-b:a", "384k")
        for number, layout in enumerate(order)
    ]
    whole.write_bytes(b"".join(parts))
    samples = heard(whole)
    assert len(samples) / 16_000 == pytest.approx(9, abs=0.1)
    for number, layout in enumerate(order):
        middle = samples[number * 48_000 + 8_000 : (number + 1) * 48_000 - 8_000]
        assert level(middle, CENTRE if layout == "5.1" else STEREO) > 0.2, f"part {number}, {layout}"


def test_a_stream_is_described_in_words() -> None:
    text = describe(stream(3, "deu", "ac3", 6, "visual_impaired"), "Hörfilm")
    assert text == 'stream 3, deu, ac3 5.1(side), audio description, "Hörfilm"'


DUAL = (StreamHint(2, "ger", "Zweikanalton", dual=True), StreamHint(2, "eng", "Zweikanalton", dual=True))


@pytest.mark.parametrize(
    ("languages", "hints", "side"),
    [
        (("deu",), DUAL, 0),
        (("eng",), DUAL, 1),
        (("fra",), DUAL, 0),
        (("eng",), DUAL[::-1], 0),
        (("deu",), (StreamHint(2, "ger", "2ch"),), 0),
        (("deu",), (StreamHint(2, None, None, dual=True),), 0),
    ],
)
def test_of_two_programmes_in_one_stream_one_side_is_heard(languages, hints, side) -> None:
    assert mono_filter(stream(1, "deu"), languages, hints) == f"pan=args=mono|c0=c{side}"


def test_frames_in_dual_channel_mode_are_two_programmes() -> None:
    assert mono_filter(replace(stream(1, "deu"), dual=True), ("deu",)) == "pan=args=mono|c0=c0"


@pytest.mark.parametrize(
    ("heard_one", "hints"),
    [
        (stream(1, "deu"), (StreamHint(2, "ger", "stereo"),)),
        (stream(1, "deu", "ac3", 6), DUAL),
        (stream(1, "deu", "mp2", 1), DUAL),
        (stream(1, "fra"), (StreamHint(2, "ger", "2ch"),)),
        (stream(1, "deu", "ac3", 2), DUAL),
    ],
    ids=["stereo", "surround", "mono", "another stream", "another codec"],
)
def test_one_programme_is_heard_from_both_sides(heard_one, hints) -> None:
    assert mono_filter(heard_one, ("deu",), hints) == MIX_TO_MONO
