"""What pydantic finds wrong with a value, in words for whoever wrote it.

Its own words speak to programmers ("Input should be a valid integer, unable to parse string as an integer"). Kinds of
faults: pydantic's documentation, "Validation Errors" (docs.pydantic.dev/latest/errors/validation_errors).
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_NUMBER, _WHOLE, _TEXT = "must be a number", "must be a whole number", "must be a text"
_LIST, _TABLE, _SWITCH = "must be a list", "must be a table", "must be true or false"
WORDS = {
    "missing": "is missing",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "string_type": _TEXT,
    "path_type": _TEXT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
}


def in_words(fault: Mapping[str, Any]) -> str:
    """One of a `ValidationError`'s `errors()`; our own messages and kinds that are not listed as they are."""
    said = WORDS.get(fault["type"])
    if said is None:
        return str(fault["msg"]).removeprefix("Value error, ")
    return said.format(**fault.get("ctx", {}))


def perhaps(name: str, known: Iterable[str]) -> str:
    """` (is it 'threshold'?)` where `name` is nearly one of the `known`, else nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (is it '{near[0]}'?)" if near else ""
