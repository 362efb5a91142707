"""Files of the page that do not change: the stylesheet, the scripts, the icon."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
KEPT = "private, max-age=31536000, immutable"


class Assets(StaticFiles):
    """Serves them; one that is asked for by its digest may be kept by the browser for good."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC, follow_symlink=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As `StaticFiles`, with how long it may be kept."""
        response = await super().get_response(path, scope)
        if scope["query_string"] and response.status_code == 200:
            response.headers["Cache-Control"] = KEPT
        return response


@cache
def asset(name: str) -> str:
    """The address of one, which is another as soon as it is another file."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
