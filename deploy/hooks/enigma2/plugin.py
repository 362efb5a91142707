"""Enigma2 plugin: tells voicemark when a timer's recording begins and ends. Runs on the box, in Python 2.7 and 3.

Copy this file, an empty `__init__.py` and `leave-request` to
/usr/lib/enigma2/python/Plugins/Extensions/Voicemark/ and restart the interface. The box writes its requests to a
folder that it shares with the machine on which voicemark runs; /etc/voicemark/requests.path on the box has three
lines: that folder, the recordings' folder as the box sees it, the recordings' folder as the other machine sees it.
"""

# ruff: noqa: PTH100, PTH118, PTH120, UP031 (Python 2.7 has neither pathlib nor format strings)

import os
import subprocess

from Plugins.Plugin import PluginDescriptor

LEAVE_REQUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leave-request")
EVENTS = {2: "started", 3: "finished"}  # TimerEntry.StateRunning, TimerEntry.StateEnded


def timer_changed(timer):
    """Called by the box for every change of a timer's state."""
    event = EVENTS.get(timer.state)
    name = getattr(timer, "Filename", None)
    if event is None or not name or getattr(timer, "justplay", False):
        return
    try:
        # not waited for: a share that does not answer must not stop the interface
        subprocess.Popen(["/bin/sh", LEAVE_REQUEST, "enigma2", event, name + ".ts"])
    except OSError as error:
        print("[Voicemark] %s" % error)


def session_started(reason, session=None, **_):
    """Called once the interface is up."""
    if reason == 0 and session is not None:
        session.nav.RecordTimer.on_state_change.append(timer_changed)


def Plugins(**_):  # noqa: N802 (the box asks for this name)
    """What the box loads."""
    return PluginDescriptor(
        name="Voicemark", where=PluginDescriptor.WHERE_SESSIONSTART, needsRestart=False, fnc=session_started
    )
