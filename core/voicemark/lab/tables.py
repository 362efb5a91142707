"""A table for a Markdown file, as every report here writes it."""

from collections.abc import Sequence


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of equal length as a table; the first one is its header."""
    rendered = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([rendered[0], "|" + "---|" * len(lines[0]), *rendered[1:]])
