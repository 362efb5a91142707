"""voicemark: at which minutes of a TV recording is a known voice heard?"""

__version__ = "0.1.0"
