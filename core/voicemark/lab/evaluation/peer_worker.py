"""One peer embedder in its own Python: reads windows from a .npy file, writes embeddings to another.

    python peer_worker.py PEER windows.npy embeddings.npy

Stands alone (numpy, the peer's packages, and the script beside it), so that a peer never has to be installed beside
voicemark. Prints one line of JSON: CPU seconds spent on embedding, or why the peer is not there (exit code 3).
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NOT_INSTALLED = 3
RATE = 16_000
BATCH = 32

Embed = Callable[[Any], Any]


def audible(windows: Any) -> Any:
    """(n, samples) → (n,) bool: Resemblyzer fails on digital silence, which is left a row of zeros instead."""
    return np.abs(windows).max(axis=1) > 1e-6


def resemblyzer_readme() -> Embed:
    """As the README says: preprocess_wav (volume, long silences trimmed), then embed_utterance."""
    from resemblyzer import VoiceEncoder, preprocess_wav  # type: ignore[import-not-found,unused-ignore]

    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(windows: Any) -> Any:
        out = np.zeros((len(windows), 256), np.float32)
        for row in np.flatnonzero(audible(windows)):
            speech = preprocess_wav(windows[row], source_sr=RATE)
            # a window that is all silence to its detector has nothing left: its embedding stays zero
            if len(speech):
                out[row] = encoder.embed_utterance(speech)
        return out

    return embed


def resemblyzer_batched() -> Embed:
    """The same weights over whole windows in batches, without trimming."""
    import torch
    from resemblyzer import VoiceEncoder, audio, normalize_volume

    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(windows: Any) -> Any:
        out = np.zeros((len(windows), 256), np.float32)
        heard = np.flatnonzero(audible(windows))
        for start in range(0, len(heard), BATCH):
            rows = heard[start : start + BATCH]
            mels = np.stack(
                [audio.wav_to_mel_spectrogram(normalize_volume(windows[row], -30, increase_only=True)) for row in rows]
            )
            with torch.inference_mode():
                out[rows] = encoder(torch.from_numpy(mels)).numpy()
        return out

    return embed


def campplus() -> Embed:
    """CAM++ on its own features, a batch at a time."""
    import kaldi_native_fbank
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1] / "teachers"))
    from campplus_export import load_network  # type: ignore[import-not-found,unused-ignore]  # by path: no package here

    network = load_network()
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = RATE
    options.mel_opts.num_bins = 80

    def features(window: Any) -> Any:
        fbank = kaldi_native_fbank.OnlineFbank(options)
        fbank.accept_waveform(RATE, window)
        frames = np.stack([fbank.get_frame(k) for k in range(fbank.num_frames_ready)])
        return frames - frames.mean(axis=0)  # (T, 80), mean-normalised as in training

    def embed(windows: Any) -> Any:
        parts = []
        for start in range(0, len(windows), BATCH):
            batch = np.stack([features(window) for window in windows[start : start + BATCH]])
            with torch.inference_mode():
                parts.append(network(torch.from_numpy(batch)).reshape(len(batch), -1).numpy())
        return np.concatenate(parts)

    return embed


PEERS: dict[str, Callable[[], Embed]] = {
    "resemblyzer-readme": resemblyzer_readme,
    "resemblyzer-batched": resemblyzer_batched,
    "campplus": campplus,
}


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(peer: str, source: str, target: str) -> int:
    """Embeds and writes; the first window goes through once unmeasured, as warming up."""
    try:
        embed = PEERS[peer]()
    except (ImportError, StopIteration) as error:
        print(json.dumps({"missing": str(error) or "weights"}))
        return NOT_INSTALLED
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass
    windows = np.load(source)
    embed(windows[:1])
    before = cpu_seconds()
    embeddings = embed(windows)
    spent = cpu_seconds() - before
    np.save(target, embeddings.astype(np.float32))
    print(json.dumps({"cpu_s": spent, "windows": len(windows)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
