"""How much every window sounds like every voice: one matrix product, then the mean of the best rows.

The memories of all voices are the rows of one matrix (m, d), so that windows (n, d) meet all of them in one product.
A window's score for a voice is the mean of its `top_k` best cosines with that voice's rows, made comparable between
voices (`voicemark.voice.calibration`) and averaged over its neighbours in time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from voicemark.config import Config, MatchSection
from voicemark.errors import ModelError
from voicemark.voice.calibration import Calibration, calibrate, identity

WINDOWS_AT_ONCE = 4096  # a block's cosines with 1,200 rows are 20 MB
SILENT = -1.0  # score of a window in which there is nothing to hear: below every threshold
RULES = 1  # part of `match_key`: counted up when scoring or segmenting changes, so that archives are matched anew


@dataclass(frozen=True)
class Memory:
    """What is known of one voice: embeddings (rows, d) of length 1 of its samples, and its threshold."""

    name: str
    embeddings: Tensor
    threshold: float


@dataclass(frozen=True)
class VoiceBook:
    """All voices, ready to be matched: their memories as one matrix."""

    model_id: str
    """The encoder that the memories are from; windows of another cannot be compared with them."""
    names: tuple[str, ...]
    thresholds: Tensor
    """(voices,) in calibrated scores."""
    rows: Tensor
    """(m, d): the rows of all voices, one voice after the other."""
    sizes: tuple[int, ...]
    """How many of the rows are whose."""
    calibration: Calibration

    @classmethod
    def of(
        cls,
        memories: Sequence[Memory],
        model_id: str,
        settings: MatchSection,
        cohort: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> "VoiceBook":
        """The book of `memories`, calibrated on `cohort` (strangers, d) where settings and encoder allow."""
        rows = [memory.embeddings.float().cpu() for memory in memories]
        calibration = calibrate(rows, cohort, settings.top_k) if settings.calibrate else identity(len(rows))
        book = cls(
            model_id=model_id,
            names=tuple(memory.name for memory in memories),
            thresholds=torch.tensor([memory.threshold for memory in memories]),
            rows=torch.cat(rows) if rows else torch.zeros(0, 0),
            sizes=tuple(len(memory) for memory in rows),
            calibration=calibration,
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
            calibration=Calibration(
                self.calibration.offset.to(device), self.calibration.scale.to(device), self.calibration.base
            ),
        )

    def only(self, voice: int) -> "VoiceBook":
        """The book of one of its voices."""
        here = slice(voice, voice + 1)
        return VoiceBook(
            self.model_id,
            self.names[here],
            self.thresholds[here],
            self.memory(voice),
            self.sizes[here],
            Calibration(self.calibration.offset[here], self.calibration.scale[here], self.calibration.base),
        )

    def check_model(self, model_id: str) -> None:
        """Raises ModelError unless windows of `model_id` can be compared with these memories."""
        if model_id != self.model_id:
            raise ModelError(
                f"the memories of voices are from model {self.model_id}, the windows from {model_id}",
                hint="run `voicemark enrol`",
            )


def threshold_of(config: Config, name: str) -> float:
    """A voice's own threshold, else the common one."""
    own = next((speaker.threshold for speaker in config.speakers if speaker.name == name), None)
    return config.match.threshold if own is None else own


def match_key(book: VoiceBook, settings: MatchSection) -> str:
    """A digest of everything that decides on markers: equal keys and equal embeddings give equal markers."""
    digest = hashlib.sha256(f"{RULES} {book.model_id} {settings.model_dump_json()}".encode())
    for voice, name in enumerate(book.names):
        digest.update(f"\n{name!r} {book.thresholds[voice].item()!r} {book.sizes[voice]}".encode())
    digest.update(book.rows.cpu().numpy().tobytes())
    for tensor in (book.calibration.offset, book.calibration.scale):
        digest.update(tensor.cpu().numpy().tobytes())
    digest.update(repr(book.calibration.base).encode())
    return digest.hexdigest()[:32]


def score_windows(embeddings: Tensor, book: VoiceBook, settings: MatchSection, hop_s: float) -> Tensor:
    """Smoothed, calibrated scores (voices, n) of windows (n, d) that follow each other every `hop_s` seconds.

    Computed on the device of the book, a block of windows at a time; the result lies on the CPU.
    """
    return smooth(calibrated_scores(embeddings, book, settings.top_k), audible(embeddings), taps(settings, hop_s))


def calibrated_scores(embeddings: Tensor, book: VoiceBook, top_k: int) -> Tensor:
    """The windows' own scores (voices, n), not smoothed; those of silent windows mean nothing."""
    blocks = [
        book.calibration.apply(top_mean(block.to(book.rows.device), book, top_k)).cpu()
        for block in torch.split(embeddings, WINDOWS_AT_ONCE)
        if len(block)
    ]
    return torch.cat(blocks, dim=1) if blocks else torch.zeros(len(book), 0)


def top_mean(windows: Tensor, book: VoiceBook, top_k: int) -> Tensor:
    """Mean of each voice's best `top_k` cosines with each window: (n, d) → (voices, n).

    A voice with fewer rows gives the mean of those it has.
    """
    if not len(book):
        return torch.zeros(0, len(windows), device=windows.device)
    cosines = windows @ book.rows.T  # (n, d) x (d, m) -> (n, m)
    return torch.stack(
        [
            of_voice.topk(min(top_k, size), dim=1, sorted=False).values.mean(dim=1)
            for of_voice, size in zip(torch.split(cosines, list(book.sizes), dim=1), book.sizes, strict=True)
        ]
    )


def audible(embeddings: Tensor) -> Tensor:
    """(n, d) → (n,) bool: which windows are not silent (silence is a row of zeros)."""
    return embeddings.any(dim=1)


def taps(settings: MatchSection, hop_s: float) -> int:
    """How many windows are averaged: an odd number, whose centres span `smooth_s`."""
    return 2 * round(settings.smooth_s / hop_s / 2) + 1


def smooth(scores: Tensor, heard: Tensor, width: int) -> Tensor:
    """Mean of each window's score and those of its neighbours, `width` in all: (voices, n) → (voices, n).

    Silent windows (`heard` (n,) is false) and what lies beyond the ends count for nothing; a silent window's own
    score becomes `SILENT`. Every mean is summed in the same order, whatever lies around it.
    """
    weights = heard.to(scores.dtype)[None]
    if scores.numel() == 0:
        return scores
    sums = _box(torch.where(heard, scores, 0.0), width)
    counts = _box(weights, width)
    return torch.where(heard, sums / counts.clamp_min(1), SILENT)


def _box(values: Tensor, width: int) -> Tensor:
    """Sum of `width` values around each column: (rows, n) → (rows, n)."""
    reach = width // 2
    padded = functional.pad(values, (reach, reach))
    total = padded[:, : values.shape[1]].clone()
    for shift in range(1, width):
        total += padded[:, shift : shift + values.shape[1]]
    return total
