"""The one part of a file that a request asks for (RFC 9110, 14): what players need to jump about in a sound."""

import re

_ONE = re.compile(r"bytes=[ \t]*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))[ \t]*", re.ASCII)


class OutsideError(Exception):
    """Nothing of the file lies in the range."""


def part_of(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last that `header` asks for, of a file of `size` bytes.

    None for the whole: no header, several ranges at once, or what is none, all of which a server may leave unheeded.
    Raises `OutsideError`.
    """
    found = None if header is None else _ONE.fullmatch(header)
    if found is None:
        return None
    first, last, from_end = found.groups()
    if from_end is not None:
        start, end = max(0, size - int(from_end)), size
        if not int(from_end):
            raise OutsideError
    else:
        start = int(first)
        end = min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise OutsideError
    return start, end
