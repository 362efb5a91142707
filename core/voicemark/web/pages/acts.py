"""Where every form leads that changes something: what it says is an act, which is done, and the page comes again."""

from collections.abc import Mapping, Sequence
from typing import Any, get_origin
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from voicemark.actions import acts
from voicemark.actions.acts import Act, AnyAct, NeedsConfirmationError
from voicemark.store.people import voice_called
from voicemark.web.forms import way_back
from voicemark.web.routing import Fields, field, form
from voicemark.web.site import Site

KINDS = {
    kind.model_fields["act"].default: kind
    for kind in (
        acts.Name, acts.Merge, acts.Split, acts.Ignore, acts.Unignore, acts.Correct, acts.Answer, acts.Undo, acts.Retry
    )
}  # fmt: skip
CONFIRMATIONS = {"name": "merge", "merge": "confirmed"}
"""Which field of an act says that it was asked for."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [form("/act", site, act)]


def act(site: Site, request: Request, fields: Fields) -> Response:
    """Do what the form says, and lead back to where it stood, with the number of what was done."""
    back = way_back(field(fields, "back"))
    wanted = _act(_named(site, fields))
    try:
        did = site.submit(site.config, wanted)
    except NeedsConfirmationError as error:
        kept = [(name, value) for name, value in fields if name != CONFIRMATIONS[wanted.act]]
        told = {"error": error, "fields": kept, "confirmation": CONFIRMATIONS[wanted.act], "back": back}
        return site.page(request, "confirm.html", 409, **told)
    return RedirectResponse(_with(back, "done", did.act_id or 0), 303)


def _act(told: Mapping[str, Any]) -> Act:
    try:
        return AnyAct.validate_python(told)
    except ValidationError as error:
        raise HTTPException(400) from error


def _named(site: Site, fields: Fields) -> dict[str, Any]:
    """The fields of the act; what was left empty is not said. A person may be told by name instead of by number."""
    kind = KINDS.get(field(fields, "act"))
    if kind is None:
        raise HTTPException(400)
    told: dict[str, Any] = {}
    for name, info in kind.model_fields.items():
        values = [value.strip() for key, value in fields if key == name and value.strip()]
        if values:
            told[name] = values if get_origin(info.annotation) is tuple else values[-1]
    called = field(fields, "other_called").strip()
    if "other" in kind.model_fields and called:
        told["other"] = called.removeprefix("#") if called.removeprefix("#").isdigit() else _number(site, called)
    return told


def _number(site: Site, called: str) -> int:
    """Who has that name."""
    with site.archive.reading() as session:
        found = voice_called(session, called)
    if found is None:
        raise acts.ActError(f"there is no voice '{called}'")
    return found.person


def _with(path: str, name: str, value: object) -> str:
    """An address of this page with a value in its question, in place of one of that name."""
    parts = urlsplit(path)
    query = [(key, told) for key, told in parse_qsl(parts.query) if key != name]
    return parts._replace(query=urlencode([*query, (name, str(value))])).geturl()
