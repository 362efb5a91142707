"""Recordings that were deleted, and `deleted = "drop"` in the service."""

from pathlib import Path

from support.service import Home, serving

AT_ONCE = "from datetime import timedelta; from voicemarkd import service; service.DROP_AFTER = timedelta(0)"


def test_markers_and_exports_of_a_deleted_recording_are_dropped_where_that_is_asked_for(
    tmp_path: Path, sources: Path
) -> None:
    home = Home(tmp_path, sources, service='deleted = "drop"\n[export]\nformats = ["json"]\nfolder = "export"')
    deleted = home.record("deleted.ts", 0)
    home.record("kept.ts", 1)
    recordings = "SELECT replace(path, rtrim(path, replace(path, '/', '')), '') FROM recordings"
    exports = tmp_path / "export"
    with serving(home, prelude=AT_ONCE) as daemon:
        daemon.wait_done(2)
        daemon.wait(lambda: len(list(exports.rglob("*.json"))) == 2, "the exports")
        assert {name for name, *_ in home.markers()} == {"deleted.ts", "kept.ts"}
        deleted.unlink()
        daemon.wait(lambda: home.query(recordings) == [("kept.ts",)], "the recording to be dropped")
        daemon.wait(lambda: len(list(exports.rglob("*.json"))) == 1, "its export to go")
        assert {name for name, *_ in home.markers()} == {"kept.ts"}
