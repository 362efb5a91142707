"""Naming, correcting and asking from the command line."""

import json
import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.heard_people import HearingNothing, group, hear
from typer.testing import CliRunner

from voicemark.actions.questions import Question
from voicemark.cli.ask import print_question
from voicemark.cli.main import app
from voicemark.config import Config
from voicemark.enrolment.enrolment import enrol
from voicemark.store.database import open_database
from voicemark.store.people import PersonView, Place

CLARA, LIKE_CLARA, DORA = 0, 1, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "v.db"
    database = open_database(path)
    hear(database, "/a.ts", [(CLARA, 60), (DORA, 40), (CLARA, 30)])
    hear(database, "/b.ts", [(DORA, 20), (CLARA, 50), (LIKE_CLARA, 40)])
    group(database, CLARA, [1, 2])
    group(database, LIKE_CLARA, [2])
    database.close()
    return path


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    shutil.copy(made, tmp_path / "v.db")
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/v.db"\n')
    return file


def run(config: Path, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "-c", str(config)])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output if not result.exception or code == 0 else f"{result.output}{result.exception}"


def test_people_are_listed_shown_named_and_that_is_undone(config: Path) -> None:
    listed = [line.split() for line in run(config, "people").splitlines()]
    assert [line[0] for line in listed] == ["number", "1", "2"]
    assert "a.ts" in run(config, "people") and "0:00" in run(config, "people")
    run(config, "people", "name", "1", "Clara", "--later")
    [first, *_] = [json.loads(line) for line in run(config, "people", "--json").splitlines()]
    assert (first["person"], first["name"], first["recordings"], len(first["places"])) == (1, "Clara", 2, 3)
    shown = run(config, "people", "show", "1")
    assert "1: Clara, 2 recordings, 2 min, 2026-03-01 – 2026-03-02" in shown and "2026-03 2 min" in shown
    assert "'Clara'" in run(config, "people", "log")
    run(config, "people", "undo", "--later")
    assert json.loads(run(config, "people", "--json").splitlines()[0])["name"] is None
    assert "(undone)" in run(config, "people", "log")


def test_what_cannot_be_is_an_error_in_words(config: Path) -> None:
    assert "there is no voice 9" in run(config, "people", "name", "9", "X", code=1)
    run(config, "people", "name", "1", "Clara", "--later")
    assert "--merge says that both are one" in run(config, "people", "name", "2", "Clara", code=1)
    run(config, "people", "name", "2", "Lara", "--later")
    assert "both have a name" in run(config, "people", "merge", "1", "2", code=1)
    run(config, "people", "merge", "1", "2", "--yes", "--later")
    assert "it is one with 1 now" in run(config, "people", "ignore", "2", code=1)


def test_a_span_is_corrected_by_times_as_players_show_them(config: Path) -> None:
    run(config, "people", "name", "1", "Clara", "--later")
    said = run(config, "correct", "/a.ts", "1:02", "0:01:10.5", "--not", "Clara", "--later")
    assert "62.0–70.5 s: not 'Clara'" in said
    assert "not within it" in run(config, "correct", "/a.ts", "1:00", "1:00:00", "--is", "Clara", code=1)
    for words in (["/a.ts", "1", "x"], ["/a.ts"], ["7"], ["/a.ts", "5", "4"]):
        run(config, "correct", *words, *([] if words == ["7"] else ["--is", "Clara"]), code=2)


def test_questions_are_listed_where_nobody_can_answer(config: Path) -> None:
    assert "nothing is in doubt" in run(config, "ask")
    run(config, "people", "split", "1", "/b.ts", "--later")
    assert "is ignored" in run(config, "people", "ignore", "3")
    assert "shown again" in run(config, "people", "unignore", "3")


def test_the_number_of_a_speaker_is_not_taken_for_that_of_a_person(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(2, "/b.ts", "B", None, 5.0, 9.0, None, 5)
    voice = PersonView(5, None, "person", 2, 1.0, None, None, None)
    told: dict[str, Any] = {"other": 2, "voice": "Clara", "places": [place], "agree": 8, "of": 10, "hours": 0.5}
    print_question(Question(id="2.5:2", person=None, recording_id=2, local_speaker=5, **told))
    print_question(Question(id="5:2", person=voice, recording_id=None, local_speaker=None, **told))
    said = " ".join(capsys.readouterr().out.split())
    assert "is speaker 5 of this recording alone 'Clara'?" in said and "(question 2.5:2)" in said
    assert "is voice 5 'Clara'?" in said and "(question 5:2)" in said
    assert "counts within one recording" in " ".join(run(config, "ask", "--help").split())


def test_on_a_terminal_answers_are_taken(config: Path) -> None:
    """A pseudo-terminal, on which somebody says yes to the first question and quits."""
    run(config, "people", "name", "1", "Clara", "--later")
    _remember(config)
    [asked] = [json.loads(line) for line in run(config, "ask", "--json").splitlines()]
    assert (asked["id"], asked["voice"]) == ("2:1", "Clara")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "voicemark", "ask", "-c", str(config)]
    asking = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, b"y\n")
    said = b""
    with suppress(OSError):  # Nobody holds the other end any more.
        while part := os.read(master, 4096):
            said += part
    os.close(master)
    assert asking.wait() == 0, said
    assert "voice 2 is one with Clara" in said.decode()
    assert json.loads(run(config, "people", "--json").splitlines()[0])["recordings"] == 2


def _remember(config: Path) -> None:
    """As the model that the archive was heard with would; the one that ships knows nothing of it."""
    database = open_database(config.parent / "v.db")
    enrol(Config(), HearingNothing(), database)  # type: ignore[arg-type]
    database.close()


@pytest.mark.parametrize(
    "words",
    [
        ["people", "-c", "FILE", "log", "--json"],
        ["people", "-c", "FILE", "--json", "log"],
        ["people", "-c", "nowhere.toml", "log", "--json", "-c", "FILE"],
    ],
)
def test_an_option_before_a_command_of_the_group_is_one_of_the_command(
    config: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("VOICEMARK_CONFIG", "/nowhere.toml")
    run(config, "people", "name", "1", "Clara", "--later")
    result = CliRunner().invoke(app, [word.replace("FILE", str(config)) for word in words])
    assert result.exit_code == 0, result.output
    assert "Clara" in json.loads(result.stdout)["message"]


def test_an_option_before_a_command_that_has_none_such_is_refused(config: Path) -> None:
    result = CliRunner().invoke(app, ["people", "-c", str(config), "--kind", "person", "log"])
    assert result.exit_code == 2 and "--kind is no option of 'log'" in result.output
