"""The back-end of weights: what is fitted around a trained network, from the voices of the training split.

    whitening (`wccn.py`, folds into the last layer) → the background (`background.py`) → the cohort

Each is measured in the space that the one before it leaves, so the order is fixed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from voicemark.audio.features import LogMel
from voicemark.lab.backend.background import build_background, build_cohort, labelled_windows, training_noise
from voicemark.lab.backend.wccn import fold, raw_embeddings, within_class_whitening
from voicemark.lab.corpus.codecs import MP2, round_trip
from voicemark.lab.corpus.mixing import Audio
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import pick_device
from voicemark.voice.weights import ModelFile


@dataclass(frozen=True)
class BackEnd:
    """What is fitted, and to whom. `corpus` gives the whitening and, with the others, the cohort."""

    corpus: Path
    noise: Path
    whiten: bool = False
    background: Sequence[Path] = ()  # corpora whose voices embeddings are centred on; none: what the weights have
    left_out: Sequence[str] = ()  # sources whose voices count nowhere


def fit(model: ModelFile, plan: BackEnd, doing: Callable[[str], object] = lambda what: None) -> ModelFile:
    """`model` with a new cohort and, where the plan says so, whitened and with a new background.

    Its id stays unless one of these two changes it. Whitened weights without a new background have none, as the old
    one is in the space before. `doing` is told what is being done. Raises VoicemarkError where a corpus cannot be read,
    ToolError where ffmpeg fails.
    """
    doing("reading the noise")
    noises = training_noise(plan.noise)
    cpu = pick_device("cpu")
    if plan.whiten:
        doing("measuring how voices vary")
        model = whitened(model, plan.corpus, noises, plan.left_out)
    if plan.background:
        doing("gathering the background")
        plain = Encoder(replace(model, background=None), cpu)
        rows = build_background(plain, plan.background, noises, left_out=plan.left_out)
        about = {**model.about, "background": f"{len(rows)} windows"}
        model = weights.packed(model.build(), model.features, model.grid, background=rows, about=about)
    doing("embedding the cohort")
    corpora = list(dict.fromkeys([plan.corpus, *plan.background]))
    cohort = build_cohort(Encoder(model, cpu), corpora, noises, left_out=plan.left_out)
    return replace(model, cohort=cohort)


def whitened(model: ModelFile, corpus: Path, noises: Sequence[Audio], left_out: Sequence[str] = ()) -> ModelFile:
    """`model` whose last layer makes voices vary alike in all directions; without background or cohort."""
    network, log_mel = model.build(), LogMel(model.features)
    windows, speakers = labelled_windows(corpus, noises, left_out=left_out)
    rows = raw_embeddings(network, log_mel, np.concatenate([windows, round_trip(windows, MP2)]))
    fold(network, *within_class_whitening(rows, torch.from_numpy(np.tile(speakers, 2))))
    about = {**model.about, "whitened": f"within-class covariance of {len(rows)} windows"}
    return weights.packed(network, model.features, model.grid, about=about)
