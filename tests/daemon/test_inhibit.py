"""logind is asked to wait where it is there, by a program that cannot outlive the work."""

from pathlib import Path

import psutil
import pytest

from voicemarkd import inhibit


def test_without_logind_the_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inhibit, "LOGIND", tmp_path / "none")
    with inhibit.inhibited("hearing a.ts") as asked:
        assert not asked


def test_the_lock_is_held_for_as_long_as_the_work_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "systemd-inhibit"
    program.write_text(
        f'#!/bin/sh\necho "$NOTIFY_SOCKET" >{tmp_path}/socket\nwhile [ $# -gt 1 ]; do shift; done\nexec "$1"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(inhibit, "LOGIND", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    before = set(psutil.Process().children())
    with inhibit.inhibited("hearing a.ts") as asked:
        assert asked
        (holder,) = set(psutil.Process().children()) - before
    assert not holder.is_running()
    assert (tmp_path / "socket").read_text() == "\n", "it speaks to systemd in nobody's name"
    with inhibit.inhibited("hearing a.ts", wanted=False) as asked:
        assert not asked
