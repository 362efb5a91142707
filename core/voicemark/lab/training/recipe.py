"""The whole recipe of a voice model: folders of speech and noise in, a weights file out.

    manifests → decoded clips → (teacher's targets) → stage 1: a teacher, of fresh crops or of clips, or margin softmax
        → stage 2: triplets with mined violators → the best weights on the dev split

Everything that takes long is kept beside the output (`FILE.work/`) and taken up again by `resume`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from voicemark import model_files
from voicemark.audio.demux import AudioReader
from voicemark.audio.features import FeatureSettings, LogMel
from voicemark.audio.windows import WindowGrid
from voicemark.config import AudioSection
from voicemark.errors import ConfigError, ModelError, VoicemarkError
from voicemark.lab.batches.augment import Augmenter
from voicemark.lab.batches.fresh import FreshSettings, FreshVoices
from voicemark.lab.batches.on_device.batches import DeviceVoices, fresh_settings
from voicemark.lab.batches.on_device.teacher import DeviceTeacher, load_device_teacher
from voicemark.lab.batches.sampling import VoiceBatches
from voicemark.lab.corpus.bank import MAX_SECONDS, AudioBank, Progress
from voicemark.lab.corpus.clips import read_mono
from voicemark.lab.corpus.manifest import read_manifest
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.corpus.noise import read_noise
from voicemark.lab.teachers.ensemble import load_teachers
from voicemark.lab.teachers.teacher import CropTeacher, Teacher
from voicemark.lab.training.autoencoder_training import encoder_tensors, is_autoencoder
from voicemark.lab.training.ridge_init import fit_last_layer
from voicemark.lab.training.settings import TrainingSettings, triplet_stage
from voicemark.lab.training.targets import clips_of, teach
from voicemark.lab.training.trainer import Report, Trainer, initialise, new_network
from voicemark.lab.training.validation import Validation
from voicemark.recorders.registry import find_recordings
from voicemark.voice import weights
from voicemark.voice.network import EncoderConfig, SpeakerNet

SPEEDS = (1.0, 0.88, 1.12)
BABBLE_VOICES = 300
NOISE_SECONDS = 600.0
FITTED_ON = 64  # clips of each source


@dataclass(frozen=True)
class Recipe:
    """What to train on and how. `corpus`: folders with a manifest; the first one's dev split picks the best."""

    corpus: Sequence[Path]
    noise: Path
    out: Path
    teacher: Teacher | None = None
    fresh: Callable[[], CropTeacher] | None = None  # makes the teacher of fresh crops: stage 1 hears no crop for long
    device_teacher: DeviceTeacher | None = None  # in place of both: stage 1 lies wholly on its device
    personas: bool = False  # two to four fresh crops tell one moved voice
    unlabelled: Sequence[Path] = ()  # recordings, audio files or folders of them, for the teacher to label
    init: str | None = None  # "default", or a file of weights or of an autoencoder
    speeds: Sequence[float] = SPEEDS
    network: EncoderConfig = field(default_factory=EncoderConfig)
    first: TrainingSettings | None = None  # None: the defaults for its teachers
    triplet_steps: int = 1_500
    device: str = "cpu"
    resume: bool = False

    @property
    def first_stage(self) -> TrainingSettings:
        """How stage 1 learns."""
        if self.first is not None:
            return self.first
        on_device = self.device_teacher is not None
        return defaults_for(taught=on_device or self.teacher is not None or self.fresh is not None, on_device=on_device)


def defaults_for(*, taught: bool, on_device: bool = False) -> TrainingSettings:
    """Stage 1 beside a teacher, or with known speakers alone: what was measured to be best (the model card).

    A teacher's space is learnt better without the margin softmax, and faster by Muon, with the similarities of the
    batch and the teacher's frames; a device takes batches that are larger, and those a higher learning rate.
    """
    if not taught:
        return TrainingSettings()
    return TrainingSettings(
        learning_rate=5e-3 if on_device else 2e-3, margin_softmax=0.0, relation=15.0, hint=1.0, optimiser="muon"
    )


def taught_by(recipe: Recipe, files: Sequence[Path], *, fresh: bool = True) -> Recipe:
    """`recipe` with the teachers of these files, none for none; `fresh`: they hear ever new crops, else each clip once.

    Raises ConfigError for files that cannot teach together, ModelError for one that cannot be used.
    """
    if not files:
        return recipe
    if any(file.suffix == ".pt2" for file in files):
        if len(files) > 1:
            raise ConfigError("a .pt2 teacher teaches alone", hint="name .onnx files, or one .pt2 file")
        if not fresh:
            raise ConfigError("a .pt2 teacher hears fresh crops only", hint="leave --clips out, or name an .onnx file")
        return replace(recipe, device_teacher=load_device_teacher(files[0], torch.device(recipe.device)))
    return replace(recipe, teacher=load_teachers(files), fresh=partial(load_teachers, files) if fresh else None)


@dataclass(frozen=True)
class Trained:
    """What came out: where, under which id, and the lowest mean EER on the dev split (None without one)."""

    path: Path
    model_id: str
    eer: float | None


def train(recipe: Recipe, report: Callable[[Report], None], progress: Progress) -> Trained:
    """Run `recipe`. Raises VoicemarkError for folders, files or checkpoints that cannot be used."""
    work = recipe.out.with_name(f"{recipe.out.name}.work")
    first = recipe.first_stage
    net = new_network(recipe.network, first.seed)
    if recipe.init:
        progress(f"tensors taken over from {recipe.init}", take_over(net, recipe.init), len(net.state_dict()))
    bank = speech_bank(recipe, work, progress)
    speeds = (1.0,) if recipe.fresh or recipe.device_teacher else recipe.speeds
    batches = VoiceBatches(
        bank,
        augmenter(recipe.noise, bank, work, progress, first.seed),
        speeds=speeds,
        settings=first.sampling,
        seed=first.seed,
    )
    targets = None
    if recipe.device_teacher is not None:
        targets = recipe.device_teacher.teach(bank)
    elif recipe.teacher is not None:
        # fresh crops bring their own targets, so a few of each source fit the projection; triplets want every clip's
        few = recipe.fresh is not None and not recipe.triplet_steps
        targets = teach(bank, recipe.teacher, speeds, work, progress, FITTED_ON if few else None)
    features = FeatureSettings()
    log_mel = LogMel(features).to(recipe.device)
    validation = _validation(recipe, log_mel)

    stages = [("first", first)]
    if recipe.triplet_steps:
        stages.append(("triplets", triplet_stage(first, recipe.triplet_steps)))
    best: float | None = None
    for name, settings in stages:
        voices = batches.with_settings(settings.sampling)
        trainer = Trainer(
            net,
            voices if settings.triplet else _fresh(recipe, voices),
            settings,
            features=features,
            targets=targets,
            validation=validation,
            checkpoint=work / f"{name}.checkpoint",
            device=recipe.device,
            report=report,
        )
        resumed = recipe.resume and trainer.resume()
        if recipe.init and trainer.objective.targets is not None and not resumed and name == "first":
            fit_last_layer(trainer.net, log_mel, bank, trainer.objective.targets[:, 0])
        state = trainer.run()
        if best is None or validation is None or trainer.best_score < best:
            best = trainer.best_score if validation is not None else None
            kept = state
        net.load_state_dict(kept)
    model = weights.packed(net.cpu(), features, WindowGrid(), about=_about(recipe, bank, best))
    weights.write(recipe.out, model)
    return Trained(recipe.out, model.model_id, best)


def _fresh(recipe: Recipe, voices: VoiceBatches) -> VoiceBatches:
    """`voices` as the first stage hears them."""
    if recipe.device_teacher is not None:
        return DeviceVoices(voices, recipe.device_teacher, fresh_settings(voices.settings))
    if not recipe.fresh:
        return voices
    return FreshVoices(voices, recipe.fresh, FreshSettings(persona=(2, 4) if recipe.personas else (1, 1)))


def speech_bank(recipe: Recipe, work: Path, progress: Progress | None = None) -> AudioBank:
    """Every training clip of the corpora and every ten seconds of the unlabelled recordings, decoded."""
    clips = [clip for folder in recipe.corpus for clip in read_manifest(folder, "train")]
    labelled = AudioBank.build(clips, work / "speech", decode, progress=progress)
    if not recipe.unlabelled:
        return labelled
    return AudioBank.join([labelled, *(_recording_bank(path) for path in recipe.unlabelled)])


def _recording_bank(path: Path) -> AudioBank:
    """Recordings at `path`, in clips of ten seconds whose speakers nobody knows."""
    parts: list[tuple[str, str | None, Audio]] = []
    for recorder, found in find_recordings(path):
        recording = recorder.read(found)
        blocks = AudioReader.of(recording, AudioSection()).blocks()
        for number, clip in enumerate(clips_of(blocks)):
            parts.append((f"{recording.path}#{number}", None, clip))
    if not parts:
        raise VoicemarkError("no recording of ten seconds or more", path=path)
    return AudioBank.of(parts, source=str(path))


def augmenter(noise: Path, bank: AudioBank, work: Path, progress: Progress | None, seed: int) -> Augmenter:
    """Noise of the training side of `noise`, and voices of `bank` for babble."""
    clips = read_noise(noise, evaluation=False)
    noises = AudioBank.build(clips, work / "noise", decode, progress=progress, max_seconds=NOISE_SECONDS)
    is_music = [entry.kind.startswith("music") for entry in noises.entries]
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(bank), min(BABBLE_VOICES, len(bank)), replace=False)
    return Augmenter(
        [noises.audio(index) for index, music in enumerate(is_music) if music],
        [noises.audio(index) for index, music in enumerate(is_music) if not music],
        [bank.audio(int(index), 0, 128_000) for index in chosen],
    )


def decode(path: Path) -> Audio:
    """The first minutes of a file, mono at 16 kHz."""
    return read_mono(path, max(MAX_SECONDS, NOISE_SECONDS))


def take_over(net: SpeakerNet, init: str) -> int:
    """Begin with what fits of `init`, "default" or a file as `tensors_of` reads it; returns how many tensors did.

    ModelError where none fits.
    """
    count = initialise(net, tensors_of(init))
    if not count:
        raise ModelError(
            "nothing in it fits this network",
            path=None if init == "default" else Path(init),
            hint="start from weights, or an autoencoder, whose layers have the same shapes",
        )
    return count


def tensors_of(init: str) -> dict[str, Tensor]:
    """The tensors to start from, under the network's names: `default`, a weights file, an autoencoder, or any
    safetensors that has them. ModelError for a file that cannot be used."""
    if init == "default":
        return weights.load().tensors
    path = Path(init)
    if is_autoencoder(path):
        return encoder_tensors(path)
    if model_files.is_kind(path, weights.WEIGHTS):
        return weights.load(path).tensors
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot start from this file: {error}", path=path) from error


def _validation(recipe: Recipe, log_mel: LogMel) -> Validation | None:
    """The first corpus's dev split, or None where it has none."""
    try:
        read_manifest(recipe.corpus[0], "dev")
    except VoicemarkError:
        return None
    return Validation.of_corpus(recipe.corpus[0], recipe.noise, log_mel)


def _about(recipe: Recipe, bank: AudioBank, best: float | None) -> dict[str, str]:
    speakers = {entry.speaker for entry in bank.entries if entry.speaker}
    teacher = recipe.device_teacher or recipe.teacher
    return {
        "corpora": ", ".join(folder.name for folder in recipe.corpus),
        "clips": str(len(bank)),
        "hours": f"{bank.seconds / 3600:.1f}",
        "speakers": str(len(speakers)),
        "teacher": teacher.model_id if teacher else "none",
        "steps": f"{recipe.first_stage.steps} + {recipe.triplet_steps}",
        "seed": str(recipe.first_stage.seed),
        "dev_eer": "" if best is None else f"{best:.4f}",
    }
