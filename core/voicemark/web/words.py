"""What the page says, in the reader's language: one catalogue of sentences a language, and how it writes numbers.

A catalogue is a TOML file in `words`; its tables and keys are joined by dots. `{name}` stands for a value, `{n}` for a
number, on which it depends whether the sentence called `key.one` or `key.other` is taken.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

CATALOGUES = Path(__file__).parent / "words"
FIRST = "en"


@dataclass(frozen=True)
class Words:
    """One language."""

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence called `key`. Raises `KeyError` where there is none, which a test would have found."""
        return self.sentences[key].format(**values) if values else self.sentences[key]

    def count(self, key: str, n: int) -> str:
        """The sentence for so many."""
        return self.sentences[f"{key}.one" if n == 1 else f"{key}.other"].format(n=self.whole(n))

    def whole(self, number: int) -> str:
        """`20,000`, or as the language writes it."""
        return f"{number:,}".replace(",", self.sentences["number.thousands"])

    def decimal(self, number: float, digits: int = 1) -> str:
        """`1.5`, likewise."""
        whole, _, part = f"{number:,.{digits}f}".partition(".")
        whole = whole.replace(",", self.sentences["number.thousands"])
        return f"{whole}{self.sentences['number.point']}{part}" if part else whole

    def day(self, moment: date | None) -> str:
        """A date, of a moment on this machine's clock."""
        if isinstance(moment, datetime):
            moment = moment.astimezone()
        return "" if moment is None else moment.strftime(self.sentences["number.day"])

    def moment(self, moment: datetime | None) -> str:
        """A date and a time."""
        return "" if moment is None else moment.astimezone().strftime(self.sentences["number.moment"])


@cache
def languages() -> dict[str, Words]:
    """Every language that there is a catalogue of, by its code; the first one is that of who asks for none of them."""
    codes = sorted((path.stem for path in CATALOGUES.glob("*.toml")), key=lambda code: (code != FIRST, code))
    return {code: Words(code, dict(_read(CATALOGUES / f"{code}.toml"))) for code in codes}


def chosen(cookie: str, accepted: str) -> Words:
    """The language that was chosen on the page (its cookie), else the one that the browser asks for most."""
    known = languages()
    if cookie in known:
        return known[cookie]
    for code in _by_weight(accepted[:500]):
        if code in known:
            return known[code]
    return known[FIRST]


def _by_weight(accepted: str) -> list[str]:
    """The languages of an `Accept-Language` header without their countries, the most wanted first (RFC 9110)."""
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(","):
        name, *parameters = part.strip().lower().split(";")
        weight = 1.0
        for parameter in parameters:
            if parameter.strip().startswith("q="):
                try:
                    weight = float(parameter.strip()[2:])
                except ValueError:
                    weight = 0.0
        if name and weight > 0:
            weighed.append((-weight, name.partition("-")[0]))
    return [name for _, name in sorted(weighed, key=lambda one: one[0])]


def _read(path: Path) -> Iterator[tuple[str, str]]:
    yield from _flat(tomllib.loads(path.read_text(encoding="utf-8")), ())


def _flat(table: Mapping[str, object], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, (*names, name))
        else:
            yield ".".join((*names, name)), str(value)
