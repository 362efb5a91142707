"""The strangers that ship with the weights, drawn from the training split.

The background: windows of as many voices as there are, which embeddings are centred on (`voice/hubness.py`).

The cohort: windows of many of them, clean and with broadcast noise under them, and pieces of music, noise and
applause alone. What a memory draws from these is what it would draw from television that it should not mark
(`voice/score_norm.py`).
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.clips import WINDOW_SAMPLES, cut_windows, read_mono, read_utterances, seeded
from voicemark.lab.corpus.codecs import MP2, round_trip
from voicemark.lab.corpus.mixing import Audio, mix, noise_excerpt
from voicemark.lab.corpus.noise import read_noise
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.linking_sounds import NOISE_ROWS, SMALLEST_COHORT

STRANGERS = 2000  # windows of speech, each of them also with noise under it
NOISE_WINDOWS = 100  # of music and environment alone
SNR_DB = (3.0, 18.0)
PER_VOICE = 4  # windows of each voice of the background
SIMILAR = 0.98  # cosine above which two rows of the cohort say the same


def build_cohort(
    encoder: SpeakerEncoder,
    corpora: Sequence[Path],
    noises: Sequence[Audio],
    *,
    split: str = "train",
    strangers: int = STRANGERS,
    noise_windows: int = NOISE_WINDOWS,
    left_out: Collection[str] = (),
    seed: int = 0,
) -> Tensor:
    """Embeddings (n, d) of length 1, n at most 2 · strangers + noise_windows; the same for the same seed.

    The last `NOISE_ROWS` of a cohort that is large enough to tell noise by are of noise alone, which linking people
    relies on. Of the corpora only `split` without the sources `left_out` is heard; `noises` is the training noise.
    Silent windows and near-duplicates do not count. Raises VoicemarkError where a corpus cannot be read, or too few
    pieces of noise differ.
    """
    utterances = [
        utterance
        for corpus in corpora
        for utterance in read_utterances(corpus, split, per_speaker=2, left_out=left_out, seed=seed)
    ]
    order = seeded(seed, "cohort").permutation(len(utterances))[:strangers]
    clips = cut_windows([utterances[k] for k in sorted(order)], per_utterance=1, seed=seed)
    alone = [
        noise_excerpt([noises[number % len(noises)]], WINDOW_SAMPLES, seeded(seed, "alone", number))
        for number in range(noise_windows)
    ]
    rows = encoder.embed_windows(
        np.concatenate([clips.samples, np.stack([*with_noise(clips.samples, noises, seed, "under"), *alone])])
    )
    speech = torch.arange(len(rows)) < len(rows) - noise_windows
    heard = rows.any(dim=1)
    cohort = without_duplicates(rows[heard])
    noise = len(cohort) - len(without_duplicates(rows[heard & speech]))
    if len(cohort) >= SMALLEST_COHORT and noise < NOISE_ROWS:
        raise VoicemarkError(
            f"only {noise} pieces of noise differ, of which {NOISE_ROWS} are needed",
            hint="add files of music and noise to the training side",
        )
    return cohort


def build_background(
    encoder: SpeakerEncoder,
    corpora: Sequence[Path],
    noises: Sequence[Audio],
    *,
    per_voice: int = PER_VOICE,
    left_out: Collection[str] = (),
    seed: int = 0,
) -> Tensor:
    """Embeddings (n, d) of length 1 of `per_voice` windows of every training voice, some over noise.

    All went through a broadcast's MP2, as most recordings did; measured, uncoded speech gains by it too. A voice that
    has fewer gives what it has; silent windows and sources `left_out` give none. `encoder` embeds without a background.
    Raises VoicemarkError where nothing can be read, ToolError where ffmpeg fails.
    """
    parts = []
    for corpus in corpora:
        windows, speakers = labelled_windows(corpus, noises, left_out=left_out, seed=seed)
        rows = encoder.embed_windows(round_trip(windows[some_of_each(speakers, per_voice, seed)], MP2))
        parts.append(rows[rows.any(dim=1)])
    return torch.cat(parts)


def training_noise(folder: Path) -> list[Audio]:
    """Every file of the training side of a noise folder. Raises VoicemarkError where one cannot be read."""
    return [read_mono(file.path) for file in read_noise(folder, evaluation=False)]


def labelled_windows(
    corpus: Path,
    noises: Sequence[Audio],
    *,
    split: str = "train",
    left_out: Collection[str] = (),
    seed: int = 0,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Windows (n, samples) of every speaker of a split, clean and once more over noise, and whose they are.

    For what is measured within speakers. Sources `left_out` are not heard. Raises VoicemarkError where nothing can be
    read.
    """
    utterances = read_utterances(corpus, split, per_speaker=2, left_out=left_out, seed=seed)
    clips = cut_windows(utterances, per_utterance=2, seed=seed)
    noisy = with_noise(clips.samples, noises, seed, "within")
    return np.concatenate([clips.samples, noisy]), np.concatenate([clips.speaker, clips.speaker])


def with_noise(windows: Audio, noises: Sequence[Audio], seed: int, what: str) -> Audio:
    """Each of the windows (n, samples) over a piece of one of the noises; `what` tells draws of a seed apart."""
    noisy = []
    for number, window in enumerate(windows):
        rng = seeded(seed, what, number)
        noisy.append(mix(window, noise_excerpt(noises, WINDOW_SAMPLES, rng), rng.uniform(*SNR_DB)))
    return np.stack(noisy)


def without_duplicates(rows: Tensor) -> Tensor:
    """The rows (n, d) less those that are nearly equal to one before them: a looped jingle counts once."""
    alike = torch.triu(rows @ rows.T > SIMILAR, diagonal=1).any(dim=0)
    return rows[~alike]


def some_of_each(labels: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Places of at most `most` rows of each of the labels (n,), n at least 1, drawn by the seed, in order."""
    order = seeded(seed, "crowd").permutation(len(labels))
    chosen = [order[labels[order] == label][:most] for label in np.unique(labels)]
    return np.sort(np.concatenate(chosen))
