"""How far the work is, what is in its way, what failed, and what the doctor finds."""

import threading
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.actions.doctor import examine
from voicemark.actions.findings import Finding
from voicemark.actions.health import full_disks
from voicemark.actions.status import read_status
from voicemark.store.paths import path_to_text
from voicemark.web.routing import page
from voicemark.web.site import Site

MOST = 100
"""Of what failed, or waits, so many are shown."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its addresses."""
    one_at_a_time = threading.Lock()  # The doctor reads guides, samples and folders.

    def doctor(site: Site, request: Request) -> Response:
        site.archive.database()  # One of another version is no business of the doctor's here.
        with one_at_a_time:
            findings: list[Finding] = list(examine(site.config, networks=False))
        return site.page(request, "doctor.html", findings=findings)

    return [page("/state", site, state), page("/state/doctor", site, doctor)]


def state(site: Site, request: Request) -> Response:
    """The queue, the speed, what is in the way and what failed."""
    status = read_status(site.archive.database())
    return site.page(
        request,
        "state.html",
        status=status,
        in_the_way=list(full_disks(site.config)),
        set_aside=[(path_to_text(one.recording), one) for one in status.set_aside[:MOST]],
        out_of_reach=[(path_to_text(one.recording), one) for one in status.out_of_reach[:MOST]],
        working_on=[path_to_text(one) for one in status.working_on],
        most=MOST,
    )
