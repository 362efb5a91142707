"""Fine-tuning to the owner's voices: only kept when voices that it did not train on are told apart better.

The voices' samples are cut into pieces of six seconds. Every fourth piece is held back; the others join the
corpus as further speakers. The network starts from the shipped one, which at the same time is its own teacher, so
that what it knows of other voices stays. Afterwards both networks answer for the pieces held back; the new one is
written under a new model id only if it separates them better, so stored embeddings of the old one are recognised
as old.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import AudioSection, Config
from voicemark.enrolment.samples import resolve
from voicemark.errors import EnrolmentError
from voicemark.lab.batches.augment import SPEEDS
from voicemark.lab.batches.sampling import VoiceBatches
from voicemark.lab.corpus.bank import AudioBank, Progress
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.protocol import top_k_mean
from voicemark.lab.teachers.teacher import Teacher
from voicemark.lab.training.recipe import Recipe, augmenter, speech_bank
from voicemark.lab.training.settings import triplet_stage
from voicemark.lab.training.targets import teach
from voicemark.lab.training.trainer import Report, Trainer
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import pick_device

PIECE = 6 * SAMPLE_RATE
SHORTEST = 2 * SAMPLE_RATE
HELD_BACK = 4  # every fourth piece
FEWEST = 2  # pieces of a voice, of which at least one is held back
LEARNING_RATE = 2e-4
OTHERS = 200  # corpus clips that the held-back pieces must be told apart from


@dataclass(frozen=True)
class Outcome:
    """Separation before and after, and what was written (None: the new network was not better)."""

    before: float
    after: float
    path: Path | None
    model_id: str | None

    def __str__(self) -> str:
        figures = f"held-back samples: separation {self.before:.2f} before, {self.after:.2f} after"
        if self.path is None:
            return f"{figures}; not better, nothing was written"
        return f"{figures}; {self.path}: {self.model_id} (embeddings of the old model are no longer used)"


@dataclass(frozen=True)
class OwnVoices:
    """The configured voices' audio in pieces, in two parts."""

    training: AudioBank
    held_back: list[tuple[str, Audio]]


class SelfTeacher:
    """A network as the teacher of its successor."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.model_id = encoder.model_id
        self.dim = encoder.dim

    def embed_whole(self, audio: Audio, /) -> Audio:
        """Mean over the windows of a clip; clips shorter than a window are repeated."""
        if len(audio) < SHORTEST:
            audio = np.tile(audio, -(-SHORTEST // max(1, len(audio))))
        mean: Audio = self._encoder.embed(audio).mean(0).numpy()
        unit: Audio = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return unit


def finetune(
    recipe: Recipe, config: Config, report: Callable[[Report], None], progress: Progress, steps: int | None = None
) -> Outcome:
    """Fine-tune to the voices of `config` and write `recipe.out` if that helps.

    `recipe.init` names the weights to start from (the shipped ones if None); `recipe.teacher` replaces the network
    as its own teacher. Raises EnrolmentError when a voice's samples are too few to hold some back.
    """
    start = weights.load(None if recipe.init in (None, "default") else Path(str(recipe.init)))
    old = Encoder(start, pick_device(recipe.device))
    own = own_voices(config)
    work = recipe.out.with_name(f"{recipe.out.name}.work")
    corpus = speech_bank(recipe, work, progress)
    bank = AudioBank.join([corpus, own.training])
    others = corpus_windows(corpus, recipe.first_stage.seed)
    before = separation(old, own, others)

    # The network learns before it is centred on a background, and is taught likewise.
    teacher: Teacher = recipe.teacher or SelfTeacher(Encoder(replace(start, background=None), old.device))
    speeds = tuple(speed for speed in recipe.speeds if speed in SPEEDS)[:1]
    settings = triplet_stage(recipe.first_stage, steps or recipe.triplet_steps, LEARNING_RATE)
    if recipe.teacher is None:  # the targets already are in the network's own space
        settings = replace(settings, project_targets=False)
    batches = VoiceBatches(
        bank,
        augmenter(recipe.noise, bank, work, progress, recipe.first_stage.seed),
        speeds=speeds,
        settings=settings.sampling,
        seed=recipe.first_stage.seed,
        favour={entry.speaker for entry in own.training.entries if entry.speaker},
    )
    net = start.build()
    trainer = Trainer(
        net,
        batches,
        settings,
        features=start.features,
        targets=teach(bank, teacher, speeds, work, progress),
        checkpoint=work / "finetune.checkpoint",
        device=recipe.device,
        report=report,
    )
    if recipe.resume:
        trainer.resume()
    net.load_state_dict(trainer.run())
    about = {**start.about, "fine_tuned_from": start.model_id, "voices": str(len(config.speakers))}
    # Its own successor stays in its space, so the background stays where it was; another teacher leads elsewhere.
    background = start.background if recipe.teacher is None else None
    tuned = weights.packed(net.cpu(), start.features, start.grid, background=background, about=about)
    after = separation(Encoder(tuned, pick_device(recipe.device)), own, others)
    return keep_if_better(recipe.out, tuned, before, after)


def keep_if_better(out: Path, tuned: weights.ModelFile, before: float, after: float) -> Outcome:
    """Writes `tuned` to `out` where it separates the held-back voices better than the weights before did."""
    if after <= before:
        return Outcome(before, after, None, None)
    weights.write(out, tuned)
    return Outcome(before, after, out, tuned.model_id)


def own_voices(config: Config) -> OwnVoices:
    """The pieces of every configured voice; raises EnrolmentError for unusable samples and for too few."""
    training: list[tuple[str, str | None, Audio]] = []
    held_back: list[tuple[str, Audio]] = []
    for speaker in config.speakers:
        samples, problems = resolve(speaker)
        if problems:
            raise problems[0]
        cut = [
            piece
            for sample in samples
            for piece in pieces(
                np.concatenate(
                    list(AudioReader.of(sample.recording, AudioSection()).blocks(sample.start_s, sample.end_s))
                    or [np.zeros(0, np.float32)]
                )
            )
        ]
        if len(cut) < FEWEST:
            raise EnrolmentError(
                f"'{speaker.name}' has {len(cut)} pieces of audio; {FEWEST} are needed to hold one back",
                hint="add samples, about half a minute per voice or more",
            )
        for number, piece in enumerate(cut):
            if number % HELD_BACK == 1:
                held_back.append((speaker.name, piece))
            else:
                training.append((f"{speaker.name}#{number}", f"own:{speaker.name}", piece))
    if not training:
        raise EnrolmentError("the configuration names no speakers", hint="add [[speakers]]")
    return OwnVoices(AudioBank.of(training, source="own"), held_back)


def pieces(audio: Audio) -> list[Audio]:
    """Six-second pieces; a rest of two seconds or more is one, a shorter rest is dropped."""
    cut = [audio[start : start + PIECE] for start in range(0, len(audio), PIECE)]
    return [piece for piece in cut if len(piece) >= SHORTEST]


def corpus_windows(corpus: AudioBank, seed: int) -> list[Audio]:
    """Clips of other people, two seconds or longer."""
    long = [index for index, entry in enumerate(corpus.entries) if entry.samples >= SHORTEST]
    chosen = np.random.default_rng(seed).permutation(long)[:OTHERS]
    return [corpus.audio(int(index), 0, PIECE) for index in chosen]


def separation(encoder: Encoder, own: OwnVoices, others: Sequence[Audio]) -> float:
    """How far scores of held-back windows of a voice lie above those of everybody else, in standard deviations.

    d' = (mean of own scores - mean of others' scores) / sqrt(mean of the two variances), each score the mean of
    the five best cosines with the voice's memory; the mean over voices.
    """
    names = sorted({name for name, _ in own.held_back})
    memories = {
        name: torch.cat(
            [
                encoder.embed(own.training.audio(index))
                for index, entry in enumerate(own.training.entries)
                if entry.speaker == f"own:{name}"
            ]
        )
        for name in names
    }
    held = {
        name: torch.cat([encoder.embed(audio) for own_name, audio in own.held_back if own_name == name])
        for name in names
    }
    strangers = torch.cat([encoder.embed(audio) for audio in others]) if others else torch.zeros(0, encoder.dim)
    distances = []
    for name in names:
        negatives = torch.cat([strangers, *(held[other] for other in names if other != name)])
        positive, negative = (top_k_mean((rows @ memories[name].T).numpy()) for rows in (held[name], negatives))
        spread = max(float(np.sqrt((positive.var() + negative.var()) / 2)), 1e-3)
        distances.append(float((positive.mean() - negative.mean()) / spread))
    return sum(distances) / len(distances)
