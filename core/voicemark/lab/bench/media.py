"""Recordings to measure with: as a recorder would write them, of any length, made once and kept."""

import subprocess
from pathlib import Path

from voicemark import files
from voicemark.audio.ffmpeg import find_program
from voicemark.errors import ToolError

PIECE_S = 60
SD_PICTURE = ("testsrc2=s=720x576:r=25", "-c:v", "mpeg2video", "-b:v", "2500k", "-g", "12")
SMALL_PICTURE = ("testsrc2=s=96x64:r=5", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "45")


def make_recording(folder: Path, minutes: int, *, picture: bool = True) -> Path:
    """A transport stream of `minutes` with MP2 sound of 192 kbit/s, 48 kHz stereo, in `folder`; kept for next time.

    With a `picture` as broadcast in standard definition (MPEG-2, 2.5 Mbit/s: 1.2 GB an hour) or a tiny one. A minute
    is encoded and repeated. Raises ToolError.
    """
    kind = "sd" if picture else "small"
    target = folder / f"{kind}-{minutes}min.ts"
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    piece = folder / f"{kind}-piece.ts"
    source, *video = SD_PICTURE if picture else SMALL_PICTURE
    _ffmpeg(
        "-f", "lavfi", "-i", f"{source}:d={PIECE_S}",
        "-f", "lavfi", "-i", f"anoisesrc=c=pink:r=48000:a=0.4:d={PIECE_S},tremolo=f=4:d=0.7",
        "-map", "0:v", "-map", "1:a", *video, "-ac", "2", "-c:a", "mp2", "-b:a", "192k",
        "-metadata:s:a:0", "language=deu", "-f", "mpegts", piece,
    )  # fmt: skip
    with files.replacing(target) as part:
        _ffmpeg(
            "-stream_loop", str(minutes * 60 // PIECE_S - 1), "-i", piece,
            "-map", "0", "-c", "copy", "-output_ts_offset", "38604.1", "-f", "mpegts", part,
        )  # fmt: skip
    piece.unlink()
    return target


def _ffmpeg(*arguments: str | Path) -> None:
    command = [find_program("ffmpeg"), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"ffmpeg cannot make a recording to measure with: {done.stderr.strip()[-300:]}")
