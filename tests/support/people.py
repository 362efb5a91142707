"""Archives for tests of people: recordings with speakers and turns, and whose they are."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from voicemark.result import LocalSpeaker, SpeakerTurn, Speech
from voicemark.store.schema import EmbeddingRow, RecordingRow
from voicemark.store.schema_people import MembershipRow
from voicemark.store.speakers import write_speech

BEGUN = datetime(2024, 3, 1, 19, 15, tzinfo=UTC)


def speech(turns: Sequence[tuple[int, float, float]], directions: NDArray[np.int8] | None = None) -> Speech:
    """Of turns (local speaker, start_s, end_s); all sound alike unless `directions` (speakers, d) are given."""
    numbers = sorted({number for number, _, _ in turns})
    sounds = np.ones((len(numbers), 4), np.int8) if directions is None else directions
    seconds = {number: sum(end - start for one, start, end in turns if one == number) for number in numbers}
    return Speech(
        tuple(LocalSpeaker(number, seconds[number], sounds[k]) for k, number in enumerate(numbers)),
        tuple(SpeakerTurn(start, end, number) for number, start, end in sorted(turns, key=lambda turn: turn[1])),
    )


def hear(
    session: Session, path: str, turns: Sequence[tuple[int, float, float]], *, title: str = "A", content: str = ""
) -> int:
    """A recording that was heard with model `m`; its number. Its content is its path, unless told."""
    row = RecordingRow(
        path=path, recorder="plain", content=content or path, title=title, found_at=BEGUN, started_at=BEGUN,
        scanned_at=BEGUN, model_id="m", duration_s=max(end for _, _, end in turns),
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(
        EmbeddingRow(
            recording_id=row.id,
            model_id="m",
            content=row.content,
            windows=1,
            dim=4,
            hop_s=0.5,
            window_s=2.0,
            data=b"\x01\x01\x01\x01",
        )
    )
    write_speech(session, row.id, speech(turns))
    return row.id


def place(
    session: Session, recording_id: int, number: int, person: int, by: str = "machine", score: float | None = None
) -> None:
    """A local speaker is this person."""
    session.add(MembershipRow(recording_id=recording_id, number=number, person_id=person, placed_by=by, score=score))
