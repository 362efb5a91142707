"""A teacher on the device, with Kaldi's filter bank before it: crops in, embeddings and frames out, in batches.

The network comes as a program of `torch.export` (a .pt2 file; `campplus_export.py` writes CAM++ as one). The filter
bank is that of `voicemark.voice.fbank` written over batches (Povey's window, pre-emphasis 0.97, no dither); the bank
of triangles itself is torchaudio's.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.audio.torchaudio_cpu import import_torchaudio
from voicemark.errors import ModelError
from voicemark.lab.batches.fresh import CROP
from voicemark.lab.batches.on_device.sound import rms
from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.teachers.teacher import QUIETEST
from voicemark.voice.fbank import BINS, FRAME_S, SHIFT_S

FRAME = int(FRAME_S * SAMPLE_RATE)
SHIFT = int(SHIFT_S * SAMPLE_RATE)
FFT = 512
PREEMPHASIS = 0.97
AT_ONCE = 256  # crops


class BatchFbank(nn.Module):
    """(n, samples) in [-1, 1] → (n, frames, BINS): log energies, every bin's mean over the frames taken away."""

    window: Tensor
    triangles: Tensor

    def __init__(self) -> None:
        super().__init__()
        import_torchaudio()
        from torchaudio.compliance.kaldi import get_mel_banks

        triangles, _ = get_mel_banks(BINS, FFT, float(SAMPLE_RATE), 20.0, 0.0, 100.0, -500.0, 1.0)  # (BINS, FFT / 2)
        hann = torch.hann_window(FRAME, periodic=False, dtype=torch.float64)
        self.register_buffer("window", hann.pow(0.85).float(), persistent=False)
        self.register_buffer("triangles", F.pad(triangles, (0, 1)).T.contiguous(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        frames = audio.unfold(1, FRAME, SHIFT)  # (n, frames, FRAME)
        frames = frames - frames.mean(2, keepdim=True)
        before = torch.cat((frames[..., :1], frames[..., :-1]), dim=2)
        frames = (frames - PREEMPHASIS * before) * self.window
        power = torch.fft.rfft(frames, FFT).abs().square()
        energies = (power @ self.triangles).clamp(min=torch.finfo(torch.float32).eps).log()
        result: Tensor = energies - energies.mean(1, keepdim=True)
        return result


class DeviceTeacher:
    """`network` takes features (n, frames, BINS) and gives embeddings (n, dim) and frames (n, channels, T)."""

    def __init__(self, network: nn.Module, device: torch.device, model_id: str = "", *, half: bool = True) -> None:
        self.device = device
        self.model_id = model_id
        self._network = network.to(device)
        self._fbank = BatchFbank().to(device)
        self._half = half

    @torch.no_grad()
    def hear(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(n, samples) → embeddings (n, dim) of unit length, zeros for near silence; frames (n, channels, T)."""
        parts = [self._pass(part) for part in torch.split(crops, AT_ONCE)]
        embeddings = F.normalize(torch.cat([part[0] for part in parts]).float(), dim=1)
        return embeddings.masked_fill(rms(crops) < QUIETEST, 0.0), torch.cat([part[1] for part in parts])

    def _pass(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        features = self._fbank(crops)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
            embeddings, frames = self._network(features)
        return embeddings, frames

    def teach(self, bank: AudioBank) -> Tensor:
        """What it says of the middle of every clip: (clips, 1, dim) on the processor. Short clips are repeated."""
        heard = []
        for first in range(0, len(bank), AT_ONCE):
            clips = range(first, min(first + AT_ONCE, len(bank)))
            heard.append(self.hear(torch.stack([_middle(bank, clip) for clip in clips]).to(self.device))[0].cpu())
        return torch.cat(heard)[:, None]


def _middle(bank: AudioBank, clip: int) -> Tensor:
    """(CROP,)"""
    start = max(0, (bank.entries[clip].samples - CROP) // 2)
    return torch.from_numpy(np.resize(bank.audio(clip, start, CROP), CROP))  # repeats what is shorter


def load_device_teacher(path: Path, device: torch.device) -> DeviceTeacher:
    """A network that `torch.export` saved. Raises ModelError where it cannot be loaded or takes other features."""
    if not path.is_file():
        raise ModelError("no such model", path=path)
    try:
        network = torch.export.load(path).module()
        teacher = DeviceTeacher(network, device, "pt2-" + hashlib.sha256(path.read_bytes()).hexdigest()[:8])
        teacher.hear(torch.zeros(2, CROP, device=device))
    except Exception as error:  # torch.export raises whatever its reader and the program's guards do
        raise ModelError(f"not a teacher that can be used: {error}", path=path) from error
    return teacher
