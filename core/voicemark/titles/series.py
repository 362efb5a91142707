"""Series: what the showings and the parts of one series have in common, read from the texts alone.

`Tatort`, `Tatort: X` and `TATORT - X` are one series; `Tatort` with the subtitle `X` is the same part of it as
`Tatort: X`. `CSI: Miami`, shown under that whole name with one episode's subtitle after another, is a series of its
own: `SeriesNames` learns such names from the programmes that are known.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from voicemark.titles.vocabulary import is_word, normalise, tokenize

# On normalised texts, which have single blanks. What looks ahead looks so far that it takes no time with the square.
_SEPARATOR = re.compile(r" ?:(?!\S{0,40}\d) ?| ?: | [-–—|•·] | ?[–—] ?(?=[^\d ])")
_NUMBERING = re.compile(
    r"""
      [ ]?[(\[][ ]?(?:(?:teil|folge|episode|épisode|part|ep|pt|staffel|season|saison|deel|del|odc)?\.?[ ]?)
        \d{1,9}(?:[ ]?(?:[/-]|von|of|sur)[ ]?\d{1,9})?[ ]?[)\]]
    | [ ]?[-–—:,]?[ ]?\b(?:teil|folge|episode|épisode|part|ep|staffel|season|saison)\b\.?[ ]?\d{1,9}
        (?:[ ]?(?:/|von|of|sur)[ ]?\d{1,9})?
    | [ ]?\bs\d{1,2}[ ]?[.:/x-]?[ ]?e\d{1,3}\b
    """,
    re.VERBOSE,
)
# Heads that say what kind of thing comes, not which series it is part of.
_KINDS = frozenset(
    normalise(
        """
    film spielfilm movie live doku dokumentation documentary reportage konzert concert kino cinéma sport sports
    fußball football soccer calcio futbol fútbol voetbal basketball handball volleyball eishockey hockey tennis golf
    rugby cricket boxen radsport cyclisme cycling ciclismo leichtathletik schwimmen biathlon skispringen ski wintersport
    formel formula moto motogp motorsport rallye rally motorrad reiten pferdesport darts snooker baseball météo wetter
    weather news nachrichten aktuell extra spezial special es folgt
    new neu signed riassunto
    """
    ).split()
)
MAX_TITLE = 300  # characters of a title that are looked at
_NAME_SUBTITLES = 2  # subtitles under one and the same title that make this title a series' name


@dataclass(frozen=True)
class SeriesPart:
    """The series a programme belongs to, and which part of it it is (empty where the texts name none)."""

    series: str
    part: str


@dataclass(frozen=True)
class SeriesNames:
    """Whole titles, such as `csi miami`, that are known as the name of a series."""

    names: frozenset[str] = field(default=frozenset())

    @classmethod
    def learn(cls, programmes: Iterable[tuple[str, str | None]]) -> "SeriesNames":
        """From (title, subtitle) pairs: a title that was shown with several different subtitles names a series."""
        subtitles: dict[str, set[str]] = defaultdict(set)
        for title, subtitle in programmes:
            if part := _part_key(subtitle):
                subtitles[_key(_without_numbering(normalise(title[:MAX_TITLE])))].add(part)
        return cls(
            frozenset(name for name, parts in subtitles.items() if len(parts) >= _NAME_SUBTITLES and not _is_kind(name))
        )

    def part_of(self, title: str, subtitle: str | None = None) -> SeriesPart | None:
        """The series and part of a programme; None for a title without letters or digits.

        The shortest beginning of the title (up to a colon or dash) that is a known name is the series; where none
        is known, what stands before the first separator, unless that is a kind of programme (`Fußball: A – B`).
        """
        numbered = normalise(title[:MAX_TITLE])
        plain = _without_numbering(numbered) or numbered
        pieces = [piece for piece in _SEPARATOR.split(plain) if _key(piece)]
        whole = _key(plain)
        if not whole:
            return None
        heads = [_key(" ".join(pieces[: count + 1])) for count in range(len(pieces))]
        series = next((head for head in heads if head in self.names), None)
        if series is None:
            head = heads[0] if heads else whole
            series = whole if _is_kind(head) else head
        rest = whole[len(series) :].strip() if whole.startswith(series) else ""
        numbering = _key(numbered)[len(whole) :].strip() if plain != numbered else ""
        return SeriesPart(series, " ".join(piece for piece in (rest, _part_key(subtitle), numbering) if piece))


def series_part(title: str, subtitle: str | None = None) -> SeriesPart | None:
    """`SeriesNames().part_of`: what can be said without knowing other programmes."""
    return SeriesNames().part_of(title, subtitle)


def series_of(programmes: Mapping[int, tuple[str, str | None]]) -> dict[int, SeriesPart | None]:
    """Series and part of every programme, each known by the others: {id: (title, subtitle)} → {id: part}."""
    names = SeriesNames.learn(programmes.values())
    return {number: names.part_of(title, subtitle) for number, (title, subtitle) in programmes.items()}


def _key(text: str) -> str:
    """The words of a text without its signs: `TATORT -` and `Tatort:` are `tatort`."""
    return " ".join(token.rstrip(":") for token in tokenize(text) if is_word(token))


def _part_key(subtitle: str | None) -> str:
    return _key(subtitle[:MAX_TITLE]) if subtitle else ""


def _without_numbering(text: str) -> str:
    return _NUMBERING.sub("", text).strip()


def _is_kind(head: str) -> bool:
    """Short heads and heads of a general word name no series."""
    words = head.split()
    return len(head) < 2 or words[0] in _KINDS or (len(words) > 1 and words[-1] in _KINDS)
