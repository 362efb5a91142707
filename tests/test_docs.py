"""What the documents say is true: every query runs, every command is mentioned, every path and link leads somewhere."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from typer.main import get_command

from voicemark.cli.main import app
from voicemark.result import LocalSpeaker, NamedTurn, SpeakerTurn, Speech
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids
from voicemark.store.schema import RecordingRow
from voicemark.store.speakers import write_names, write_speech
from voicemark.store.views import VIEWS

REPOSITORY = Path(__file__).parents[1]
DATABASE = (REPOSITORY / "docs/database.md").read_text(encoding="utf-8")
COMMANDS = (REPOSITORY / "docs/commands.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", DATABASE, re.DOTALL)
DOCUMENTS = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        REPOSITORY / "core/voicemark/voice/models/MODEL_CARD.md",
    ]
)
NAMES = [str(path.relative_to(REPOSITORY)) for path in DOCUMENTS]
SOURCES = sorted(path for root in ("core", "daemon") for path in (REPOSITORY / root).rglob("*.py"))

PATHS = re.compile(r"(?<![\w./-])(?:core|daemon|docs|tests|deploy|systemd)/[\w./-]*\w")
"""From the repository's root, as documents and docstrings name files."""
LINKS = re.compile(r"\]\(([^)\s]+)\)")


def test_there_are_a_dozen_queries() -> None:
    assert len(QUERIES) >= 12


@pytest.mark.parametrize("query", QUERIES)
def test_a_documented_query_runs(tmp_path: Path, query: str) -> None:
    with open_database(tmp_path / "v.db").reading() as session:
        session.execute(text(query)).all()


def test_the_queries_of_who_speaks_when_say_what_is_written_above_them(tmp_path: Path) -> None:
    """Three people, the first of them the newsreader: in two turns, of which one is the weatherman's, too."""
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        row = RecordingRow(path="/a.ts", recorder="plain", content="1", title="A", found_at=datetime.now(UTC))
        session.add(row)
        session.flush()
        people = tuple(LocalSpeaker(n, s, np.ones(4, np.int8)) for n, s in ((1, 60.0), (2, 90.0), (3, 240.0)))
        turns = ((0, 30, 1), (30, 120, 2), (120, 360, 3), (360, 390, 1))
        write_speech(session, row.id, Speech(people, tuple(SpeakerTurn(*turn) for turn in turns)))
        voices = voice_ids(session, ("newsreader", "weatherman"))
        named = (NamedTurn(0, "newsreader", 0.9), NamedTurn(3, "newsreader", 0.9), NamedTurn(3, "weatherman", 0.8))
        write_names(session, row.id, named, voices)
    with database.reading() as session:
        assert session.execute(text(query_below("How many people speak"))).all() == [("/a.ts", 3, 1)]
        longest = session.execute(text(query_below("Who speaks longest without a name"))).all()
    assert longest == [("/a.ts", 3, 4.0, 2.0), ("/a.ts", 2, 1.5, 0.5)]


@pytest.mark.parametrize("view", VIEWS)
def test_the_columns_of_a_view_are_documented_in_their_order(tmp_path: Path, view: str) -> None:
    with open_database(tmp_path / "v.db").reading() as session:
        columns = ", ".join(session.execute(text(f"SELECT * FROM {view}")).keys())
    assert f"`{view}`" in DATABASE
    assert f"| {columns} |" in DATABASE


@pytest.mark.parametrize("command", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_every_command_is_documented(command: str) -> None:
    assert f"`voicemark {command}" in COMMANDS


@pytest.mark.parametrize("group", ["cluster", "evaluate", "train"])
def test_every_subcommand_is_documented(group: str) -> None:
    subcommands = get_command(app).commands[group].commands  # type: ignore[attr-defined]
    [row] = [line for line in COMMANDS.splitlines() if line.startswith(f"| `voicemark {group} …`")]
    assert set(re.findall(r"\[`(\w+)`\]", row)) == set(subcommands)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_path_that_a_document_names_is_there(document: Path) -> None:
    assert gone(PATHS.findall(without_code(document.read_text(encoding="utf-8")))) == []


def test_a_document_that_a_docstring_names_is_there() -> None:
    assert {str(path): lost for path in SOURCES if (lost := gone(named_documents(path)))} == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_a_link_within_the_repository_leads_to_a_file_and_a_heading(document: Path) -> None:
    astray = []
    for link in LINKS.findall(document.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        name, _, heading = link.partition("#")
        target = document.parent / name if name else document
        if not target.exists() or (heading and heading not in headings(target)):
            astray.append(link)
    assert astray == []


@pytest.mark.parametrize("document", [*(REPOSITORY / "docs").rglob("*.md")], ids=lambda path: path.stem)
def test_every_document_is_in_an_index(document: Path) -> None:
    """`docs/README.md` names what is in docs, `docs/notebook/README.md` what is in there."""
    if document.name == "README.md":
        return
    links = LINKS.findall((document.parent / "README.md").read_text(encoding="utf-8"))
    assert document.name in links


def query_below(beginning: str) -> str:
    """The query that stands below the sentence which begins so."""
    [query] = re.findall(rf"^{beginning}[^\n]*\n\n```sql\n(.*?)```", DATABASE, re.DOTALL | re.MULTILINE)
    return str(query)


def gone(names: list[str]) -> list[str]:
    """Those of the paths at which there is nothing."""
    return [name for name in names if not (REPOSITORY / name).exists()]


def named_documents(source: Path) -> list[str]:
    """The documents that a source file names."""
    return [name for name in PATHS.findall(source.read_text(encoding="utf-8")) if name.startswith("docs/")]


def without_code(document: str) -> str:
    """The text without blocks of commands: what they name may lie elsewhere, or be still to make."""
    return re.sub(r"^```.*?^```", "", document, flags=re.DOTALL | re.MULTILINE)


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and GitLab make them: lower case, hyphens, no punctuation."""
    found = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
