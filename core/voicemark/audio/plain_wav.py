"""WAV files that are already what is heard (mono, 16 kHz, 16 bits) are read without ffprobe and ffmpeg.

Starting the two takes a fifth of a second of the processor, more than decoding half a minute; corpora have thousands
of such files, and samples of voices are often cut to them. Whatever is not exactly as it should be is left to ffmpeg,
which knows better, or says what is wrong.
"""

import io
import wave
from pathlib import Path

import numpy as np

from voicemark.audio.pcm import WIDTH, from_pcm
from voicemark.audio.timeline import SAMPLE_RATE, Samples
from voicemark.foreign import ANYWHERE, ForeignError, read_bytes

LONGEST_S = 900.0
"""What lies in memory whole: 29 MB read, 58 MB of samples."""
SHORTEST_S = 0.1
HEADER = 1 << 15  # bytes before the samples, at most


def read_plain(
    path: Path, start_s: float = 0.0, end_s: float | None = None, longest_s: float = LONGEST_S
) -> Samples | None:
    """(samples,) float32 from `start_s` to `end_s`, fewer where the file ends: the same that ffmpeg gives.

    None for any other file, for one that is cut off, and where that would need more than `longest_s` of it. Raises
    `NoAnswerError`.
    """
    if path.suffix.lower() != ".wav" or (end_s is not None and end_s > longest_s):
        return None
    wanted = HEADER + round((longest_s if end_s is None else end_s) * SAMPLE_RATE) * WIDTH
    try:
        with wave.open(io.BytesIO(read_bytes(path, wanted, ANYWHERE)), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, WIDTH, SAMPLE_RATE):
                return None
            length = file.getnframes()
            last = length if end_s is None else min(length, round(end_s * SAMPLE_RATE))
            data = file.readframes(last)
    except (ForeignError, EOFError, RuntimeError, wave.Error):  # A RuntimeError where a chunk begins beyond the end.
        return None
    if not length >= SHORTEST_S * SAMPLE_RATE or last > longest_s * SAMPLE_RATE or len(data) != last * WIDTH:
        return None
    return from_pcm(np.frombuffer(data, "<i2")[round(start_s * SAMPLE_RATE) :])
