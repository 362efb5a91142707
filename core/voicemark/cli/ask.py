"""`voicemark ask`: is this her? The questions whose answers are worth most, a handful at a time."""

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from voicemark.cli.acting import checked, what_follows
from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, complain, print_json, screen

if TYPE_CHECKING:
    from voicemark.actions.questions import Question
    from voicemark.config import Config

ANSWERS = {"y": "yes", "n": "no", "o": "somebody_else"}


def ask(
    at_most: Annotated[int, typer.Option("--at-most", min=1, max=50, help="So many questions.")] = 5,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Ask about the doubtful speakers with most time behind them, each by several places to listen to.

    On a terminal answers are taken: yes, no, somebody else, skip, quit. Else, or with --json, questions are listed.
    A voice's number is that of `voicemark people`; a speaker's counts within one recording, and is no person's.
    Each question has a name for other programs: `5:2`, is voice 5 voice 2; `2.5:2`, is speaker 5 of recording 2 it.
    """
    from voicemark.actions.questions import questions
    from voicemark.config import load_config
    from voicemark.store.database import open_to_read

    loaded = load_config(config)
    with closing(open_to_read(loaded.database.path)) as database, database.reading() as session:
        asked = questions(session, at_most)
    if as_json:
        print_json(asked)
    elif not asked:
        screen().print("nothing is in doubt that is worth a question")
    elif sys.stdin.isatty():
        _take_answers(loaded, asked)
    else:
        for question in asked:
            print_question(question)


def _take_answers(config: "Config", asked: "list[Question]") -> None:
    here: set[str] = set()
    for number, question in enumerate(asked, 1):
        screen().print(f"{number} of {len(asked)}")
        print_question(question)
        said = typer.prompt("yes (y), no (n), somebody else (o), skip (s), quit (q)", default="s").strip().lower()[:1]
        if said == "q":
            break
        if said in ANSWERS:
            called = typer.prompt("who? (empty: not known)", default="", show_default=False) if said == "o" else ""
            _answer(config, question, ANSWERS[said], called.strip() or None, here)
    what_follows(config, here)


def _answer(config: "Config", question: "Question", said: str, called: str | None, here: set[str]) -> None:
    from voicemark.actions.acts import Answer
    from voicemark.control.submit import submit
    from voicemark.errors import VoicemarkError

    what = checked(Answer, question=question.id, answer=said, name=called)
    try:
        done = submit(config, what, lambda _, done: here.update(done.follow_up))
    except VoicemarkError as error:  # The next question may be answered all the same.
        complain(error)
    else:
        screen().print(done.message, markup=False)


def print_question(question: "Question") -> None:
    """What is asked, by how many places it is likely, and where to listen."""
    # The two numberings stand beside each other in people's heads: which one it is, is said each time.
    who = question.person.called if question.person else f"speaker {question.local_speaker} of this recording alone"
    screen().print(
        f"is {who} '{question.voice}'? {question.agree} of {question.of} places say so; "
        f"{clock(question.hours * 3600)} would have a name (question {question.id})",
        markup=False,
    )
    for place in question.places:
        screen().print(f"  {place.title} at {clock(place.start_s)}: {place.path}", markup=False)
