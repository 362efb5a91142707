"""What answers are worth: F1 on composed recordings before and after so many answers of an owner.

The owner answers only what is asked, and always rightly: whoever speaks for most of the time that is asked about, by
the composer's truth. Everything else is the program's own: it scans, asks, keeps the answers, remembers voices
otherwise and matches the archive anew, on a database of its own.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.actions.acts import Answer
from voicemark.actions.perform import perform
from voicemark.actions.questions import Question, questions
from voicemark.actions.recogniser import make_recogniser
from voicemark.actions.rematch import match_archive
from voicemark.actions.scan import Scan
from voicemark.config import Config
from voicemark.errors import ToolError
from voicemark.lab.evaluation.markers import Composed, mean_score, score_markers
from voicemark.store.database import Database, open_database
from voicemark.store.paths import path_to_text
from voicemark.store.queries import MarkerFilter, find_markers
from voicemark.store.schema import RecordingRow, TurnRow
from voicemark.store.schema_people import MembershipRow

AFTER = (0, 5, 20, 50)
AT_ONCE = 5
"""So many questions are answered before the archive is matched anew."""

Truth = Sequence[Mapping[str, Any]]
"""Turns: speaker, start_s, end_s."""


@dataclass(frozen=True)
class Gained:
    """What is reached after so many answers; means over the recordings."""

    answers: int
    f1: float
    precision: float
    recall: float
    false_minutes_per_hour: float


def worth_of_answers(
    recordings: Sequence[Composed],
    scorer: Path,
    config: Config,
    after: Sequence[int] = AFTER,
    say: Callable[[str], None] = lambda text: None,
) -> list[Gained]:
    """Rows for each number of answers in `after`, ascending, fewer where questions run out. `config` names a database
    that is made by this. ToolError where a recording cannot be heard."""
    config = config.model_copy(
        update={"speakers": Config.model_validate({"speakers": speakers_of(recordings)}).speakers}
    )
    database = open_database(config.database.path)
    try:
        say("hearing")
        paths = [audio_of(one) for one in recordings]
        for outcome in Scan(config, database).paths(paths):
            if outcome.reason is not None:
                raise ToolError(f"is not heard: {outcome.reason}", path=outcome.path)
        truths = dict(zip(map(path_to_text, paths), map(truth_of, recordings), strict=True))
        found: list[Gained] = []
        answered = 0
        for target in after:
            say(f"{target} answers")
            answered += let_answer(database, config, truths, target - answered)
            if found and answered == found[-1].answers:
                break
            found.append(_score(database, recordings, scorer, answered))
        return found
    finally:
        database.close()


def speakers_of(recordings: Sequence[Composed]) -> list[dict[str, Any]]:
    """Every voice that any of the recordings enrols, with all its samples, as the configuration has them."""
    samples: dict[str, list[str]] = {}
    for one in recordings:
        for voice in sorted((one.folder / "enrol").iterdir()):
            samples.setdefault(voice.name, []).append(str(voice.resolve()))
    return [{"name": name, "samples": folders} for name, folders in sorted(samples.items())]


def audio_of(composed: Composed) -> Path:
    """The recording itself, as the database knows it."""
    return (composed.folder / "recording.ts").resolve()


def truth_of(composed: Composed) -> Truth:
    """Who speaks when."""
    turns: Truth = json.loads(composed.truth.read_text())["turns"]
    return turns


def let_answer(database: Database, config: Config, truths: Mapping[str, Truth], at_most: int) -> int:
    """Let the owner answer so many questions, a few at a time; how many were asked."""
    answered = 0
    while answered < at_most:
        with database.reading() as session:
            asked = questions(session, min(AT_ONCE, at_most - answered))
            answers = [answer_of(session, question, truths, config) for question in asked]
        for answer in answers:
            perform(database, config, answer, "owner")
        if not answers:
            break
        answered += len(answers)
        match_archive(database, make_recogniser(config, database).recogniser, config)
    return answered


def answer_of(session: Session, question: Question, truths: Mapping[str, Truth], config: Config) -> Answer:
    """What an owner says who knows everybody that is enrolled, by name, and nobody else."""
    turns = select(RecordingRow.path, TurnRow.start_s, TurnRow.end_s).join(
        RecordingRow, RecordingRow.id == TurnRow.recording_id
    )
    if question.person is None:
        turns = turns.where(
            TurnRow.recording_id == question.recording_id, TurnRow.local_speaker == question.local_speaker
        )
    else:
        turns = turns.join(
            MembershipRow,
            (MembershipRow.recording_id == TurnRow.recording_id) & (MembershipRow.number == TurnRow.local_speaker),
        ).where(MembershipRow.person_id == question.person.person)
    seconds: Counter[str] = Counter()
    for path, start_s, end_s in session.execute(turns):
        for turn in truths.get(path, ()):
            seconds[turn["speaker"]] += max(0.0, min(end_s, turn["end_s"]) - max(start_s, turn["start_s"]))
    who = seconds.most_common(1)[0][0] if seconds else None
    if who == question.voice:
        return Answer(question=question.id, answer="yes")
    known = who is not None and any(speaker.name == who for speaker in config.speakers)
    return Answer(question=question.id, answer="somebody_else" if known else "no", name=who if known else None)


def _score(database: Database, recordings: Sequence[Composed], scorer: Path, answered: int) -> Gained:
    scores = []
    for one in recordings:
        with database.snapshot() as connection:
            markers = [
                {"speaker": marker.speaker, "start_s": marker.start_s, "end_s": marker.end_s}
                for marker in find_markers(connection, MarkerFilter(paths=[audio_of(one)]))
            ]
        scores.append(score_markers(scorer, one, markers))
    mean = mean_score(scores)
    return Gained(answered, mean.f1, mean.precision, mean.recall, mean.false_minutes_per_hour)
