"""`voicemark people`: who is heard in the archive, named or not, and what is to be said of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from voicemark.cli.acting import LaterOption, act, checked, number_or_place
from voicemark.cli.lazy import PLAIN, PassingOn
from voicemark.cli.output import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, print_json, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicemark.actions.people import PersonDetail, PersonView, Place

MOST_ROWS = 40
PLACES = 3

people_app = typer.Typer(
    cls=PassingOn,
    help="Who is heard in the archive: list, name, merge, split, ignore, undo.",
    invoke_without_command=True,
    **PLAIN,
)
NumberArgument = Annotated[int, typer.Argument(min=1, metavar="N", help="Number of the voice, as the list tells it.")]


@people_app.callback()
def people(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also who is ignored, and more than the first 40.")] = False,
    kind: Annotated[str | None, typer.Option(help="Only a kind: person, sound or ignored.")] = None,
    min_recordings: Annotated[
        int, typer.Option(min=0, help="Who has no name is shown from so many recordings on.")
    ] = 1,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List people, most-heard first: in how many recordings, for how long, where mostly, and where to listen."""
    if context.invoked_subcommand is not None:
        return
    from voicemark.actions.people import PersonLine, list_people, places_of
    from voicemark.config import load_config
    from voicemark.store.database import open_to_read
    from voicemark.store.statements import agreement

    if kind not in (None, "person", "sound", "ignored"):
        raise typer.BadParameter("--kind is one of person, sound, ignored")
    database = open_to_read(load_config(config).database.path)
    try:
        with database.reading() as session:
            found = list_people(session, kind, min_recordings=min_recordings)
            if not everything and kind is None:
                found = [one for one in found if one.kind != "ignored"]
            if as_json:
                places = places_of(session, [one.person for one in found], PLACES)
                print_json(PersonLine(**vars(one), places=places[one.person]) for one in found)
                return
            shown = found if everything else found[:MOST_ROWS]
            places = places_of(session, [one.person for one in shown], PLACES)
            answers, agree = agreement(session)
    finally:
        database.close()
    if not found:
        screen().print(
            "nobody is known yet: enrol voices, or let unknown ones be found ([people] discover)", markup=False
        )
        return
    screen().print(_people_table(shown, places))
    if len(found) > len(shown):
        screen().print(f"{len(found) - len(shown)} more: `voicemark people --all`")
    if answers:
        screen().print(f"the present model agrees by itself with {agree} of your {answers} corrections")


@people_app.command("show")
def show(number: NumberArgument, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show one of them: recordings, months, programmes, places to listen to, and who it may be."""
    from voicemark.actions.people import show_person
    from voicemark.config import load_config
    from voicemark.store.database import open_to_read

    database = open_to_read(load_config(config).database.path)
    try:
        with database.reading() as session:
            detail = show_person(session, number)
    finally:
        database.close()
    if as_json:
        print_json([detail])
    else:
        _show(detail)


@people_app.command("name")
def name(
    number: NumberArgument,
    called: Annotated[str, typer.Argument(metavar="NAME", help="What the voice is called from now on.")],
    merge: Annotated[
        bool, typer.Option("--merge", help="Somebody is called so already, and both are one person.")
    ] = False,
    later: LaterOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Give a voice a name: it is looked for from now on, as enrolled ones are, and in the archive at once."""
    from voicemark.actions.acts import Name

    act(config, checked(Name, person=number, name=called, merge=merge), later=later)


@people_app.command("merge")
def merge(
    into: NumberArgument,
    other: Annotated[int, typer.Argument(min=1, metavar="OTHER", help="This one is no more then.")],
    yes: Annotated[bool, typer.Option("--yes", help="Both have a name, and are one person.")] = False,
    later: LaterOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Two voices are one person: all of OTHER is N's."""
    from voicemark.actions.acts import Merge

    act(config, checked(Merge, into=into, other=other, confirmed=yes), later=later)


@people_app.command("split")
def split(
    number: NumberArgument,
    recordings: Annotated[list[str], typer.Argument(metavar="RECORDING…", help="Paths of recordings.")],
    later: LaterOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """In these recordings it is somebody else, who gets a number; that is remembered."""
    from voicemark.actions.acts import Split

    act(config, checked(Split, person=number, recordings=tuple(map(number_or_place, recordings))), later=later)


@people_app.command("ignore")
def ignore(number: NumberArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Of no interest: not listed and not asked about."""
    from voicemark.actions.acts import Ignore

    act(config, checked(Ignore, person=number), later=True)


@people_app.command("unignore")
def unignore(number: NumberArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Of interest again."""
    from voicemark.actions.acts import Unignore

    act(config, checked(Unignore, person=number), later=True)


@people_app.command("undo")
def undo(
    number: Annotated[
        int | None, typer.Argument(min=1, metavar="ACT", help="As `voicemark people log` numbers them; else the last.")
    ] = None,
    later: LaterOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Undo what was said: all is as it was before."""
    from voicemark.actions.acts import Undo

    act(config, checked(Undo, number=number), later=later)


@people_app.command("log")
def log(
    last: Annotated[int, typer.Option(min=1, help="So many of them.")] = 30,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List what was said of people, the last first, and what of it is undone."""
    from voicemark.actions.people import list_acts
    from voicemark.config import load_config
    from voicemark.store.database import open_to_read

    database = open_to_read(load_config(config).database.path)
    try:
        with database.reading() as session:
            acts = list_acts(session, last)
    finally:
        database.close()
    if as_json:
        print_json(acts)
        return
    if not acts:
        screen().print("nothing was said of anybody yet")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("act", "when", "who", "what"):
        table.add_column(heading)
    for one in acts:
        undone = " (undone)" if one.undone_at else ""
        when = one.at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(*map(Text, (str(one.id), when, one.by, one.message + undone)))
    screen().print(table)


def _people_table(people: "Sequence[PersonView]", places: "dict[int, list[Place]]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("number", "name", "recordings", "time", "mostly in", "listen"):
        table.add_column(heading, justify="right" if heading in ("number", "recordings", "time") else "left")
    for one in people:
        called = one.name or {"sound": "(sound)", "ignored": "(ignored)"}.get(one.kind, "")
        listen = ", ".join(f"{Path(place.path).name} {clock(place.start_s)}" for place in places[one.person])
        cells = (str(one.person), called, str(one.recordings), _lasting(one.hours), one.mostly_in or "", listen)
        table.add_row(*map(Text, cells))
    return table


def _show(detail: "PersonDetail") -> None:
    view, out = detail.view, screen()
    dates = sorted({f"{at:%Y-%m-%d}" for at in (view.first_heard, view.last_heard) if at is not None})
    recordings = "1 recording" if view.recordings == 1 else f"{view.recordings} recordings"
    facts = (f"{view.person}: {view.called}", recordings, _lasting(view.hours), " – ".join(dates))
    out.print(", ".join(filter(None, facts)), markup=False)
    for called, agree, of in detail.looks_like:
        out.print(f"  may be {called}: {agree} of {of} places say so", markup=False)
    for rows in (detail.by_programme[:10], detail.by_month):
        if rows:
            out.print("  " + ", ".join(f"{key} {_lasting(hours)}" for key, hours in rows), markup=False)
    for place in detail.places:
        out.print(f"  listen: {place.path} at {clock(place.start_s)}", markup=False)
    for path, title, hours in detail.recordings:
        out.print(f"  {_lasting(hours)} in {title}: {path}", markup=False)


def _lasting(hours: float) -> str:
    """`6.2 h` or `12 min`."""
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
