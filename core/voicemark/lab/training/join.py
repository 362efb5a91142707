"""Students of one ancestry made one: all their outputs on the mean trunk, cut to the axes that tell voices apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from voicemark.audio.features import LogMel
from voicemark.lab.backend.background import labelled_windows, training_noise
from voicemark.lab.backend.wccn import raw_embeddings
from voicemark.lab.training.average import cut, side_by_side, whiten_outputs
from voicemark.voice import weights
from voicemark.voice.weights import ModelFile


def join(
    models: Sequence[ModelFile],
    corpora: Sequence[Path],
    noise: Path,
    *,
    dim: int,
    shrink: float,
    shares: Sequence[float] | None = None,
) -> ModelFile:
    """The file of `train join`; without background or cohort.

    `corpora` are folders of known voices, of which the training split is heard, clean and over `noise`. Raises
    ModelError for networks that do not go together, VoicemarkError where a corpus cannot be read.
    """
    net = side_by_side(models, shares)
    features = models[0].features
    noises = training_noise(noise)
    windows, voices, before = [], [], 0
    for corpus in corpora:
        some, whose = labelled_windows(corpus, noises)
        windows.append(some)
        voices.append(whose + before)
        before += int(whose.max()) + 1
    speakers = np.concatenate(voices)
    heard, log_mel = np.concatenate(windows), LogMel(features)
    rows = raw_embeddings(net, log_mel, heard)
    start = 0
    for model in models:
        end = start + model.network.dim
        if "whitened" not in model.about:
            whiten_outputs(net, rows, torch.from_numpy(speakers), slice(start, end), shrink)
        start = end
    smaller = cut(net, raw_embeddings(net, log_mel, heard), speakers, dim)
    made = f"{dim} axes of {' beside '.join(model.model_id for model in models)}"
    about = {**models[0].about, "made": made, "whitened": f"within-class covariance of {len(heard)} windows"}
    return weights.packed(smaller, features, models[0].grid, about=about)
