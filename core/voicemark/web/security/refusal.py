"""How a layer says no: a status and a sentence, before anything else of the program has seen the request."""

from starlette.responses import PlainTextResponse, Response


def refusal(status: int, what: str) -> Response:
    """A short answer in plain text, which no browser takes for a page."""
    return PlainTextResponse(f"voicemark: {what}\n", status_code=status)
