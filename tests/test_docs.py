"""What the documents say is true: every query runs, every command is mentioned."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.main import get_command

from voicemark.cli.main import app
from voicemark.store.database import open_database
from voicemark.store.views import VIEWS

REPOSITORY = Path(__file__).parents[1]
DATABASE = (REPOSITORY / "docs/database.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", DATABASE, re.DOTALL)


def test_there_are_a_dozen_queries():
    assert len(QUERIES) >= 12


@pytest.mark.parametrize("query", QUERIES)
def test_a_documented_query_runs(tmp_path, query):
    with open_database(tmp_path / "v.db").reading() as session:
        session.execute(text(query)).all()


@pytest.mark.parametrize("view", VIEWS)
def test_the_columns_of_a_view_are_documented_in_their_order(tmp_path, view):
    with open_database(tmp_path / "v.db").reading() as session:
        columns = ", ".join(session.execute(text(f"SELECT * FROM {view}")).keys())
    assert f"`{view}`" in DATABASE
    assert f"| {columns} |" in DATABASE


@pytest.mark.parametrize("command", sorted(vars(get_command(app))["commands"]))
def test_every_command_is_in_the_readme(command):
    assert f"voicemark {command}" in README
