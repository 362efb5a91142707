"""What a person can do about who is who: each act as plain data, with what may go wrong.

The command line, the page and the control socket make these and hand them to `voicemark.actions.perform.perform`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from voicemark.errors import VoicemarkError

LONGEST_NAME = 200
MOST_RECORDINGS = 10_000

Number = Annotated[int, Field(ge=1, lt=1 << 63)]
Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
GivenName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class ActError(VoicemarkError):
    """An act cannot be done: what it names does not exist, or it says what cannot be."""


class NeedsConfirmationError(ActError):
    """The act joins two persons that both have a name, or takes a name that somebody has: it must be asked for."""


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(_Act):
    """The person is called so from now on, and looked for as an enrolled voice is. Where somebody is called so already,
    `merge` says that both are one."""

    act: Literal["name"] = "name"
    person: Number
    name: GivenName
    merge: bool = False


class Merge(_Act):
    """Both are one person: `into` stays, `other` is no more. `confirmed` where both have a name."""

    act: Literal["merge"] = "merge"
    into: Number
    other: Number
    confirmed: bool = False


class Split(_Act):
    """In these recordings it is somebody else: taken out of the person, and never put back by the machine."""

    act: Literal["split"] = "split"
    person: Number
    recordings: Annotated[
        tuple[Annotated[str, Field(max_length=10_000)], ...], Field(min_length=1, max_length=MOST_RECORDINGS)
    ]
    """Paths, or their numbers."""


class Ignore(_Act):
    """The person is of no interest: not shown, not asked about; who sounds so is put there."""

    act: Literal["ignore"] = "ignore"
    person: Number


class Unignore(_Act):
    """The person is shown again."""

    act: Literal["unignore"] = "unignore"
    person: Number


class Correct(_Act):
    """This span is, or is not, this voice: of a marker by its number, or of a recording from `start_s` to `end_s`. With
    both names it is one instead of the other."""

    act: Literal["correct"] = "correct"
    marker: Number | None = None
    recording: Annotated[str, Field(max_length=10_000)] | None = None
    """Path, or number."""
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    is_name: GivenName | None = None
    not_name: GivenName | None = None

    @model_validator(mode="after")
    def _says_where_and_who(self) -> "Correct":
        place = (self.recording, self.start_s, self.end_s)
        if (self.marker is None) == (None in place) or (self.marker is not None and any(p is not None for p in place)):
            raise ValueError("say where: a marker, or a recording with a start and an end")
        if self.start_s is not None and self.end_s is not None and self.start_s >= self.end_s:
            raise ValueError("the end must be after the start")
        if self.is_name is None and self.not_name is None:
            raise ValueError("say who it is, or who it is not")
        if self.is_name == self.not_name:
            raise ValueError("it cannot be and not be the same")
        return self


class Answer(_Act):
    """To a question of `voicemark.actions.people.questions`. `name` with `somebody_else`: who it is, where known."""

    act: Literal["answer"] = "answer"
    question: Annotated[str, Field(max_length=100)]
    answer: Literal["yes", "no", "somebody_else"]
    name: GivenName | None = None


class Undo(_Act):
    """Make undone what the act of this number did; without a number the last one that stands."""

    act: Literal["undo"] = "undo"
    number: Number | None = None


class Retry(_Act):
    """Hear a recording that was set aside again."""

    act: Literal["retry"] = "retry"
    recording: Annotated[str, Field(max_length=10_000)]


Act = Annotated[Name | Merge | Split | Ignore | Unignore | Correct | Answer | Undo | Retry, Field(discriminator="act")]
AnyAct: TypeAdapter[Act] = TypeAdapter(Act)
"""Reads an act from JSON: `AnyAct.validate_json(line)`."""
