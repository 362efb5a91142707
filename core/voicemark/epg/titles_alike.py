"""Whether two titles mean one programme, without regard to case, accents and what a source adds to them."""

import re
import unicodedata
from dataclasses import dataclass

from voicemark.clean_text import stream_safe

MOST_IN_COMMON = 0.6


@dataclass(frozen=True)
class Title:
    """A title, ready to be compared."""

    text: str
    words: tuple[str, ...]
    different: frozenset[str]

    @classmethod
    def of(cls, title: str) -> "Title":
        """The words of `title`."""
        words = tuple(_words(title))
        return cls(title.strip(), words, frozenset(words))

    def is_like(self, other: "Title") -> bool:
        """Equal words, one begins with the other, or they have most in common."""
        if not self.words or not other.words:
            return self.text == other.text
        common = len(self.different & other.different)
        if not common:
            return False
        if common >= MOST_IN_COMMON * (len(self.different) + len(other.different) - common):
            return True
        return self.words[: len(other.words)] == other.words or other.words[: len(self.words)] == self.words


def titles_alike(one: str, other: str) -> bool:
    """`Tatort`, `Tatort: Borowski` and `TATORT (Wh.)` are alike: equal words, or one begins with the other."""
    return Title.of(one).is_like(Title.of(other))


def _words(title: str) -> list[str]:
    if title.isascii():
        return re.findall(r"\w+", title.lower())
    text = unicodedata.normalize("NFKD", stream_safe(title.casefold()))
    return re.findall(r"\w+", "".join(character for character in text if not unicodedata.combining(character)))
