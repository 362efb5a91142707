"""What `voicemark doctor` finds in watched folders."""

from pathlib import Path

from voicemark.actions.doctor import examine
from voicemark.actions.findings import Grade
from voicemark.config import Config


def test_each_folder_is_counted_by_recorder(tmp_path: Path) -> None:
    recording = tmp_path / "mixed" / "Tagesschau" / "2026-03-01.20.15.1-0.rec"
    recording.mkdir(parents=True)
    (recording / "00001.ts").write_bytes(b"x")
    for name in ("a.ts", "b.mkv"):
        (tmp_path / "mixed" / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    watch = [
        {"path": tmp_path / "mixed"},
        {"path": tmp_path / "mixed", "recorder": "vdr"},
        {"path": tmp_path / "empty"},
    ]
    config = Config.model_validate({"database": {"url": f"sqlite:///{tmp_path}/voicemark.db"}, "watch": watch})
    found = {finding.what: finding.grade for finding in examine(config) if "recording" in finding.what}
    assert found == {
        f"3 recording(s) in {tmp_path}/mixed: 2 plain, 1 vdr": Grade.RIGHT,
        f"1 recording(s) in {tmp_path}/mixed: 1 vdr": Grade.RIGHT,
        f"no recordings in {tmp_path}/empty": Grade.NOTE,
    }
