"""MP2, which is what most broadcasts have, is decoded in floating point: faster, and as good."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from support.streams import make_beeps

from voicemark.audio import decoder as decoding
from voicemark.audio.demux import AudioReader
from voicemark.config import AudioSection

LONG_S = 120.0
"""More than pipes hold: ffmpeg is still there when the first block is."""
LEAST_SNR_DB = 60.0


@pytest.fixture(scope="module")
def beeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_beeps(tmp_path_factory.mktemp("beeps") / "beeps.ts", LONG_S)


def command_of_ffmpeg() -> list[str]:
    """The arguments of the ffmpeg that this process has started."""
    commands = [child.cmdline() for child in psutil.Process().children(recursive=True)]
    [command] = [command for command in commands if command and Path(command[0]).name == "ffmpeg"]
    return command


def test_ffmpeg_is_told_to_use_the_float_decoder(beeps: Path) -> None:
    blocks = AudioReader([beeps], AudioSection()).blocks()
    next(blocks)
    command = command_of_ffmpeg()
    blocks.close()  # type: ignore[attr-defined]
    decoder = command.index("mp2float")
    assert command[decoder - 1].startswith("-c:") and decoder < command.index("-i"), "before the input that it decodes"


def test_it_costs_nothing_in_quality(beeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_float = np.concatenate(list(AudioReader([beeps], AudioSection()).blocks(0.0, 25.0)))
    monkeypatch.setattr(decoding, "FASTER_DECODERS", {})
    in_integers = np.concatenate(list(AudioReader([beeps], AudioSection()).blocks(0.0, 25.0)))
    assert in_float.shape == in_integers.shape
    assert not np.array_equal(in_float, in_integers), "two decoders"
    power = np.square(in_integers, dtype=np.float64).sum()
    noise = np.square(in_float - in_integers, dtype=np.float64).sum()
    assert 10 * np.log10(power / noise) > LEAST_SNR_DB
