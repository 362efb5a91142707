"""A regular expression matcher that counts its steps: slow, and it looks back as Python's does, over its parse tree.

The work of a pattern on a text is a number here, the same on every machine. And what a pattern finds hardest: texts
in which what it repeats, or what follows that, is repeated.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from re import _constants as codes  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

MANY = 50
"""A repeat that may go on for so long counts as one without end."""

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    codes.CATEGORY_DIGIT: str.isdecimal,
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    codes.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    codes.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    codes.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}
_SAMPLES = "a0 _.-:x\n!"


MOST_STEPS = 30_000
"""Where counting ends."""


class _TooMuchError(Exception):
    pass


class Counted:
    """A compiled pattern. `steps` counts what `work` has tried."""

    def __init__(self, pattern: "re.Pattern[Any]") -> None:
        text = pattern.pattern
        self.tree = parser.parse(text.decode("latin-1") if isinstance(text, bytes) else text, pattern.flags & ~re.DEBUG)
        self.ignore_case = bool(pattern.flags & re.IGNORECASE)
        self.multiline = bool(pattern.flags & re.MULTILINE)
        self.steps = 0
        self.text = ""
        self.groups: dict[int, str] = {}

    def work(self, text: str, mode: str) -> int:
        """Steps of `fullmatch`, `match`, or a search for everything (`search`) in `text`."""
        self.text, self.steps = text, 0
        with suppress(_TooMuchError):
            self._all(mode)
        return self.steps

    def _all(self, mode: str) -> None:
        at, text = 0, self.text
        while at <= len(text):
            self.groups = {}
            found = next(
                (end for end in self.ends(list(self.tree), at) if mode != "fullmatch" or end == len(text)), None
            )
            if mode != "search":
                break
            at = max(at + 1, found or 0)

    def ends(self, nodes: list[Any], at: int) -> Iterator[int]:
        """Where a sequence of nodes that begins at `at` may end, in the order in which they are tried."""
        if not nodes:
            yield at
            return
        for middle in self._one(nodes[0][0], nodes[0][1], at):
            yield from self.ends(nodes[1:], middle)

    def _one(self, op: Any, value: Any, at: int) -> Iterator[int]:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _TooMuchError
        if op in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            if at < len(self.text) and self.takes(op, value, self.text[at]):
                yield at + 1
        elif op is codes.BRANCH:
            for branch in value[1]:
                yield from self.ends(list(branch), at)
        elif op is codes.SUBPATTERN:
            for end in self.ends(list(value[3]), at):
                if value[0] is not None:
                    self.groups[value[0]] = self.text[at:end]
                yield end
        elif op in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            yield from self._repeat(value[0], value[1], list(value[2]), at, 0, op is codes.MIN_REPEAT)
        elif op in (codes.ATOMIC_GROUP, codes.POSSESSIVE_REPEAT):
            inner = list(value) if op is codes.ATOMIC_GROUP else [(codes.MAX_REPEAT, value)]
            yield from (end for end, _ in zip(self.ends(inner, at), range(1), strict=False))
        elif op is codes.GROUPREF:
            group = self.groups.get(value, "")
            self.steps += len(group)
            if self.text.startswith(group, at):
                yield at + len(group)
        elif op in (codes.ASSERT, codes.ASSERT_NOT):
            direction, inner = value
            begin = at if direction > 0 else at - inner.getwidth()[0]
            found = begin >= 0 and next(self.ends(list(inner), begin), None) is not None
            if found == (op is codes.ASSERT):
                yield at
        elif op is codes.AT:
            if self._is_at(value, at):
                yield at
        else:
            raise NotImplementedError(op)

    def _repeat(self, least: int, most: int, body: list[Any], at: int, count: int, lazy: bool) -> Iterator[int]:
        if lazy and count >= least:
            yield at
        if count < most:
            for end in self.ends(body, at):
                if end > at or count < least:
                    yield from self._repeat(least, most, body, end, count + 1, lazy)
        if not lazy and count >= least:
            yield at

    def takes(self, op: Any, value: Any, character: str) -> bool:
        """Whether a node of one character takes this one."""
        if op is codes.ANY:
            return character != "\n"
        if op is codes.LITERAL:
            return self._same(value, character)
        if op is codes.NOT_LITERAL:
            return not self._same(value, character)
        negated = bool(value) and value[0][0] is codes.NEGATE
        for kind, item in value:
            if (
                (kind is codes.LITERAL and self._same(item, character))
                or (kind is codes.RANGE and item[0] <= ord(character) <= item[1])
                or (kind is codes.CATEGORY and _CATEGORIES[item](character))
            ):
                return not negated
        return negated

    def _same(self, code: int, character: str) -> bool:
        return chr(code) == character or (self.ignore_case and chr(code).casefold() == character.casefold())

    def _is_at(self, where: Any, at: int) -> bool:
        text = self.text
        if where in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING):
            return at == 0 or (self.multiline and where is codes.AT_BEGINNING and text[at - 1] == "\n")
        if where is codes.AT_END_STRING:
            return at == len(text)
        if where is codes.AT_END:
            return at == len(text) or text[at:] == "\n" or (self.multiline and text[at] == "\n")
        word = _CATEGORIES[codes.CATEGORY_WORD]
        before, behind = at > 0 and word(text[at - 1]), at < len(text) and word(text[at])
        return (before != behind) == (where is codes.AT_BOUNDARY)

    def hard_texts(self) -> Iterator[tuple[str, str, str]]:
        """(beginning, what is repeated, end) of texts that make this pattern work."""
        seen = set()
        for before, body, behind in self._repeats(list(self.tree), "", ""):
            pumps = {body, before, before + body, behind, body + behind, *_SAMPLES, *(body + one for one in _SAMPLES)}
            for pump in sorted(pumps - {""}):
                for beginning in sorted({"", before}):
                    for end in ("", "\x00"):
                        if (beginning, pump, end) not in seen:
                            seen.add((beginning, pump, end))
                            yield beginning, pump, end

    def _repeats(self, nodes: list[Any], before: str, behind: str) -> Iterator[tuple[str, str, str]]:
        """Each repeat without end: samples of what stands before it, of what it repeats, and of what follows."""
        for number, (op, value) in enumerate(nodes):
            rest = self.sample(nodes[number + 1 : self._next_repeat(nodes, number + 1)]) or behind
            if op in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
                if value[1] > MANY:
                    yield before, self.sample(list(value[2])), rest
                yield from self._repeats(list(value[2]), before, rest)
            elif op is codes.SUBPATTERN:
                yield from self._repeats(list(value[3]), before, rest)
            elif op is codes.BRANCH:
                for branch in value[1]:
                    yield from self._repeats(list(branch), before, rest)
            elif op in (codes.ASSERT, codes.ASSERT_NOT):
                yield from self._repeats(list(value[1]), before, rest)
            before += self.sample([(op, value)])

    @staticmethod
    def _next_repeat(nodes: list[Any], number: int) -> int:
        repeats = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
        places = range(number, len(nodes))
        return next((place for place in places if nodes[place][0] in repeats and place > number), len(nodes))

    def sample(self, nodes: list[Any]) -> str:
        """A text that the nodes match, more or less."""
        text = ""
        for op, value in nodes:
            if op is codes.LITERAL:
                text += chr(value)
            elif op in (codes.NOT_LITERAL, codes.ANY, codes.IN):
                own = [chr(item) for kind, item in value if kind is codes.LITERAL] if op is codes.IN else []
                own += [chr(item[0]) for kind, item in value if kind is codes.RANGE] if op is codes.IN else []
                text += next((one for one in (*own, *_SAMPLES) if self.takes(op, value, one)), "")
            elif op is codes.SUBPATTERN:
                text += self.sample(list(value[3]))
            elif op is codes.BRANCH:
                text += self.sample(list(value[1][0]))
            elif op in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT) and value[1]:
                text += self.sample(list(value[2])) * max(1, value[0])
        return text
