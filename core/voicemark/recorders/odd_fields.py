"""Fields of others' JSON, taken through parsers; of what is there and cannot be used, the names are kept for a note."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
NOT_TOLD = (None, "", 0)
"""How others write that there is nothing to tell."""


class Fields:
    """The fields of `data`. Below a field they are named after it (`files.start`), and noted in the same list."""

    def __init__(self, data: Mapping[str, Any], below: str = "", odd: list[str] | None = None) -> None:
        self._data, self._below = data, below
        self.odd: list[str] = [] if odd is None else odd
        """Names of fields that held something that could not be used, each once."""

    def take(self, key: str, read: Callable[[Any], T | None]) -> T | None:
        """What `read` makes of the field; None where nothing is told, or it cannot be used."""
        value = self._data.get(key)
        taken = read(value)
        if taken is None and value not in NOT_TOLD:
            self.cannot_use(key)
        return taken

    def listed(self, key: str, read: Callable[[Any], T | None], most: int) -> list[T]:
        """What `read` makes of each of a list's first `most` items, without those that it makes nothing of."""
        items: Sequence[Any] = self.take(key, lambda value: value if isinstance(value, list) else None) or ()
        taken = [(item, read(item)) for item in items[:most]]
        if any(made is None and item not in NOT_TOLD for item, made in taken):
            self.cannot_use(key)
        return [made for _, made in taken if made is not None]

    def below(self, key: str) -> "Fields | None":
        """The fields of the map that the field is; None where it is none."""
        value = self._data.get(key)
        return Fields(value, f"{self._below}{key}.", self.odd) if isinstance(value, dict) else None

    def within(self, key: str, most: int) -> "list[Fields]":
        """The fields of each map in the list that the field is."""
        maps = self.listed(key, lambda value: value if isinstance(value, dict) else None, most)
        return [Fields(one, f"{self._below}{key}.", self.odd) for one in maps]

    def cannot_use(self, key: str) -> None:
        """The field holds something that is of no use."""
        if (name := self._below + key) not in self.odd:
            self.odd.append(name)


def word(value: object) -> str | None:
    """A JSON text; None for anything else, and an empty one."""
    return value if isinstance(value, str) and value else None
