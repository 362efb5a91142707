"""A measured figure, and tables of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Figure:
    """One line of a table; `aim` is what the figure should be, in words."""

    table: str
    name: str
    value: float
    unit: str
    aim: str = ""


def tables(figures: Iterable[Figure]) -> list[Table]:
    """The figures by table, in their order."""
    made = []
    for title, rows in groupby(figures, key=lambda figure: figure.table):
        table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, show_header=False)
        for figure in rows:
            table.add_row(*map(Text, (f"  {figure.name}", _readable(figure.value), figure.unit, figure.aim)))
        made.append(table)
    return made


def _readable(value: float) -> str:
    """Three figures that count, and thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
