"""Tables as every report here writes them: for a Markdown file, and for a terminal."""

from collections.abc import Iterable, Sequence


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of equal length as a table; the first one is its header."""
    rendered = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([rendered[0], "|" + "---|" * len(lines[0]), *rendered[1:]])


def print_tables(tables: Iterable[Sequence[Sequence[str]]]) -> None:
    """Tables, the first line of each its header, on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for header, *lines in tables:
        shown = Table(*header)
        for line in lines:
            shown.add_row(*line)
        console.print(shown)
