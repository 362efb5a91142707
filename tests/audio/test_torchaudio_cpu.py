"""torchaudio beside a torch that its compiled parts do not fit."""

import subprocess
import sys

import torch

from voicemark.audio.torchaudio_cpu import extension_stand_in, import_torchaudio

BROKEN = """
import importlib.abc, sys
class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "torchaudio._extension":
            raise OSError("libc10_cuda.so: cannot open shared object file")
sys.meta_path.insert(0, Broken())
from voicemark.audio.torchaudio_cpu import import_torchaudio
torchaudio = import_torchaudio()
print(torchaudio.transforms.MelSpectrogram(n_mels=8)(__import__("torch").zeros(1, 4000)).shape[1])
"""


def test_transforms_work_on_this_machine() -> None:
    mel = import_torchaudio().transforms.MelSpectrogram(sample_rate=16_000, n_mels=20)
    assert mel(torch.zeros(1, 16_000)).shape[:2] == (1, 20)


def test_an_extension_that_cannot_be_loaded_is_stood_in_for() -> None:
    result = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "8", result.stderr


def test_stand_in_says_that_nothing_compiled_is_there() -> None:
    module = extension_stand_in()
    assert module._IS_TORCHAUDIO_EXT_AVAILABLE is False
    assert module._IS_ALIGN_AVAILABLE is False
    assert module.fail_if_no_align(len) is len
