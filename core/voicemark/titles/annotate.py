"""Labels: series, part, type and vector of the programmes in the database, from their texts.

Series and part need no model. Vector and guessed type do; programmes that arrive later are embedded with the model
that is there, without training again.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from voicemark.store.database import Database
from voicemark.store.schema import ProgrammeRow
from voicemark.titles.series import series_of
from voicemark.titles.type_names import type_of_categories

if TYPE_CHECKING:
    from voicemark.titles.model_file import TextModel

CHUNK = 1000  # programmes embedded at once
GENRE_SEPARATOR = ", "


def label_programmes(database: Database, model: Path) -> int:
    """Label every programme that is not yet labelled; returns how many rows changed.

    `model` is the file from the configuration; where there is none, only series and parts are written. One
    transaction, and none at all where nothing is new. Raises ModelError for a file that is no usable model.
    """
    changed = _label_series(database)
    if model.is_file():
        changed += _label_texts(database, _loaded(model, model.stat().st_mtime_ns))
    return changed


@lru_cache(maxsize=1)
def _loaded(model: Path, _changed_ns: int) -> "TextModel":
    """The model, read again only when its file has changed."""
    from voicemark.titles.model_file import load_text_model

    return load_text_model(model)


def _label_series(database: Database) -> int:
    """Series and part of all programmes, each known by the others; writes those that differ."""
    columns = (
        ProgrammeRow.id, ProgrammeRow.title, ProgrammeRow.subtitle, ProgrammeRow.series, ProgrammeRow.part,
    )  # fmt: skip
    with database.reading() as session:
        rows = session.execute(select(*columns)).all()
    parts = series_of({number: (title, subtitle) for number, title, subtitle, _, _ in rows})
    changes: list[dict[str, object]] = []
    for number, _, _, series, part in rows:
        found = parts[number]
        new = (None, None) if found is None else (found.series, found.part)
        if new != (series, part):
            changes.append({"number": number, "new_series": new[0], "new_part": new[1]})
    if changes:
        statement = (
            update(ProgrammeRow)
            .where(ProgrammeRow.id == bindparam("number"))
            .values(series=bindparam("new_series"), part=bindparam("new_part"))
        )
        with database.writing() as session:
            session.connection().execute(statement, changes)
    return len(changes)


def _label_texts(database: Database, model: "TextModel") -> int:
    """Vector and type of the programmes that have none of this model."""
    stale = or_(ProgrammeRow.title_model.is_(None), ProgrammeRow.title_model != model.model_id)
    with database.reading() as session:
        numbers = list(session.scalars(select(ProgrammeRow.id).where(stale)))
    for start in range(0, len(numbers), CHUNK):
        with database.writing() as session:
            chosen = ProgrammeRow.id.in_(numbers[start : start + CHUNK])
            _write_texts(session, session.scalars(select(ProgrammeRow).where(chosen)).all(), model)
    return len(numbers)


def _write_texts(session: Session, rows: Sequence[ProgrammeRow], model: "TextModel") -> None:
    """A guide that says the type is believed (probability 1); the texts are asked where it does not."""
    from voicemark.titles.types import ProgrammeText, TypeGuess

    vectors = model.titles.embed([row.title for row in rows]).astype("<f4")
    said = [type_of_categories((row.genre or "").split(GENRE_SEPARATOR)) for row in rows]
    asked = [row for row, name in zip(rows, said, strict=True) if name is None]
    guesses: list[TypeGuess] = []
    if model.types is not None:
        guesses = model.types.guess([ProgrammeText(row.title, row.subtitle, row.description) for row in asked])
    guessed = {row.id: guess for row, guess in zip(asked, guesses, strict=False)}
    for row, vector, name in zip(rows, vectors, said, strict=True):
        row.title_vector = vector.tobytes()
        row.title_model = model.model_id
        if name is not None:
            row.type_guess, row.type_probability = name, 1.0
        elif (guess := guessed.get(row.id)) is not None:
            row.type_guess, row.type_probability = guess.type, guess.probability
        else:
            row.type_guess = row.type_probability = None
    session.flush()
