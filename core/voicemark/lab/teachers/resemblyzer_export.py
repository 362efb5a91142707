"""Resemblyzer (Apache-2.0) from inside its wheel, written as a file that takes samples: a second teacher.

    python resemblyzer_export.py resemblyzer.onnx

Stands alone, for the peers' environment (torch, librosa, onnx, Resemblyzer). The network hears its own 40 mel bands
(resemble-ai/Resemblyzer, resemblyzer/audio.py and voice_encoder.py), so they are part of the file: input `samples`
(N, samples) at 16 kHz in [-1, 1], output `embedding` (N, 256). As it was trained on 1.6 s, the first and the last 1.6 s
are heard, and the mean of both counts.
"""

import sys
from pathlib import Path
from typing import Any

RATE = 16_000
FRAME = 400
HOP = 160
BANDS = 40
HEARD = 160  # frames: 1.6 s
QUIETEST_DBFS = -30.0  # what is quieter is made that loud


def network_on_samples() -> Any:
    """The network with its features before it. Raises ImportError where Resemblyzer is not installed."""
    import librosa  # type: ignore[import-not-found,unused-ignore]
    import numpy as np
    import torch
    import torch.nn.functional as F
    from resemblyzer import VoiceEncoder  # type: ignore[import-not-found,unused-ignore]

    window = np.hanning(FRAME + 1)[:-1]
    turns = np.exp(-2j * np.pi * np.outer(np.arange(FRAME // 2 + 1), np.arange(FRAME)) / FRAME) * window
    bands = librosa.filters.mel(sr=RATE, n_fft=FRAME, n_mels=BANDS)  # (BANDS, FRAME / 2 + 1)

    class OnSamples(torch.nn.Module):
        real: torch.Tensor
        imaginary: torch.Tensor
        bands: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = VoiceEncoder("cpu", verbose=False)
            # a spectrum by convolution: the same arithmetic in every ONNX runtime
            self.register_buffer("real", torch.from_numpy(turns.real[:, None].astype(np.float32)))
            self.register_buffer("imaginary", torch.from_numpy(turns.imag[:, None].astype(np.float32)))
            self.register_buffer("bands", torch.from_numpy(bands.astype(np.float32)))

        def forward(self, samples: Any) -> Any:
            level = samples.square().mean(1, keepdim=True).sqrt()
            samples = samples * (10 ** (QUIETEST_DBFS / 20) / level.clamp(min=1e-8)).clamp(min=1.0)
            padded = F.pad(samples, (FRAME // 2, FRAME // 2))[:, None]
            power = F.conv1d(padded, self.real, stride=HOP).square()
            power = power + F.conv1d(padded, self.imaginary, stride=HOP).square()
            mels = (self.bands @ power).transpose(1, 2)  # (N, frames, BANDS)
            total = self._embed(mels[:, :HEARD]) + self._embed(mels[:, -HEARD:])
            return total / total.norm(dim=1, keepdim=True).clamp(min=1e-8)

        def _embed(self, mels: Any) -> Any:
            _, (hidden, _) = self.network.lstm(mels)
            told = self.network.linear(hidden[-1]).relu()
            return told / told.norm(dim=1, keepdim=True).clamp(min=1e-8)

    return OnSamples().eval()


def main(target: str) -> None:
    """Writes the file, or raises what `network_on_samples` does."""
    import torch

    part = Path(target).with_stem(Path(target).stem + ".part")
    torch.onnx.export(
        network_on_samples(),
        (torch.randn(2, 3 * RATE),),
        str(part),
        input_names=["samples"],
        output_names=["embedding"],
        dynamic_axes={"samples": {0: "N", 1: "S"}, "embedding": {0: "N"}},
        opset_version=17,
        dynamo=False,
    )
    part.replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
