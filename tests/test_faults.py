"""Faults of values in plain words: every kind that our models can meet, none of pydantic's own."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from voicemark.faults import in_words, perhaps


class Sample(BaseModel):
    whole: Annotated[int, Field(ge=1, lt=9)] = 1
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    text: Annotated[str, Field(min_length=2)] = "ab"
    one_of: Literal["auto", "none"] = "auto"
    several: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)
    on: bool = True
    path: Path = Path("a")

    @field_validator("text")
    @classmethod
    def _no_colon(cls, text: str) -> str:
        if ":" in text:
            raise ValueError("may not hold a colon")
        return text


def said(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Sample(**values)
    return "; ".join(map(in_words, caught.value.errors()))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"whole": "Anna"}, "must be a whole number"),
        ({"whole": 1.5}, "must be a whole number"),
        ({"whole": 0}, "must be at least 1"),
        ({"whole": 9}, "must be less than 9"),
        ({"share": 0}, "must be more than 0"),
        ({"share": 1.5}, "must be at most 1"),
        ({"share": "much"}, "must be a number"),
        ({"text": 5}, "must be a text"),
        ({"text": "a"}, "needs at least 2 characters"),
        ({"text": "a:b"}, "may not hold a colon"),
        ({"one_of": "all"}, "must be 'auto' or 'none'"),
        ({"several": ()}, "needs at least 1"),
        ({"several": 3}, "must be a list"),
        ({"on": "perhaps"}, "must be true or false"),
        ({"path": 3}, "must be a text"),
    ],
)
def test_a_fault_is_told_in_plain_words(values: dict[str, Any], words: str) -> None:
    assert said(**values) == words


def test_a_name_that_is_nearly_a_known_one_is_asked_for_and_no_other() -> None:
    assert perhaps("treshold", ["threshold", "normalise"]) == " (is it 'threshold'?)"
    assert perhaps("colour", ["threshold", "normalise"]) == ""
