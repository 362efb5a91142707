"""An archive in which people come back: who is heard in which recording, composed by an external program.

A composer (`--composer`: corpus and noise in, recording.ts and truth.json out) makes one recording out of a folder of
clips. Here it is given a folder of its own for each, so that an archive has what a home's has:

- people who come back: the same `PEOPLE`, each in at least three recordings, in other scenes, with other clips as far
  as there are any;
- guests who are heard once, or twice in a long archive: each is dealt out once before any comes again;
- programmes: `SHOWS` of them, whose recordings share a presenter, signature tunes and beds, and a studio, an equaliser
  and early echoes that everybody in them has in common. So strangers of one programme are nearer to each other than
  their voices make them, as in television.
"""

import csv
import hashlib
import shutil
import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.clips import read_mono, seeded
from voicemark.lab.corpus.manifest import MANIFEST, Clip, read_manifest
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.corpus.noise import read_noise
from voicemark.lab.evaluation.markers import Composed, run_program

PEOPLE = 30
RECORDINGS = 24
SHOWS = 6
REGULARS = 6  # people who come back in a recording, beside its programme's presenter
GUESTS = 2
GUEST_TIMES = 2  # that a guest is heard at most: who is heard in three recordings is no guest
BEDS = 3  # files of music and noise that a programme uses
BED_S = 60.0  # of each that are enough: composers play a bed from its start, and repeat it
LEAST_S = 40.0  # of clips that somebody needs to come back
SPOKEN_S = (20.0, 60.0)  # of clips that somebody has in one recording


@dataclass(frozen=True)
class Cast:
    """Who is heard in one recording, with which clips, in whose programme."""

    number: int
    show: int
    clips: tuple[tuple[Clip, ...], ...]
    """Of each person."""


def cast_archive(corpus: Path, split: str, seed: int, recordings: int = RECORDINGS, people: int = PEOPLE) -> list[Cast]:
    """Who is heard where, the same for the same seed: a longer archive begins as a shorter one.

    Raises VoicemarkError where the split has too few voices.
    """
    by_person: dict[str, list[Clip]] = {}
    seconds = clip_seconds(corpus)
    for clip in read_manifest(corpus, split):
        by_person.setdefault(clip.speaker or "", []).append(clip)
    rng = seeded(seed, "archive")
    total = {name: sum(seconds.get(clip.name, 0.0) for clip in clips) for name, clips in by_person.items()}
    enough = sorted(name for name, clips in by_person.items() if total[name] >= LEAST_S and len(clips) >= 4)
    if len(enough) < people:
        raise VoicemarkError(f"{len(enough)} voices of split {split!r} have {LEAST_S:g} s, not {people}", path=corpus)
    regulars = [enough[k] for k in rng.permutation(len(enough))[:people]]
    others = sorted(set(by_person) - set(regulars))
    guests = [others[k] for k in rng.permutation(len(others))] * GUEST_TIMES
    shelves = {
        name: _Shelf([clips[k] for k in rng.permutation(len(clips))], seconds) for name, clips in by_person.items()
    }
    heard = dict.fromkeys(regulars, 0)
    casts = []
    for number in range(recordings):
        show = number % SHOWS
        presenter = regulars[show]
        rest = [name for name in regulars if name != presenter]
        keys = {name: (heard[name], rng.random()) for name in rest}
        names = [presenter, *sorted(rest, key=keys.__getitem__)[:REGULARS]]
        for name in names:
            heard[name] += 1
        guests, now = guests[GUESTS:], guests[:GUESTS]
        casts.append(
            Cast(number, show, tuple(tuple(shelves[name].take(rng.uniform(*SPOKEN_S))) for name in (*names, *now)))
        )
    return casts


class _Shelf:
    """One person's clips, handed out in turn, so that one comes back as late as can be."""

    def __init__(self, clips: Sequence[Clip], seconds: dict[str, float]) -> None:
        self._clips, self._seconds, self._next = clips, seconds, 0

    def take(self, wanted_s: float) -> list[Clip]:
        taken: list[Clip] = []
        while wanted_s > 0 and len(taken) < len(self._clips):
            clip = self._clips[self._next % len(self._clips)]
            self._next += 1
            taken.append(clip)
            wanted_s -= self._seconds.get(clip.name, 0.0)
        return taken


def clip_seconds(corpus: Path) -> dict[str, float]:
    """How long the manifest says that its clips are."""
    with (corpus / MANIFEST).open(newline="", encoding="utf-8") as lines:
        return {row["path"]: float(row.get("seconds") or 0.0) for row in csv.DictReader(lines)}


def compose_archive(
    composer: Path,
    corpus: Path,
    noise: Path,
    split: str,
    seed: int,
    minutes: float,
    work: Path,
    say: Callable[[str], None] = lambda text: None,
    *,
    recordings: int = RECORDINGS,
) -> list[tuple[Cast, Composed]]:
    """The archive of a seed in `work`; recordings that an earlier run left there are taken as they are, also those of a
    shorter archive.

    Raises VoicemarkError where a corpus cannot be read, ToolError where the composer fails.
    """
    beds = sorted({clip.path for clip in read_noise(noise, evaluation=True)})
    archive = []
    for cast in cast_archive(corpus, split, seed, recordings):
        folder = work / "recordings" / f"people-{composer.stem}-{corpus.name}-{split}-{seed}-{minutes:g}-{cast.number}"
        composed = Composed(f"{seed}.{cast.number}", folder)
        if not composed.truth.exists():
            say(f"composing recording {cast.number + 1} of archive {seed}")
            with tempfile.TemporaryDirectory(prefix="voicemark-people-", dir=_made(work)) as place:
                _lay_out(Path(place), cast, beds, seed, split, work)
                what = ["--corpus", f"{place}/corpus", "--noise", f"{place}/noise", "--out", f"{place}/out"]
                what += ["--split", split, "--seed", str(1000 * seed + cast.number), "--minutes", str(minutes)]
                run_program([str(composer), *what, "--wanted", "0", "--others", str(len(cast.clips)), "--share", "0"])
                folder.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(f"{place}/out", folder)
        archive.append((cast, composed))
    return archive


def _lay_out(place: Path, cast: Cast, beds: Sequence[Path], seed: int, split: str, work: Path) -> None:
    """The folders that a composer is given for one recording."""
    studio = studio_of(seed, cast.show)
    rows: list[list[str]] = []
    for person in cast.clips:
        audio = np.concatenate([_decoded(clip.path, work) for clip in person])
        name = f"{len(rows)}.wav"  # one file: composers start a program for each
        write_wav(_made(place / "corpus") / name, np.convolve(audio, studio)[: len(audio)].astype(np.float32))
        rows.append([name, person[0].source, person[0].speaker or "", split, f"{len(audio) / SAMPLE_RATE:.2f}"])
    with (place / "corpus" / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["path", "source", "speaker", "split", "seconds"], *rows])
    chosen = seeded(seed, "beds", cast.show).permutation(len(beds))[:BEDS]
    for number, bed in enumerate(beds[k] for k in chosen):
        short = _decoded(bed, work)[: round(BED_S * SAMPLE_RATE)]
        write_wav(_made(place / "noise") / f"{number}.wav", short)


def studio_of(seed: int, show: int) -> NDArray[np.float64]:
    """What a programme's studio does to everybody: a filter (taps,), an equaliser of ±4 dB and a few early echoes."""
    rng = seeded(seed, "studio", show)
    bands = np.interp(np.linspace(0, 1, 129), np.linspace(0, 1, 7), rng.uniform(-4, 4, 7))
    equaliser = np.roll(np.fft.irfft(10 ** (bands / 20)), 32)[:65] * np.hanning(65)
    echoes = np.zeros(round(0.025 * SAMPLE_RATE))
    echoes[0] = 1.0
    echoes[rng.integers(32, len(echoes), 4)] += rng.uniform(-0.35, 0.35, 4)
    return np.convolve(equaliser, echoes)


def _decoded(path: Path, work: Path) -> Audio:
    """A clip's samples, decoded once."""
    kept = _made(work / "clips") / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.wav"
    if not kept.exists():
        write_wav(kept, read_mono(path))
    return read_mono(kept)


def write_wav(path: Path, audio: Audio) -> None:
    """Mono, 16 bits, 16 kHz; in one step, so that what is there is whole."""
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.clip(np.round(audio * 32767), -32768, 32767).astype("<i2").tobytes())
    part.replace(path)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
