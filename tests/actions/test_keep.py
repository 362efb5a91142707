"""What was heard is stored once, by the one who owns the claim when it is stored; hearing itself stores nothing."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from support.job_table import MODEL, write

from voicemark.actions.hear import Heard
from voicemark.actions.keep import heard_elsewhere, keep
from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError
from voicemark.recording import Recording
from voicemark.result import Recognised, Result, Speech, Windows
from voicemark.store.database import Database, open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Claim, ClaimLostError, Jobs, JobState
from voicemark.store.schema import EmbeddingRow, JobRow, RecordingRow
from voicemark.voice.diarization import diarize, pack


def heard(recording: Recording, content: str) -> Heard:
    """What might have been heard of it: two seconds of one voice."""
    data = np.ones((4, 8), np.int8)
    return Heard(
        Result(
            recording=recording,
            content=content,
            duration_s=3.5,
            audio_stream="mp2",
            windows=Windows(MODEL, data, 0.5, 2.0),
            turns=pack(diarize(data, 0.5, 2.0)),
            speech=Speech(),
            recognised=Recognised(),
            voices=(),
            match_key="k",
            programmes=(),
            started_at=None,
            notes=("a note",),
        ),
        took_s=1.5,
    )


def give_up(error: DatabaseError) -> None:
    raise error


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "v.db")


@pytest.fixture
def claimed(tmp_path: Path, database: Database) -> tuple[Jobs, Claim, Recording]:
    """A recording that somebody is at."""
    finding = write(tmp_path / "video", "a.ts")
    Inventory(database).found([finding], MODEL)
    jobs = Jobs(database)
    claim = jobs.claim(MODEL)
    assert claim is not None
    return jobs, claim, finding.recording


def stored(database: Database) -> tuple[str, int, list[float | None]]:
    """The job's state, how many embeddings there are, and how long jobs took."""
    with database.reading() as session:
        job = session.scalars(select(JobRow)).one()
        return job.state, len(session.scalars(select(EmbeddingRow)).all()), [job.took_s]


def test_results_and_the_end_of_the_job_are_stored_together(
    database: Database, claimed: tuple[Jobs, Claim, Recording]
) -> None:
    jobs, claim, recording = claimed
    keep(heard(recording, claim.content), claim, database, jobs, unwritable=give_up)
    assert stored(database) == (JobState.DONE, 1, [1.5])


def test_what_comes_too_late_is_dropped(database: Database, claimed: tuple[Jobs, Claim, Recording]) -> None:
    jobs, claim, recording = claimed
    jobs.release(claim)
    other = Jobs(database, worker="another")
    assert other.claim(MODEL) is not None
    with pytest.raises(ClaimLostError):
        keep(heard(recording, claim.content), claim, database, jobs, unwritable=give_up)
    assert stored(database) == (JobState.RUNNING, 0, [None])


def test_what_was_heard_of_other_content_is_not_stored_for_this(
    database: Database, claimed: tuple[Jobs, Claim, Recording]
) -> None:
    jobs, claim, recording = claimed
    with pytest.raises(RecordingError, match="has changed since it was found"):
        keep(heard(recording, "grown since"), claim, database, jobs, unwritable=give_up)
    assert stored(database) == (JobState.RUNNING, 0, [None])


def test_a_result_in_hand_waits_for_a_database_that_cannot_be_written(
    database: Database, claimed: tuple[Jobs, Claim, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, claim, recording = claimed
    told = list[str]()
    with monkeypatch.context() as patch:
        patch.setattr(database, "_writer", database._readers)  # these may not write

        def unwritable(error: DatabaseError) -> None:
            told.append(error.what)
            patch.undo()

        keep(heard(recording, claim.content), claim, database, jobs, unwritable=unwritable)
    assert len(told) == 1
    assert stored(database) == (JobState.DONE, 1, [1.5])


def test_the_same_content_at_another_place_needs_no_hearing(
    tmp_path: Path, database: Database, claimed: tuple[Jobs, Claim, Recording]
) -> None:
    jobs, claim, recording = claimed
    assert heard_elsewhere(recording, claim, Config(), database) is None
    keep(heard(recording, claim.content), claim, database, jobs, unwritable=give_up)
    copy = write(tmp_path / "video", "copy.ts", recording.files[0].read_text())
    Inventory(database).found([copy], MODEL)
    second = jobs.claim(MODEL)
    assert second is not None and second.path.name == "copy.ts"
    known = heard_elsewhere(copy.recording, second, Config(), database)
    assert known is not None and known.result.recording.path.name == "copy.ts"
    assert known.result.windows.data.tobytes() == heard(recording, claim.content).result.windows.data.tobytes()
    keep(known, second, database, jobs, unwritable=give_up)
    with database.reading() as session:
        notes = session.scalars(select(RecordingRow.notes).order_by(RecordingRow.path)).all()
    assert notes == ["a note", "a note"]
