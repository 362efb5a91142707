"""A recording as one file to look at or to send: the page's timeline and the same as a table, without a server.

No script, nothing that is fetched, and a policy in the file itself that keeps both so, whatever a broadcast has in its
texts. Where the recording lies is not told.
"""

from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from voicemark.store.recording_view import RecordingView
from voicemark.version import __version__
from voicemark.web.assets import STATIC
from voicemark.web.site import environment
from voicemark.web.timeline import keys_of, timeline_of
from voicemark.web.words import Words

GENERATOR = b'<meta name="generator" content="voicemark '
"""By which a file is known for one of ours."""


def report_html(view: RecordingView, words: Words) -> bytes:
    """The file."""
    timeline = timeline_of(view)
    lanes = {lane.key: lane for lane in timeline.lanes}
    text = (
        environment()
        .get_template("report.html")
        .render(
            t=words,
            view=replace(view, path=Path()),
            view_path=None,
            who=None,
            timeline=timeline,
            rows=[(stretch, [lanes[key] for key in keys_of(stretch)]) for stretch in view.stretches],
            style=Markup((STATIC / "page.css").read_text(encoding="utf-8")),
            version=__version__,
        )
    )
    return text.encode("utf-8", "backslashreplace")
