"""Type of a programme from its texts, read in reverse: from the description's last word to the title's first.

A recurrent network remembers best what it read last. What says most about a programme stands first, in its title;
so the network reads backwards and comes to the title at the end (Sutskever et al. 2014, arXiv:1409.3215, reverse
their input for the same reason). The direction is a setting, and a bag of words without any order is another. The
probability is calibrated by a temperature (Guo et al. 2017, arXiv:1706.04599); under `sure` the model abstains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from voicemark.titles.bags import flat_sum
from voicemark.titles.vocabulary import Vocabulary, tokenize

Reader = Literal["reverse", "forward", "both", "bag"]
BATCH = 256  # texts read at once
MAX_TOKENS = 160  # read of one programme, from the title on; the rest of a longer description is not
SUBTITLE, DESCRIPTION = "¶subtitle", "¶description"  # tokens that begin a field; no text gives them


@dataclass(frozen=True)
class ProgrammeText:
    """What is read of a programme."""

    title: str
    subtitle: str | None = None
    description: str | None = None

    def tokens(self) -> list[str]:
        """Title, subtitle and description in reading order, each field but the first after its mark."""
        tokens = tokenize(self.title)
        for mark, text in ((SUBTITLE, self.subtitle), (DESCRIPTION, self.description)):
            if text:
                tokens += [mark, *tokenize(text)]
        return tokens[:MAX_TOKENS]


@dataclass(frozen=True)
class TypeGuess:
    """The likeliest type and its calibrated probability; `type` is None where that is too low to say."""

    type: str | None
    probability: float


@dataclass(frozen=True)
class TypeConfig:
    """Dimensions of the classifier, its types, and how it reads."""

    types: tuple[str, ...]
    reader: Reader = "reverse"
    word_dim: int = 96
    hidden_dim: int = 64
    dropout: float = 0.5
    word_dropout: float = 0.3
    """Share of a text's words that are not seen in a training step."""
    sure: float = 0.6
    """Calibrated probability from which a guess is given."""


class TypeNet(nn.Module):
    """Words → type scores. A word is the mean of its features' embeddings."""

    def __init__(self, config: TypeConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        self.table = nn.Parameter(torch.randn(vocabulary.size, config.word_dim) * 0.3)
        both = config.reader == "both"
        self.recurrent = (
            None
            if config.reader == "bag"
            else nn.GRU(config.word_dim, config.hidden_dim, batch_first=True, bidirectional=both)
        )
        width = config.word_dim if self.recurrent is None else config.hidden_dim * (2 if both else 1)
        self.scores = nn.Linear(width, len(config.types))
        self.temperature = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, texts: Sequence[Sequence[str]]) -> Tensor:
        """Tokenized texts → (n, types) scores before the softmax. A text without tokens is read as a lone mark."""
        read = [list(tokens) or [SUBTITLE] for tokens in texts]
        if self.config.reader == "reverse":
            read = [tokens[::-1] for tokens in read]
        lengths = torch.tensor([len(tokens) for tokens in read])
        words = self._words([token for tokens in read for token in tokens])
        if self.training:
            words = words * (torch.rand(len(words), 1) >= self.config.word_dropout)
        words = self._dropped(words)
        sequences = pad_sequence(list(torch.split(words, lengths.tolist())), batch_first=True)  # (n, longest, word_dim)
        if self.recurrent is None:
            summary = sequences.sum(dim=1) / lengths[:, None]
        else:
            packed = pack_padded_sequence(sequences, lengths, batch_first=True, enforce_sorted=False)
            _, last = self.recurrent(packed)  # (1 or 2, n, hidden_dim): the state after each text's own last word
            summary = torch.cat(list(last), dim=1)
        return cast(Tensor, self.scores(self._dropped(summary)))

    def probabilities(self, texts: Sequence[ProgrammeText]) -> Tensor:
        """(n, types), calibrated, without gradients."""
        self.eval()
        with torch.no_grad():
            parts = [
                functional.softmax(self([text.tokens() for text in texts[i : i + BATCH]]) / self.temperature, dim=1)
                for i in range(0, len(texts), BATCH)
            ]
        return torch.cat([torch.zeros(0, len(self.config.types)), *parts])

    def guess(self, texts: Sequence[ProgrammeText]) -> list[TypeGuess]:
        """The type of each programme; abstains (with the best type's probability) when unsure or without a word."""
        guesses: list[TypeGuess] = []
        for text, probabilities in zip(texts, self.probabilities(texts), strict=True):
            probability = float(probabilities.max())
            sure = probability >= self.config.sure and bool(text.tokens())
            guesses.append(TypeGuess(self.config.types[int(probabilities.argmax())] if sure else None, probability))
        return guesses

    def _words(self, tokens: Sequence[str]) -> Tensor:
        """(words, word_dim): the mean over each token's real number of features."""
        bag = self.vocabulary.bag_tokens([[token] for token in tokens])
        summed = flat_sum(bag, self.table)
        return summed / torch.from_numpy(bag.lengths)[:, None]

    def _dropped(self, vectors: Tensor) -> Tensor:
        return functional.dropout(vectors, self.config.dropout, self.training)
