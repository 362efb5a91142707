"""Training the autoencoder on audio that nobody labelled, and what of it a speaker encoder can begin with.

It hears the encoder's own features: log-mel less its moving mean. Spans of time and bands are blanked out of
the input and must be restored, since 256 channels could otherwise pass 80 bands through untouched.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark import model_files
from voicemark.audio.features import FeatureSettings, LogMel
from voicemark.audio.pcm import from_pcm
from voicemark.errors import ModelError, VoicemarkError
from voicemark.lab.training.autoencoder import Autoencoder, AutoencoderConfig
from voicemark.lab.training.checkpoint import load_checkpoint, save_checkpoint, unusable
from voicemark.voice.network import EncoderConfig, subtract_moving_mean

AUTOENCODER = model_files.Kind(
    format="voicemark-autoencoder",
    version=2,
    noun="autoencoder",
    remedy="make a new one with: voicemark train autoencoder",
)
CHECKPOINT_VERSION = 2

LIKE_THE_ENCODER = AutoencoderConfig(n_mels=80, channels=(256, 256, 384), kernels=(5, 3, 3))
"""Its three convolutions have the shapes of the speaker encoder's first three that are no dilated repeats."""

ENCODER_NAMES = ("stem.0.conv.weight", "stem.1.conv.weight", "trunk.0.conv.weight")
"""Where each convolution goes in `voicemark.voice.network.SpeakerNet`: its pools are there strides of 2, so
filters fit and positions nearly do; norms, biases and all that follows start anew."""


@dataclass(frozen=True)
class AutoencoderTraining:
    """How it is trained."""

    steps: int = 2_000
    batch: int = 64
    window_s: float = 2.0
    learning_rate: float = 1e-3
    blank_frames: int = 24  # the longest span of time that is blanked, in frames
    blank_bands: int = 16  # the widest range of bands that is blanked
    checkpoint_every: int = 250
    seed: int = 0


@dataclass(frozen=True)
class AutoencoderReport:
    """Mean squared error over the steps since the last report, in units of the normalised log-mel's variance."""

    step: int
    steps: int
    loss: float


class AutoencoderTrainer:
    """One autoencoder on its way; `run` goes from where `resume` left it to the last step.

    A step's batch depends on the seed and its number alone: an interrupted run ends like an uninterrupted one.
    """

    def __init__(
        self,
        network: Autoencoder,
        audio: Sequence[NDArray[np.int16]],
        settings: AutoencoderTraining,
        *,
        features: FeatureSettings | None = None,
        device: str | torch.device = "cpu",
        checkpoint: Path | None = None,
        report: Callable[[AutoencoderReport], None] = lambda report: None,
        report_every: int = 50,
    ) -> None:
        """`audio`: excerpts of 16-bit samples at the features' rate. VoicemarkError where none holds a window."""
        self.features = features or FeatureSettings()
        self.window = round(settings.window_s * self.features.sample_rate)
        self.audio = [excerpt for excerpt in audio if len(excerpt) >= self.window]
        if not self.audio:
            raise VoicemarkError(f"no audio is {settings.window_s:g} s long", hint="give more or longer files")
        self.settings = settings
        self.device = torch.device(device)
        self.network = network.to(self.device).train()
        self.log_mel = LogMel(self.features).to(self.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.checkpoint = checkpoint
        self.report, self.report_every = report, report_every
        self.step = 0

    def run(self) -> Autoencoder:
        """Trains to the last step."""
        s = self.settings
        total, count = 0.0, 0
        while self.step < s.steps:
            total += self._update()
            count += 1
            self.step += 1
            last = self.step == s.steps
            if self.step % s.checkpoint_every == 0 or last:
                self.save()
            if self.step % self.report_every == 0 or last:
                self.report(AutoencoderReport(self.step, s.steps, total / count))
                total, count = 0.0, 0
        return self.network.eval()

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """The blanked input and the features it was, (batch, n_mels, frames) each, of one step."""
        s = self.settings
        rng = np.random.default_rng([s.seed, step])
        lengths = np.array([len(excerpt) for excerpt in self.audio], np.float64)
        windows = []
        for index in rng.choice(len(self.audio), s.batch, p=lengths / lengths.sum()):
            excerpt = self.audio[index]
            start = int(rng.integers(0, len(excerpt) - self.window + 1))
            windows.append(from_pcm(excerpt[start : start + self.window]))
        with torch.no_grad():
            mel = normalised_features(self.log_mel, torch.from_numpy(np.stack(windows)).to(self.device))
        return blanked(mel, s, rng), mel

    def _update(self) -> float:
        given, wanted = self.batch(self.step)
        loss = torch.nn.functional.mse_loss(self.network(given), wanted)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def save(self) -> None:
        """Writes the checkpoint in one step."""
        if self.checkpoint is None:
            return
        state = {
            "step": self.step,
            "autoencoder": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_checkpoint(self.checkpoint, CHECKPOINT_VERSION, json.dumps(asdict(self.network.config)), state)

    def resume(self) -> bool:
        """Goes on from the checkpoint; False where there is none. ModelError where it belongs to another network."""
        saved = load_checkpoint(self.checkpoint, CHECKPOINT_VERSION, json.dumps(asdict(self.network.config)))
        if saved is None or self.checkpoint is None:
            return False
        try:
            self.network.load_state_dict(saved["autoencoder"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step = int(saved["step"])
        except (RuntimeError, KeyError, ValueError) as error:
            raise unusable(self.checkpoint, error) from error
        return True


def new_autoencoder(config: AutoencoderConfig = LIKE_THE_ENCODER, seed: int = 0) -> Autoencoder:
    """An untrained network whose weights depend on `seed` alone."""
    torch.manual_seed(seed)
    return Autoencoder(config)


def normalised_features(log_mel: LogMel, audio: Tensor) -> Tensor:
    """(batch, samples) → (batch, n_mels, frames), as the speaker encoder normalises them."""
    encoder = EncoderConfig()
    mel = subtract_moving_mean(log_mel(audio), encoder.norm_frames)
    return mel.clamp(min=encoder.norm_floor)


def blanked(mel: Tensor, settings: AutoencoderTraining, rng: np.random.Generator) -> Tensor:
    """Features with one span of time and one range of bands of each row set to 0 (Park et al., "SpecAugment",
    Interspeech 2019, without its time warping)."""
    rows, bands, frames = mel.shape
    result = mel.clone()
    for row in range(rows):
        for size, longest, along_time in (
            (frames, settings.blank_frames, True),
            (bands, settings.blank_bands, False),
        ):
            width = int(rng.integers(0, min(longest, size - 1) + 1))
            start = int(rng.integers(0, size - width + 1))
            if along_time:
                result[row, :, start : start + width] = 0
            else:
                result[row, start : start + width] = 0
    return result


def thinned(blocks: Iterable[NDArray[np.float32]], most: int, seed: int) -> list[NDArray[np.int16]]:
    """At most `most` of a file's blocks, each with the same chance (reservoir sampling), as 16-bit samples."""
    rng = np.random.default_rng(seed)
    kept: list[NDArray[np.int16]] = []
    for number, block in enumerate(blocks):
        place = number if number < most else int(rng.integers(0, number + 1))
        if place >= most:
            continue
        pcm = np.clip(np.round(block * 32768.0), -32768, 32767).astype(np.int16)
        if place == len(kept):
            kept.append(pcm)
        else:
            kept[place] = pcm
    return kept


def save_autoencoder(path: Path, network: Autoencoder, features: FeatureSettings) -> None:
    """Writes the network with its dimensions and features; replaces `path` in one step. ModelError where it fails."""
    metadata = {"config": json.dumps(asdict(network.config)), "features": json.dumps(asdict(features))}
    model_files.write(path, AUTOENCODER, network.state_dict(), metadata)


def is_autoencoder(path: Path) -> bool:
    """Whether the file says that it is one of ours."""
    return model_files.is_kind(path, AUTOENCODER)


def load_autoencoder(path: Path) -> tuple[Autoencoder, FeatureSettings]:
    """The network and the features that it heard. ModelError for a file that is missing, corrupt or another's."""
    contents = model_files.read(path, AUTOENCODER)
    try:
        network = Autoencoder(model_files.settings(AutoencoderConfig, contents.metadata, "config"))
        network.load_state_dict(contents.tensors)
        return network.eval(), model_files.settings(FeatureSettings, contents.metadata, "features")
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise model_files.corrupt(path, AUTOENCODER, error) from error


def encoder_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of an autoencoder file under the names that they have in the speaker encoder.

    Whoever takes them compares shapes: an autoencoder of other channels lends only what fits. ModelError where the
    features are not the encoder's.
    """
    network, features = load_autoencoder(path)
    if features != FeatureSettings():
        raise ModelError("the autoencoder heard other features than the encoder", path=path)
    filters = [layer.state_dict()["weight"] for layer in network.encoder]
    return dict(zip(ENCODER_NAMES, filters, strict=False))
