"""Which files are one recording, is it finished, what was on air: one adapter for each kind of recorder."""

from voicemark.recorders.base import Recorder
from voicemark.recorders.registry import find_recordings, recorder_for

__all__ = ["Recorder", "find_recordings", "recorder_for"]
