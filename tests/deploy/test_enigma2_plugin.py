"""The Enigma2 plugin in the surroundings that the box gives it: its own module names, a session, timers."""

import importlib.util
import os
import shutil
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from voicemark.recorders.hooks import Request, take_requests

HOOKS = Path(__file__).resolve().parents[2] / "deploy" / "hooks"


class PluginDescriptor:
    """As in the box's Plugins/Plugin.py, as far as it is asked for."""

    WHERE_SESSIONSTART = 7

    def __init__(self, **settings: Any) -> None:
        self.settings = settings


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    package, inner = ModuleType("Plugins"), ModuleType("Plugins.Plugin")
    inner.PluginDescriptor = PluginDescriptor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "Plugins", package)
    monkeypatch.setitem(sys.modules, "Plugins.Plugin", inner)
    folder = tmp_path / "Voicemark"
    folder.mkdir()
    for source in (HOOKS / "enigma2" / "plugin.py", HOOKS / "leave-request"):
        shutil.copy(source, folder)
    spec = importlib.util.spec_from_file_location("voicemark_box_plugin", folder / "plugin.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def box_timer(state: int, name: str, **more: object) -> SimpleNamespace:
    return SimpleNamespace(state=state, Filename=name, **{"justplay": False, **more})


def test_timers_leave_requests_with_the_paths_of_the_other_machine(
    plugin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "requests"
    folder.mkdir()
    settings = tmp_path / "requests.path"
    settings.write_text(f"{folder}\n/media/hdd/movie\n/srv/box\n")
    monkeypatch.setenv("VOICEMARK_REQUESTS_PATH", str(settings))

    listeners: list[Any] = []
    session = SimpleNamespace(nav=SimpleNamespace(RecordTimer=SimpleNamespace(on_state_change=listeners)))
    descriptor = plugin.Plugins(path="/usr/lib/enigma2/python/Plugins/Extensions/Voicemark")
    assert descriptor.settings["where"] == PluginDescriptor.WHERE_SESSIONSTART
    descriptor.settings["fnc"](0, session=session)
    [changed] = listeners

    name = "/media/hdd/movie/20240101 2015 - Das Erste - Tatort"
    changed(box_timer(0, name))
    changed(box_timer(1, name))
    changed(box_timer(3, name, justplay=True))
    changed(SimpleNamespace(state=3))
    changed(box_timer(3, name))
    deadline = time.monotonic() + 20
    while not (left := list(folder.glob("*.json"))):
        assert time.monotonic() < deadline, "no request was left"
        os.sched_yield()
    assert len(left) == 1
    assert take_requests(folder) == [
        Request("enigma2", "finished", Path("/srv/box/20240101 2015 - Das Erste - Tatort.ts"))
    ]
