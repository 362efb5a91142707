"""How much what is heard sounds like every voice: one matrix product.

A voice is the middle of its memory, a person or a turn (`voicemark.voice.diarization`) that of its windows; both are
directions. A score is the cosine between them, made comparable between voices and programmes
(`voicemark.voice.score_norm`). The middle of many windows carries less of what differs from window to window than
any of them: it tells voices apart better than the best of the windows do (docs/notebook/markers.md).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.config import Config, MatchSection
from voicemark.errors import ModelError
from voicemark.voice.score_norm import ScoreNorm, score_norm

AT_ONCE = 2048  # a block's cosines with a cohort of 4,000 rows are 33 MB
SILENT = -1.0  # score of a turn in which there is nothing to hear: below every threshold
RULES = 5  # part of `match_key`: counted up when scoring or segmenting changes, so that archives are matched anew


@dataclass(frozen=True)
class Memory:
    """What is known of one voice: embeddings (rows, d) of length 1 that are hers, and its threshold."""

    name: str
    embeddings: Tensor
    threshold: float
    denied: Tensor | None = None
    """(k, d): directions of what a person said is not her."""


@dataclass(frozen=True)
class VoiceBook:
    """All voices, ready to be matched."""

    model_id: str
    """The encoder that the memories are from; windows of another cannot be compared with them."""
    names: tuple[str, ...]
    thresholds: Tensor
    """(voices,) in normalised scores."""
    rows: Tensor
    """(m, d): the rows of all memories, one voice after the other."""
    sizes: tuple[int, ...]
    """How many of the rows are whose."""
    centres: Tensor
    """(voices, d): the middle of each memory, of length 1."""
    norm: ScoreNorm
    denied: Tensor
    """(k, d): what somebody said is not the voice, see `voicemark.voice.corrections`."""
    denied_of: tuple[int, ...] = ()
    """Which voice each of these rows speaks against."""

    @classmethod
    def of(
        cls,
        memories: Sequence[Memory],
        model_id: str,
        settings: MatchSection,
        cohort: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> "VoiceBook":
        """The book of `memories`, normalised on `cohort` (strangers, d) where settings and encoder allow."""
        rows = [memory.embeddings.float().cpu() for memory in memories]
        centres = torch.stack([centroid(memory) for memory in rows]) if rows else torch.zeros(0, 0)
        against = [
            memory.denied.float().cpu() for memory in memories if memory.denied is not None and len(memory.denied)
        ]
        book = cls(
            model_id=model_id,
            names=tuple(memory.name for memory in memories),
            thresholds=torch.tensor([memory.threshold for memory in memories]),
            rows=torch.cat(rows) if rows else torch.zeros(0, 0),
            sizes=tuple(len(memory) for memory in rows),
            centres=centres,
            norm=score_norm(centres, cohort if settings.normalise else None),
            denied=torch.cat(against) if against else torch.zeros(0, 0),
            denied_of=tuple(k for k, of in enumerate(memories) if of.denied is not None for _ in of.denied),
        )
        return book.to(device)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    def memory(self, voice: int) -> Tensor:
        """The rows (size, d) of one voice."""
        start = sum(self.sizes[:voice])
        return self.rows[start : start + self.sizes[voice]]

    def to(self, device: torch.device | str) -> "VoiceBook":
        """The same book on a device."""
        return replace(
            self,
            thresholds=self.thresholds.to(device),
            rows=self.rows.to(device),
            centres=self.centres.to(device),
            norm=self.norm.to(device),
            denied=self.denied.to(device),
        )

    def check_model(self, model_id: str) -> None:
        """Raises ModelError unless windows of `model_id` can be compared with these memories."""
        if model_id != self.model_id:
            raise ModelError(
                f"the memories of voices are from model {self.model_id}, the windows from {model_id}",
                hint="run `voicemark enrol`",
            )


def centroid(rows: Tensor) -> Tensor:
    """The middle (d,), of length 1, of rows (m, d)."""
    return normalize(rows.sum(dim=0), dim=0)


def threshold_of(config: Config, name: str) -> float:
    """A voice's own threshold, else the common one."""
    own = next((speaker.threshold for speaker in config.speakers if speaker.name == name), None)
    return config.match.threshold if own is None else own


def key_parts(book: VoiceBook, settings: MatchSection) -> tuple[str, ...]:
    """Digests of what decides on markers: of what holds for all voices, then one for each voice.

    Where the parts of an earlier match are all among these, voices were added since and nothing else has changed.
    """
    common = f"{RULES} {book.model_id} {settings.model_dump_json()} {book.norm.digest}"
    voices = (voice_key(book, voice) for voice in range(len(book)))
    return (hashlib.sha256(common.encode()).hexdigest()[:16], *voices)


def voice_key(book: VoiceBook, voice: int) -> str:
    """A digest of what is known of one voice: its name, threshold, memory, and what is not the voice."""
    digest = hashlib.sha256(f"{book.names[voice]!r} {book.thresholds[voice].item()!r}".encode())
    digest.update(book.memory(voice).cpu().numpy().tobytes())
    if voice in book.denied_of:
        digest.update(
            b"not" + book.denied[[row for row, of in enumerate(book.denied_of) if of == voice]].cpu().numpy().tobytes()
        )
    return digest.hexdigest()[:16]


def match_key(book: VoiceBook, settings: MatchSection) -> str:
    """A digest of everything that decides on markers: equal keys and equal embeddings give equal markers."""
    return whole_key(key_parts(book, settings))


def whole_key(parts: Sequence[str]) -> str:
    """One digest of the `key_parts`."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


def score(directions: Tensor, book: VoiceBook) -> Tensor:
    """Normalised scores (voices, n) of directions (n, d) of length 1; `SILENT` where a row is zeros.

    Computed on the device of the book, a block at a time; the result lies on the CPU.
    """
    if not len(book) or not len(directions):
        return torch.zeros(len(book), len(directions))
    blocks = []
    for block in torch.split(directions, AT_ONCE):
        there = block.to(book.centres.device)
        blocks.append(book.norm.apply(book.centres @ there.T, there).cpu())
    return torch.where(directions.any(dim=1), torch.cat(blocks, dim=1), SILENT)
