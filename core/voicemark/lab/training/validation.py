"""How good a network is on voices that it never heard, while it trains: the enrolment protocol on the dev split.

The numbers are those of `voicemark evaluate voices`, on fewer windows and conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voicemark.audio.features import LogMel
from voicemark.lab.corpus.clips import Clips, cut_windows, read_utterances
from voicemark.lab.corpus.conditions import conditions_named, read_bank
from voicemark.lab.evaluation.protocol import enrolment_trials, error_rates
from voicemark.voice.network import SpeakerNet

CONDITIONS = ("clean", "music5", "noise5")
BATCH = 64


@dataclass(frozen=True)
class Score:
    """Pooled enrolment EER (share of 1) per condition, and their mean, which is what training minimises."""

    eer: dict[str, float]

    @property
    def mean(self) -> float:
        return sum(self.eer.values()) / len(self.eer)

    def __str__(self) -> str:
        return "  ".join(f"{name} {100 * value:.2f} %" for name, value in self.eer.items())


class Validation:
    """Windows of a dev split under a few conditions, ready to be embedded again and again."""

    def __init__(self, clips: Clips, conditions: dict[str, NDArray[np.float32]], log_mel: LogMel) -> None:
        self._clips = clips
        self._conditions = {"clean": clips.samples, **conditions}
        self._log_mel = log_mel

    @classmethod
    def of_corpus(
        cls,
        corpus: Path,
        noise: Path,
        log_mel: LogMel,
        *,
        split: str = "dev",
        conditions: Sequence[str] = CONDITIONS,
        per_speaker: int = 6,
        per_utterance: int = 3,
        seed: int = 0,
    ) -> "Validation":
        """Cut and damage the windows of `split`; raises VoicemarkError when there are none."""
        utterances = read_utterances(corpus, split, per_speaker=per_speaker, seed=seed)
        clips = cut_windows(utterances, per_utterance=per_utterance, seed=seed)
        bank = read_bank(noise)
        damaged = {
            condition.name: condition.apply(clips.samples, bank, seed)
            for condition in conditions_named(conditions)
            if condition.name != "clean"
        }
        return cls(clips, damaged, log_mel)

    def __call__(self, net: SpeakerNet) -> Score:
        """Embed everything with `net` as it is (put in evaluation mode for that, and back)."""
        training = net.training
        net.eval()
        embedded = {name: self._embed(net, windows) for name, windows in self._conditions.items()}
        net.train(training)
        return Score(
            {
                name: error_rates(self._clips, enrolment_trials(self._clips, embedded["clean"], test)).pooled.eer
                for name, test in embedded.items()
            }
        )

    def _embed(self, net: SpeakerNet, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        device = next(net.parameters()).device
        parts = []
        with torch.inference_mode():
            for start in range(0, len(windows), BATCH):
                audio = torch.from_numpy(windows[start : start + BATCH]).to(device)
                parts.append(net(self._log_mel(audio))[:, 0].cpu().numpy())
        result: NDArray[np.float32] = np.concatenate(parts)
        return result
