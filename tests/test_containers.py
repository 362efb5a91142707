"""Suffix, container and demuxer are one table: what is found may be opened."""

import re
import subprocess
from pathlib import Path

import pytest
from support.streams import run_ffmpeg

from voicemark.audio import ffmpeg
from voicemark.containers import CONTAINERS, DEMUXERS, MEDIA_SUFFIXES
from voicemark.errors import RecordingError
from voicemark.recorders.plain import is_media_name

PLAYLISTS = ("hls", "concat", "dash", "sdp", "rtsp", "image2", "m3u8", "tedcaptions", "lavfi", "imf")
MADE = {
    "ts": "mp2", "mpg": "mp2", "mkv": "aac", "mp4": "aac", "avi": "mp2", "wmv": "wmav2", "wtv": "mp2", "flv": "aac",
    "mxf": "pcm_s16le", "rm": "ac3", "nut": "mp2", "ogg": "flac", "mp2": "mp2", "mp3": "mp2", "aac": "aac",
    "latm": "aac", "ac3": "ac3", "eac3": "eac3", "dts": "dca", "wav": "pcm_s16le", "w64": "pcm_s16le",
    "aiff": "pcm_s16be", "au": "pcm_s16be", "caf": "pcm_s16be", "flac": "flac", "wv": "wavpack", "tta": "tta",
}  # fmt: skip
"""A suffix of each container that this ffmpeg can write, and a codec for it."""
FORMATS = {"mpg": "vob", "mp2": "mp2", "mp3": "mp2", "aac": "adts", "wmv": "asf", "mxf": "mxf"}


def test_every_demuxer_is_one_of_ffmpegs_and_none_opens_other_files() -> None:
    listing = subprocess.run(["ffmpeg", "-hide_banner", "-demuxers"], capture_output=True, text=True, check=True).stdout
    known = {name for row in re.findall(r"^ D\S* +(\S+)", listing, re.MULTILINE) for name in row.split(",")}
    assert set(DEMUXERS.split(",")) <= known
    assert not set(DEMUXERS.split(",")) & set(PLAYLISTS)


def test_every_suffix_stands_in_one_row() -> None:
    suffixes = [suffix for row in CONTAINERS for suffix in row.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(MEDIA_SUFFIXES)
    assert all(is_media_name(f"Film.{suffix}") and is_media_name(f"FILM.{suffix.upper()}") for suffix in suffixes)
    assert not any(is_media_name(name) for name in ("a.m3u", "a.txt", ".ts", "ts", "a.m2v"))


@pytest.mark.parametrize("suffix", MADE)
def test_what_has_the_suffix_is_opened_by_its_row(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=352x288:r=25:d=1", "-c:v", "mpeg2video"] if suffix == "mxf" else []
    container = ["-f", FORMATS[suffix]] if suffix in FORMATS else []
    strict = ["-strict", "-2"] if MADE[suffix] == "dca" else []
    sound = ["-f", "lavfi", "-i", "sine=r=48000:d=1", "-c:a", MADE[suffix]]
    run_ffmpeg(*picture, *sound, *strict, *container, path)
    media = ffmpeg.probe(path)
    (row,) = (row for row in CONTAINERS if suffix in row.suffixes)
    assert set(media.format.split(",")) & set(row.demuxers)


def test_a_playlist_under_a_films_name_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "film.ts"
    path.write_text("#EXTM3U\n#EXTINF:1,\nother.ts\n")
    with pytest.raises(RecordingError):
        ffmpeg.probe(path)
