"""Kaldi's filter bank, 80 bins: what speaker networks from the Kaldi tradition hear instead of samples.

The arithmetic is kaldi-native-fbank's, an optional dependency: `pip install voicemark[onnx]`.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from voicemark.errors import ModelError

BINS = 80
FRAME_S = 0.025
SHIFT_S = 0.010


class Fbank:
    """Samples to log filter-bank energies, without dither, so that equal audio gives equal features.

    `sample_rate` in Hz; `full_scale` is what a sample of 1.0 counts as (1 or 32768, as the network was trained);
    `subtract_mean` takes every bin's mean over the frames away. ModelError where the extra is not installed.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        full_scale: float = 1.0,
        subtract_mean: bool = True,
        window: Literal["povey", "hamming"] = "povey",
    ) -> None:
        try:
            import kaldi_native_fbank
        except ImportError as error:
            raise ModelError(
                "ONNX speaker models need kaldi-native-fbank", hint="pip install 'voicemark[onnx]'"
            ) from error
        self.sample_rate = sample_rate
        self.full_scale = full_scale
        self.subtract_mean = subtract_mean
        self._online: Any = kaldi_native_fbank.OnlineFbank
        self._options: Any = kaldi_native_fbank.FbankOptions()
        self._options.frame_opts.samp_freq = sample_rate
        self._options.frame_opts.dither = 0.0
        self._options.frame_opts.window_type = window
        self._options.mel_opts.num_bins = BINS

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, samples) → (n, frames, BINS); a frame every 10 ms that lies whole within the window."""
        features = np.stack([self._one(window) for window in windows])
        if self.subtract_mean:
            features -= features.mean(axis=1, keepdims=True)
        return features

    def _one(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        extractor = self._online(self._options)
        extractor.accept_waveform(self.sample_rate, window * np.float32(self.full_scale))
        frames = [extractor.get_frame(k) for k in range(extractor.num_frames_ready)]
        return np.stack(frames) if frames else np.zeros((0, BINS), np.float32)
