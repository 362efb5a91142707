"""Words: what a TV title is cut into, how the words are counted and numbered, and how they lie in a batch.

Titles are short and odd: `ZDF.reportage`, `heute-show`, `C.S.I.`, `24h`, `#hashtag`, `Tatort:`, `(3/10)`, `:-)`.
A token keeps such a thing whole. Most words are rare and many are new, so a word is several features: itself, when
the vocabulary has it, else a bucket that its hash picks; and a bucket for each of its character n-grams (fastText,
arXiv:1607.04606). Feature 0 is padding: its row stays zero and gets no gradient.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voicemark.clean_text import stream_safe

PAD = 0  # feature number of padding
MAX_TEXT = 200_000  # characters read of one text: an EPG description is far shorter, a broken file may not be
MAX_WORD = 48  # characters of a word that make n-grams: scripts without spaces give words as long as sentences
NGRAMS = (3, 4, 5)  # lengths of character n-grams, counted with the word's ends: <tatort>
_PRIME = np.uint64(1_099_511_628_211)  # of the FNV-1a hash

# Letters, digits, and the vowel signs and accents that Python's \w leaves out (Hebrew, Arabic, Indic, Thai).
_MARKS = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0eff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a"
)
_W = rf"[\w{_MARKS}]"
_TOKEN = re.compile(
    rf"""
      (?<!{_W})[:;=]['^-]?[)(dpo/|3*\]\[]+(?!{_W})   # emoticons: :-) ;) =D
    | <3+(?!{_W})
    | [\#@]{_W}+                                     # hashtags and mentions
    | (?:{_W}\.){{2,}}(?!{_W})                       # abbreviations: C.S.I. U.S.
    | {_W}+(?:[.\-'’&+*/,:]{_W}+)*                   # words, and words joined without a space: heute-show 16:9 3/10
      (?: :(?=\s|$) | \+(?!{_W}) )?                  # a series' colon (Tatort:), a channel's plus (Canal+)
    | ([^\s])\1*                                     # anything else: runs of one sign
    """,
    re.VERBOSE,
)
_CONTROL = dict.fromkeys(  # control characters, direction marks, soft hyphens, lone surrogates
    (
        *range(0x20),
        *range(0x7F, 0xA0),
        *(0xAD, 0x200B, 0x200E, 0x200F, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
    ),
    " ",
)


def normalise(text: str) -> str:
    """One spelling of a text: NFKC, case folded (`TATORT` = `Tatort`, `ß` = `ss`), single spaces, none at the ends.

    Control characters, direction marks and soft hyphens become spaces; joiners inside emoji stay. Idempotent.
    """
    text = stream_safe(text[:MAX_TEXT].translate(_CONTROL))
    for _ in range(4):  # folding can leave NFKC and the reverse; two rounds are enough for all but a few signs
        folded = unicodedata.normalize("NFKC", text.casefold())
        if folded == text:
            break
        text = folded
    return " ".join(text.translate(_CONTROL).split())


def tokenize(text: str) -> list[str]:
    """The tokens of a text, in order.

    Joined without spaces they are `normalise(text)` without its spaces: no visible character is lost. Tokens joined
    with spaces give the same tokens again. Takes time in proportion to the length, at most MAX_TEXT characters.
    """
    return [match.group() for match in _TOKEN.finditer(normalise(text))]


def is_word(token: str) -> bool:
    """Whether a token has a letter or a digit (and is no bare sign)."""
    return any(character.isalnum() for character in token)


def word_form(token: str) -> str:
    """A token as a vocabulary entry: `tatort:` and `tatort` are one word."""
    return token.rstrip(":") or token


@dataclass(frozen=True)
class FeatureBag:
    """Features of several words or texts, flat: bag i is `ids[offsets[i]:offsets[i + 1]]`. Both are int64."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(bags,) number of features of each bag."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Vocabulary:
    """Words by falling frequency, and the numbering of features.

    In this order: padding, the known words, `unknown` buckets for whole words that are not known, and `buckets`
    for character n-grams. `counts` (size,) says in how many of `texts` texts each feature was seen.
    """

    words: tuple[str, ...]
    unknown: int
    buckets: int
    texts: int
    counts: NDArray[np.int64]

    @classmethod
    def build(
        cls, texts: Iterable[str], *, unknown: int = 1 << 12, buckets: int = 1 << 16, min_count: int = 1
    ) -> "Vocabulary":
        """Count the words of `texts`; those in fewer than `min_count` texts stay unknown."""
        tokens = [tokenize(text) for text in texts]
        return cls.build_tokens(tokens, unknown=unknown, buckets=buckets, min_count=min_count)

    @classmethod
    def build_tokens(
        cls, texts: Sequence[Sequence[str]], *, unknown: int, buckets: int, min_count: int
    ) -> "Vocabulary":
        """`build` for tokenized texts."""
        seen = Counter(word for tokens in texts for word in {word_form(token) for token in tokens})
        kept = sorted((word for word, count in seen.items() if count >= min_count), key=lambda w: (-seen[w], w))
        nothing = np.zeros(1 + len(kept) + unknown + buckets, np.int64)
        uncounted = cls(tuple(kept), unknown, buckets, len(texts), nothing)
        bag = uncounted.bag_tokens(texts)
        owner = np.repeat(np.arange(len(texts)), bag.lengths)
        distinct = np.unique(owner * uncounted.size + bag.ids) % uncounted.size
        counts = np.bincount(distinct, minlength=uncounted.size).astype(np.int64)
        return cls(uncounted.words, unknown, buckets, len(texts), counts)

    @cached_property
    def number(self) -> dict[str, int]:
        """Feature number of each known word; the first is 1."""
        return {word: index for index, word in enumerate(self.words, start=PAD + 1)}

    @property
    def size(self) -> int:
        """How many features there are, padding included."""
        return self.first_ngram + self.buckets

    @property
    def first_ngram(self) -> int:
        """Features from this number on are n-grams; below are whole words, known and unknown."""
        return 1 + len(self.words) + self.unknown

    def bag(self, texts: Sequence[str]) -> FeatureBag:
        """The features of each text; a text without tokens has none."""
        return self.bag_tokens([tokenize(text) for text in texts])

    def bag_tokens(self, texts: Sequence[Sequence[str]]) -> FeatureBag:
        """The features of tokenized texts: `word_features` of each token, one after the other.

        Every distinct word is hashed once, and all of them in a few array operations.
        """
        index: dict[str, int] = {}
        flat = [index.setdefault(word_form(token), len(index)) for tokens in texts for token in tokens]
        words = self._bag_words(list(index))
        text_ends = np.cumsum([0, *(len(tokens) for tokens in texts)])
        order = np.asarray(flat, np.int64)
        lengths = words.lengths[order]
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        # element k of the answer is element k - (start of its token here) of its word's bag
        source = np.repeat(words.offsets[:-1][order] - ends[:-1], lengths) + np.arange(ends[-1])
        return FeatureBag(words.ids[source], ends[text_ends].astype(np.int64))

    def word_features(self, word: str) -> list[int]:
        """The features of one word, computed plainly: the reference for `bag`."""
        whole = f"<{word[:MAX_WORD]}>"
        first = self.number.get(word)
        features = [self._unknown_word(whole) if first is None else first]
        if len(word) > 1:
            for n in NGRAMS:
                features += [
                    self.first_ngram + _hash(whole[i : i + n]) % self.buckets
                    for i in range(len(whole) - n + 1)
                    if n < len(whole)
                ]
        return features

    def _unknown_word(self, whole: str) -> int:
        return 1 + len(self.words) + _hash(whole) % self.unknown

    def _bag_words(self, words: Sequence[str]) -> FeatureBag:
        """`word_features` of each word, with the n-grams of all words hashed together."""
        if not words:
            return FeatureBag(np.zeros(0, np.int64), np.zeros(1, np.int64))
        wholes = [f"<{word[:MAX_WORD]}>" for word in words]
        codes = np.frombuffer("".join(wholes).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
        lengths = np.array([len(whole) for whole in wholes])
        owner = np.repeat(np.arange(len(words)), lengths)
        room = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # characters left in the word
        first = np.array([self.number.get(word, PAD) for word in words], np.int64)
        unknown = first == PAD
        first[unknown] = [self._unknown_word(whole) for whole, new in zip(wholes, unknown, strict=True) if new]
        owners, ids = [np.arange(len(words))], [first]
        spelled = np.repeat(lengths > 3, lengths)  # more than one character between the ends
        for n in NGRAMS:
            fits = np.flatnonzero((room >= n) & (np.repeat(lengths, lengths) > n) & spelled)
            value = np.full(len(fits), n, np.uint64)
            for step in range(n):
                value = (value ^ codes[fits + step]) * _PRIME
            owners.append(owner[fits])
            ids.append((_mixed(value) % np.uint64(self.buckets)).astype(np.int64) + self.first_ngram)
        merged = np.concatenate(owners)
        order = np.argsort(merged, kind="stable")
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(merged, minlength=len(words)))])
        return FeatureBag(np.concatenate(ids)[order], offsets.astype(np.int64))


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """High bits into the low ones, which the remainder keeps."""
    return value ^ (value >> np.uint64(29))


def _hash(text: str) -> int:
    """FNV-1a over code points, begun with the length; 64 bits."""
    value = len(text)
    for character in text:
        value = ((value ^ ord(character)) * int(_PRIME)) & 0xFFFF_FFFF_FFFF_FFFF
    return value ^ (value >> 29)
