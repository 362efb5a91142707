"""What every page is made with: the configuration, the archive, the templates, and the way that acts go."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from voicemark.actions.people import LoggedAct, act_of
from voicemark.config import Config
from voicemark.errors import DatabaseError
from voicemark.web.acting import Submit, submit
from voicemark.web.archive import Archive
from voicemark.web.assets import asset
from voicemark.web.numbers import whole
from voicemark.web.security.passwords import Passwords
from voicemark.web.words import Words, chosen, languages

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "language"
SECTIONS = ("recordings", "people", "ask", "state")


@dataclass(frozen=True)
class Site:
    """One for a process."""

    config: Config
    archive: Archive
    passwords: Passwords | None = None
    """None: nobody is asked for one."""
    submit: Submit = submit
    """Has an act done."""
    environment: Environment = field(default_factory=lambda: environment())

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        /,
        **told: Any,
    ) -> HTMLResponse:
        """A template, filled; all that is `told` is escaped where it stands."""
        words = words_for(request)
        text = self.environment.get_template(template).render(
            t=words,
            languages=list(languages()),
            here=address(request),
            path=request.url.path,
            sections=SECTIONS,
            guarded=self.passwords is not None,
            done=self._done(request),
            **told,
        )
        return HTMLResponse(text, status, {**(headers or {}), "Content-Language": words.language, "Vary": "Cookie"})

    def _done(self, request: Request) -> LoggedAct | None:
        """What was just done, where the address says so: the log tells what it was."""
        number = request.query_params.get("done")
        if number is None:
            return None
        try:
            with self.archive.reading() as session:
                return act_of(session, whole(number))
        except DatabaseError:
            return None


def words_for(request: Request) -> Words:
    """The reader's language."""
    return chosen(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))


def address(request: Request) -> str:
    """The path and question of a request: where to come back to."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def environment() -> Environment:
    """Templates in which everything is escaped, and a value that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = asset
    made.filters["clock"] = clock
    made.filters["query"] = query
    return made


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`: the second in which it is, as players count."""
    whole = max(0, math.floor(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def query(values: Mapping[str, object]) -> str:
    """`?a=1&b=2` of what is there; empty for nothing."""
    there = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"?{urlencode(there)}" if there else ""
