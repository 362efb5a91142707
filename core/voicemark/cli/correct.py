"""`voicemark correct`: this is her, or this is not."""

from typing import Annotated

import typer

from voicemark.cli.acting import LaterOption, act, checked, number_or_place
from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption


def correct(
    where: Annotated[
        list[str],
        typer.Argument(metavar="MARKER|RECORDING START END", help="A marker's number; or a recording, from and to."),
    ],
    is_name: Annotated[str | None, typer.Option("--is", metavar="NAME", help="Whose voice it is.")] = None,
    not_name: Annotated[str | None, typer.Option("--not", metavar="NAME", help="Whose voice it is not.")] = None,
    later: LaterOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say whose voice is heard in a span, or whose is not: it is so at once, whatever the score, and teaches.

    START and END are seconds, or 12:34, or 1:02:03. Of a marker, --is NAME also says that it is not whom it names.
    """
    from voicemark.actions.acts import Correct

    if len(where) == 1 and where[0].isdigit():
        what = checked(Correct, marker=int(where[0]), is_name=is_name, not_name=not_name)
    elif len(where) == 3:
        recording = number_or_place(where[0])
        start_s, end_s = map(_seconds, where[1:])
        what = checked(Correct, recording=recording, start_s=start_s, end_s=end_s, is_name=is_name, not_name=not_name)
    else:
        raise typer.BadParameter("say the number of a marker, or a recording with a start and an end")
    act(config, what, later=later)


def _seconds(text: str) -> float:
    """`75`, `1:15`, `0:01:15.0`."""
    parts = text.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or any(not 0 <= number < 1e7 for number in numbers):
        raise typer.BadParameter(f"'{text}' is no time: say seconds, 12:34 or 1:02:03")
    seconds = 0.0
    for number in numbers:
        seconds = 60 * seconds + number
    return seconds
