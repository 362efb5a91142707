"""`config check` opens what it names: guides that are broken, voices that nobody can hear."""

import lzma
from pathlib import Path

import pytest
from support.streams import run_ffmpeg

from voicemark.actions.check import unusable
from voicemark.config import Config
from voicemark.config.check import missing

GUIDE = '<tv><programme start="20240131201500 +0100" channel="a"><title>T</title></programme></tv>'


def config(folder: Path, **more: object) -> Config:
    return Config.model_validate({"database": {"url": f"sqlite:///{folder}/v.db"}, **more})


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (GUIDE.encode(), None),
        (lzma.compress(GUIDE.encode()), None),
        (GUIDE.encode()[:60], "is broken or not complete"),
        (lzma.compress(GUIDE.encode())[:40], "is broken or not complete (xz)"),
        (b"<tv></tv>", "holds no programmes"),
        (b"<html></html>", "is no XMLTV guide"),
        (b"\x28\xb5\x2f\xfdxx", "is packed with zstd"),
    ],
)
def test_guides_are_opened(tmp_path: Path, raw: bytes, fault: str | None) -> None:
    path = tmp_path / "guide"
    path.write_bytes(raw)
    settings = config(tmp_path, epg={"xmltv": [path]})
    assert missing(settings) == []
    faults = unusable(settings)
    assert (faults == []) is (fault is None)
    assert fault is None or (str(path) in faults[0] and fault in faults[0])


def test_an_epg_data_without_events_is_said(tmp_path: Path) -> None:
    path = tmp_path / "epg.data"
    path.write_text("hello\n")
    (fault,) = unusable(config(tmp_path, epg={"vdr_epg_data": [path]}))
    assert str(path) in fault


def test_a_voice_without_a_sample_that_can_be_heard_is_an_error(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=1", good)
    bad.write_text("no audio")
    speakers = [
        {"name": "both", "samples": [str(bad), str(good)]},
        {"name": "broken", "samples": [str(bad)]},
        {"name": "absent", "samples": [str(tmp_path / "none.wav")]},
    ]
    faults = unusable(config(tmp_path, speakers=speakers))
    assert len(faults) == 2
    assert "speakers[1]: voice 'broken' has no sample that can be used" in faults[0] and "bad.wav" in faults[0]
    assert "speakers[2]: voice 'absent' has no sample that can be used" in faults[1]
