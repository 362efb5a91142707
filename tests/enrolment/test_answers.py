"""What a person says becomes memory: named groups are voices, corrections teach."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import text
from support.heard_people import MATCH, HearingNothing, group, hear, sounds

from voicemark.actions.acts import Act, Correct, Merge, Name, Undo
from voicemark.actions.perform import perform
from voicemark.actions.rematch import rematch
from voicemark.config import Config
from voicemark.enrolment.enrolment import Enrolment, enrol
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget
from voicemark.voice.corrections import FEWEST, MOST_CONFIRMED, PER_SPAN

CONFIG = Config(match=MATCH)
CLARA, LIKE_CLARA, DORA = 0, 1, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five evenings: Clara in four, a woman who sounds like her in two, Dora in all. Of Clara's all but the last are
    together as person 1, the other woman is 2."""
    path = tmp_path_factory.mktemp("archive") / "v.db"
    database = open_database(path)
    hear(database, "/a.ts", [(CLARA, 60), (DORA, 40), (CLARA, 30)])
    hear(database, "/b.ts", [(DORA, 20), (CLARA, 50), (LIKE_CLARA, 40)])
    hear(database, "/c.ts", [(CLARA, 40), (DORA, 30)])
    hear(database, "/d.ts", [(DORA, 30), (LIKE_CLARA, 60), (DORA, 10)])
    hear(database, "/e.ts", [(DORA, 25), (CLARA, 45)])
    assert [group(database, CLARA, [1, 2, 3]), group(database, LIKE_CLARA, [2, 4])] == [1, 2]
    database.close()
    return path


def do(database: Database, *acts: Act) -> None:
    for act in acts:
        perform(database, CONFIG, act, "me")


def enrolled(database: Database, model_id: str = "model", config: Config = CONFIG) -> Enrolment:
    return enrol(config, HearingNothing(model_id), database)  # type: ignore[arg-type]


def match(database: Database) -> None:
    rematch(database, enrolled(database).book, MATCH, _nothing_to_hear)


def _nothing_to_hear(path: Path, content: str) -> Any:
    raise AssertionError("nothing is decoded")


def heard(database: Database, voice: str) -> list[tuple[str, float, float]]:
    query = "SELECT recording, start_s, end_s FROM voice_markers WHERE speaker = :voice ORDER BY recording, start_s"
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query), {"voice": voice}).all()]


def test_a_group_that_is_named_is_a_voice_that_is_found_elsewhere(database: Database) -> None:
    assert enrolled(database).book.names == ()
    do(database, Name(person=1, name="Clara"))
    [report] = enrolled(database).reports
    assert report.name == "Clara" and report.memory is not None and report.confirmed == len(report.memory) >= 9
    assert float(torch.from_numpy(sounds(8))[CLARA] @ report.memory.mean(dim=0)) > 0.7
    match(database)
    assert {path for path, _, _ in heard(database, "Clara")} == {"/a.ts", "/b.ts", "/c.ts", "/e.ts"}
    with database.reading() as session:
        people = session.execute(text("SELECT name, recordings FROM people WHERE person = 1")).one()
    assert tuple(people) == ("Clara", 4)


def test_a_memory_is_made_once_and_again_only_when_something_else_was_said(database: Database) -> None:
    do(database, Name(person=1, name="Clara"))
    first = enrolled(database)
    with database.reading() as session:
        made_at = session.execute(text("SELECT made_at, origin FROM voice_memories")).all()
    assert [row.origin for row in made_at] == ["confirmed"]
    again = enrolled(database)
    with database.reading() as session:
        assert session.execute(text("SELECT made_at, origin FROM voice_memories")).all() == made_at
    assert torch.equal(first.book.rows, again.book.rows)


def test_who_was_named_is_found_with_new_weights_once_recordings_were_heard_by_them(database: Database) -> None:
    do(database, Name(person=1, name="Clara"))
    enrolled(database)
    [report] = enrolled(database, "other weights").reports
    assert report.memory is None and "heard" in str(report.waits)
    hear(database, "/a.ts", [(CLARA, 60), (DORA, 40), (CLARA, 30)], "other weights")
    [report] = enrolled(database, "other weights").reports
    assert report.memory is not None and report.waits is None
    new = torch.from_numpy(sounds(8, "other weights"))[CLARA]
    assert float(new @ report.memory.mean(dim=0)) > 0.7


def test_a_correction_is_so_at_once_whatever_the_score(database: Database) -> None:
    do(database, Name(person=1, name="Clara"))
    match(database)
    before = heard(database, "Clara")
    do(
        database,
        Correct(recording="/a.ts", start_s=10, end_s=20, not_name="Clara"),
        Correct(recording="/d.ts", start_s=5, end_s=12, is_name="Clara"),
    )
    match(database)
    after = heard(database, "Clara")
    assert ("/d.ts", 5.0, 12.0) in after
    assert [span for span in after if span[0] == "/a.ts"][:2] == [("/a.ts", 0.0, 10.0), ("/a.ts", 20.0, before[0][2])]
    do(database, Undo(), Undo())
    match(database)
    assert heard(database, "Clara") == before


def test_what_is_denied_is_not_found_elsewhere_and_lowers_nobody_else(database: Database) -> None:
    do(database, Name(person=1, name="Clara"), Name(person=2, name="Other"))
    plain = enrolled(database).book
    do(database, Correct(recording="/d.ts", start_s=31, end_s=88, not_name="Clara"))
    book = enrolled(database).book
    assert book.denied_of == (0,) and book.names == ("Clara", "Other")
    assert torch.equal(book.rows, plain.rows) and torch.equal(book.thresholds, plain.thresholds)
    from support.heard_people import HOP_S, WINDOW_S, windows_of

    from voicemark.voice.diarization import diarize
    from voicemark.voice.naming import name_speakers

    found = diarize(windows_of([(LIKE_CLARA, 40), (CLARA, 40), (DORA, 40)], 99), HOP_S, WINDOW_S)
    lowered = (name_speakers(found, plain) - name_speakers(found, book)).numpy()
    assert np.all(lowered[1] == 0)
    assert lowered[0][0] > 0.1 and lowered[0][1] < 0.02 and lowered[0][2] < 0.1


def test_a_yes_joins_the_memory_and_the_memory_has_an_end(database: Database) -> None:
    do(database, Name(person=1, name="Clara"))
    [before] = enrolled(database).reports
    do(database, Correct(recording="/e.ts", start_s=30, end_s=40, is_name="Clara"))
    [after] = enrolled(database).reports
    assert after.confirmed == before.confirmed + PER_SPAN
    do(database, *(Correct(recording=path, start_s=k, end_s=k + 4, is_name="Clara")
                   for path in ("/a.ts", "/c.ts", "/e.ts") for k in range(30, 60, 2)))  # fmt: skip
    [much] = enrolled(database).reports
    assert before.confirmed < much.confirmed <= before.confirmed + PER_SPAN * MOST_CONFIRMED


def test_many_answers_move_the_threshold_of_that_voice_a_little(database: Database) -> None:
    do(database, Name(person=1, name="Clara"))
    spans = [("/a.ts", k) for k in range(0, 50, 10)] + [("/c.ts", k) for k in range(0, 30, 10)]
    spans += [("/e.ts", k) for k in range(26, 60, 10)]
    do(database, *(Correct(recording=path, start_s=k, end_s=k + 8, is_name="Clara") for path, k in spans))
    do(database, *(Correct(recording="/d.ts", start_s=31 + 5 * k, end_s=35 + 5 * k, not_name="Clara")
                   for k in range(FEWEST)))  # fmt: skip
    enrolment = enrolled(database)
    [report] = enrolment.reports
    assert 0 < abs(report.offset) <= 0.1
    assert float(enrolment.book.thresholds[0]) == pytest.approx(MATCH.threshold + report.offset)


def test_the_program_says_how_many_corrections_it_agrees_with_by_itself(database: Database) -> None:
    from voicemark.store.statements import agreement

    do(
        database,
        Name(person=1, name="Clara"),
        Correct(recording="/a.ts", start_s=5, end_s=20, is_name="Clara"),
        Correct(recording="/c.ts", start_s=5, end_s=20, not_name="Clara"),
        Correct(recording="/c.ts", start_s=45, end_s=60, not_name="Clara"),
    )
    match(database)
    with database.reading() as session:
        assert agreement(session) == (3, 2)


def test_two_groups_that_are_one_person_have_one_memory(database: Database) -> None:
    do(database, Name(person=1, name="Clara"), Merge(into=1, other=2))
    [report] = enrolled(database).reports
    assert report.name == "Clara"
    match(database)
    assert "/d.ts" in {path for path, _, _ in heard(database, "Clara")}


def test_undoing_brings_markers_and_names_of_turns_back(database: Database) -> None:
    do(database, Name(person=1, name="Clara"), Name(person=2, name="Other"))
    match(database)
    turns = "SELECT recording, start_s, end_s, speaker, person, name FROM speaker_turns ORDER BY 1, 2, 4"
    with database.reading() as session:
        before = session.execute(text(turns)).all()
    both = heard(database, "Clara"), heard(database, "Other")
    assert both[1]
    do(database, Merge(into=1, other=2, confirmed=True))
    match(database)
    assert heard(database, "Other") == [] and heard(database, "Clara") != both[0]
    do(database, Undo())
    match(database)
    assert (heard(database, "Clara"), heard(database, "Other")) == both
    with database.reading() as session:
        assert session.execute(text(turns)).all() == before


def test_who_is_forgotten_is_not_made_again(database: Database) -> None:
    do(database, Name(person=1, name="Clara"), Correct(recording="/d.ts", start_s=31, end_s=88, not_name="Clara"))
    match(database)
    forget(database, "Clara")
    assert enrolled(database).book.names == ()
    match(database)
    assert heard(database, "Clara") == []
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM voice_memories")).scalar() == 0
        assert session.execute(text("SELECT count(*) FROM said")).scalar() == 0
