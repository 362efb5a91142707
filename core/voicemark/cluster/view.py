"""Who hears what, as `voicemark status` shows it: written down every few seconds while a backfill runs.

It is for people alone. What is in whose hands stands in the job table; when this cannot be written it is left out.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from voicemark.cluster.crew import Crew, Member
from voicemark.cluster.outcomes import InHand
from voicemark.errors import DatabaseError
from voicemark.store.cluster_workers import ClusterWorker, write_cluster_workers
from voicemark.store.database import Database

TELL_S = 3.0
"""How often it is written down."""


class View:
    """The lines of one run."""

    def __init__(self, database: Database, run: str) -> None:
        """`run` is who writes them, as `worker` of a job."""
        self._database, self._run = database, run
        self._told_at = float("-inf")

    def tell(self, crew: Crew, in_hand: Mapping[int, InHand]) -> None:
        """Write down who hears what of the jobs `in_hand`, unless that was done just now."""
        if time.monotonic() - self._told_at >= TELL_S:
            self._told_at = time.monotonic()
            self._write([_line(member, in_hand) for member in crew.members.values()])

    def clear(self) -> None:
        """Nobody hears for this run any more."""
        self._write([])

    def _write(self, lines: list[ClusterWorker]) -> None:
        with suppress(DatabaseError), self._database.writing() as session:
            write_cluster_workers(session, self._run, lines)


def _line(member: Member, in_hand: Mapping[int, InHand]) -> ClusterWorker:
    given = None if member.order is None else in_hand.get(member.order.job)
    machine = member.machine
    return ClusterWorker(
        name=member.name,
        host=member.host,
        program=machine.program if machine else "",
        model_id=machine.model_id if machine else "",
        recording=given.claim.path if given else None,
        since=given.since if given else None,
        heard_s=member.heard_s,
        took_s=member.took_s,
        seen_at=datetime.fromtimestamp(member.seen, UTC),
        failed_in_a_row=member.failed_in_a_row,
        trouble=member.unfit or member.trouble,
    )
