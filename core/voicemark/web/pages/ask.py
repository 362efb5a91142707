"""One doubtful voice at a time: where to hear it, and who it may be."""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.actions.people import Question, questions
from voicemark.store.voices import voice_names
from voicemark.web.routing import page
from voicemark.web.site import Site

MOST_SKIPPED = 30
LONGEST = 60


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [page("/ask", site, ask)]


def ask(site: Site, request: Request) -> Response:
    """The question that tells most of those that were not skipped (`skip`, once for each)."""
    skipped = [one for one in request.query_params.getlist("skip") if _is_question(one)][-MOST_SKIPPED:]
    with site.archive.reading() as session:
        found = [one for one in questions(session, at_most=len(skipped) + 1) if one.id not in skipped]
        names = voice_names(session)
    question: Question | None = found[0] if found else None
    return site.page(
        request,
        "ask.html",
        question=question,
        names=names,
        skipped=skipped,
        back=_address(skipped),
        skip=_address([*skipped, question.id]) if question else "/ask",
    )


def _is_question(told: str) -> bool:
    return len(told) <= LONGEST and re.fullmatch(r"[0-9.:]+", told) is not None


def _address(skipped: Sequence[str]) -> str:
    return "/ask" + ("?" + "&".join(f"skip={one}" for one in skipped) if skipped else "")
