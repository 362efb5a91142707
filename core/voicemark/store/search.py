"""Which recordings some words are about: their own texts, those of what was on air, and the names of who is heard.

Texts are looked up in full-text indexes (SQLite's FTS5), whatever the accents and the case, each word also as the
beginning of one. Names are few and change, so they are looked through; an index of them would have to be erased, too,
when somebody is forgotten.
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, TextClause, select, text
from sqlalchemy.orm import Session

from voicemark.store.schema import RecordingRow, VoiceRow

MOST_WORDS, LONGEST_WORD = 8, 40

_ABOUT = """
SELECT rowid FROM recording_texts WHERE recording_texts MATCH :match{n}
UNION
SELECT on_air.recording_id FROM recording_programmes on_air
 WHERE on_air.programme_id IN (SELECT rowid FROM programme_texts WHERE programme_texts MATCH :match{n})
UNION
SELECT heard.recording_id FROM markers heard WHERE heard.voice_id IN (SELECT value FROM json_each(:voices{n}))
UNION
SELECT theirs.recording_id FROM persons somebody JOIN memberships theirs ON theirs.person_id = somebody.id
 WHERE somebody.voice_id IN (SELECT value FROM json_each(:voices{n}))
"""


def words_of(sought: str) -> list[str]:
    """The words of a question, at most `MOST_WORDS`; signs alone are none."""
    words = (word[:LONGEST_WORD] for word in sought.split())
    return [word for word in words if any(char.isalnum() for char in word)][:MOST_WORDS]


def about(session: Session, sought: str) -> list[ColumnElement[bool]]:
    """Conditions on `RecordingRow` that all hold for a recording that all the words are about."""
    names = [(row.id, _folded(row.name)) for row in session.execute(select(VoiceRow.id, VoiceRow.name))]
    conditions: list[ColumnElement[bool]] = []
    for n, word in enumerate(words_of(sought)):
        voices = [number for number, name in names if _begins_one(_folded(word), name)]
        told: dict[str, Any] = {f"match{n}": _match(word), f"voices{n}": json.dumps(voices)}
        found: TextClause = text(_ABOUT.format(n=n)).bindparams(**told)
        conditions.append(RecordingRow.id.in_(found.columns(RecordingRow.id)))
    return conditions


def _match(word: str) -> str:
    """FTS5's question for words that begin so: quoted, so that nothing in it is an operator."""
    return '"' + word.replace('"', '""').replace("\0", "") + '"*'


def _begins_one(word: str, name: str) -> bool:
    return any(name[at:].startswith(word) for at in _beginnings(name))


def _beginnings(name: str) -> Iterator[int]:
    return (at for at in range(len(name)) if at == 0 or not name[at - 1].isalnum())


def _folded(word: str) -> str:
    """Without case and accents, as FTS5 folds it."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))
