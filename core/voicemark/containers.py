"""Which files hold sound that can be heard: suffix, container, and ffmpeg's demuxers for it, in one table.

What is found by its suffix may be opened, and nothing else is: playlists and scripts, which lead to other files, are in
no row.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Container:
    """A kind of file. `demuxers`: ffmpeg's names, of which any may open it; `suffixes`: without their dots."""

    name: str
    demuxers: tuple[str, ...]
    suffixes: tuple[str, ...]


def _row(name: str, demuxers: str, suffixes: str) -> Container:
    return Container(name, tuple(demuxers.split()), tuple(suffixes.split()))


TRANSPORT_STREAM = _row("MPEG transport stream", "mpegts", "ts m2ts m2t mts tp trp tsv rec")
PROGRAM_STREAM = _row("MPEG program stream, PES", "mpeg mpegvideo", "mpg mpeg mpe m2p vob vro vdr ps")
CONTAINERS = (
    TRANSPORT_STREAM,
    PROGRAM_STREAM,
    _row("Matroska", "matroska webm", "mkv mk3d mka webm"),
    _row("MP4, QuickTime", "mov mp4", "mp4 m4v m4a m4b mov 3gp f4v"),
    _row("AVI", "avi", "avi divx"),
    _row("ASF", "asf", "wmv asf wma dvr-ms"),
    _row("Windows Media Center", "wtv", "wtv"),
    _row("Flash video", "flv", "flv"),
    _row("NuppelVideo", "nuv", "nuv"),
    _row("TechnoTrend PVA", "pva", "pva"),
    _row("MXF", "mxf", "mxf"),
    _row("DV", "dv", "dv"),
    _row("RealMedia", "rm", "rm rmvb"),
    _row("NUT", "nut", "nut"),
    _row("Ogg", "ogg", "ogg ogm ogv oga opus"),
    _row("MPEG audio", "mp3", "mp2 mp3 mpa"),
    _row("AAC", "aac", "aac"),
    _row("LATM", "loas", "latm loas"),
    _row("Dolby Digital", "ac3 eac3", "ac3 eac3 ec3"),
    _row("DTS", "dts", "dts"),
    _row("WAV", "wav w64", "wav w64"),
    _row("AIFF", "aiff", "aif aiff"),
    _row("AU", "au", "au"),
    _row("Core Audio", "caf", "caf"),
    _row("FLAC", "flac", "flac"),
    _row("WavPack", "wv", "wv"),
    _row("True Audio", "tta", "tta"),
    _row("AMR", "amr", "amr"),
)
MEDIA_SUFFIXES = frozenset(f".{suffix}" for row in CONTAINERS for suffix in row.suffixes)
"""With their dots, in lower case."""
DEMUXERS = ",".join(demuxer for row in CONTAINERS for demuxer in row.demuxers)
"""As ffmpeg's `-format_whitelist` takes them."""
STREAM_SUFFIXES = frozenset(f".{suffix}" for suffix in TRANSPORT_STREAM.suffixes)
MAYBE_STREAM_SUFFIXES = frozenset(f".{suffix}" for suffix in PROGRAM_STREAM.suffixes)
"""Some recorders call transport streams so, too."""
