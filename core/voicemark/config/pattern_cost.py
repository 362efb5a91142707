"""How long a regular expression of the owner may take on a name: Python's matcher cannot be interrupted.

It tries one length after another for everything that may be of several, so its work is at most the product of how many
lengths each may have. What is repeated and may itself be matched in several ways makes that product a power of the
name's length, and is refused however short the name is.
"""

import math
from collections.abc import Iterator
from typing import Any

from re import _compiler as compiler  # type: ignore[attr-defined]  # isort: skip
from re import _constants as codes  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

LONGEST_NAME = 255
"""Bytes that a file's name may have on any of Linux's disks."""
MOST_TRIES = 10_000_000
"""Takes about a second."""
SAME = 3
"""So few repetitions of something are as good as writing it out."""
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def fault_of(pattern: str) -> str | None:
    """Why `pattern` could take too long on some name, in words; None when it cannot. Raises `re.error`."""
    items = list(_in_a_row(parser.parse(pattern)))
    choices: list[float] = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        code, argument = item
        if code is codes.BRANCH:
            choices.append(float(len(argument[1])))
        if code not in _REPEATS:
            continue
        least, most, body = argument
        if most > SAME and not _is_simple(body):
            return "what it repeats may be matched in several ways (a repeat or an alternative within a repeat)"
        if code is not codes.POSSESSIVE_REPEAT and not _ends_at(body, following):
            choices.append(float(min(int(most), LONGEST_NAME) - int(least) + 1))
    # The last of them takes what is left; and lengths that lie one after another have to fit into the name together.
    tries = math.prod(sorted(choices)[:-1])
    endless = sum(choice > LONGEST_NAME / 2 for choice in choices)
    tries /= math.factorial(max(0, endless - 1))
    if tries > MOST_TRIES:
        return f"{len(choices)} of its parts may be of many lengths each: {tries:.0e} tries on a long name"
    return None


def _in_a_row(tree: Any) -> Iterator[Any]:
    """What is matched one after another, groups taken out of their brackets and alternatives gone through."""
    for item in tree:
        code, argument = item
        if code is codes.SUBPATTERN:
            yield from _in_a_row(argument[3])
        elif code is codes.ATOMIC_GROUP:
            yield from _in_a_row(argument)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _in_a_row(argument[1])
        elif code is codes.BRANCH:
            yield item
            for way in argument[1]:
                yield from _in_a_row(way)
        elif code in _REPEATS and argument[1] <= SAME and not _is_simple(argument[2]):
            yield codes.BRANCH, (None, [()] * (int(argument[1]) + 1))
            for _ in range(int(argument[1])):
                yield from _in_a_row(argument[2])
        else:
            yield item


def _is_simple(body: Any) -> bool:
    """Matched in one way wherever it begins: no repeat of several lengths and no alternative in it."""
    for code, argument in _in_a_row(body):
        if code is codes.BRANCH or code in (codes.GROUPREF, codes.GROUPREF_EXISTS):
            return False
        if code in _REPEATS and (argument[0] != argument[1] or not _is_simple(argument[2])):
            return False
    return True


def _ends_at(body: Any, following: Any) -> bool:
    """A repeat of characters that the next one is none of can only end there."""
    if following is None or following[0] is not codes.LITERAL or len(body) != 1:
        return False
    return compiler.compile(body).fullmatch(chr(following[1])) is None
