"""Recordings in hand: side by side, kept still while there is a reason to, left when nobody wants them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.job_table import MODEL, write

from voicemark.actions.hear import Heard
from voicemark.actions.in_hand import Hearing, InHand, LeftError
from voicemark.config import Config
from voicemark.recording import Recording
from voicemark.store.database import Database, open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import ClaimLostError, Jobs

PATIENCE_S = 60.0
ANY: Any = None
"""What hears here asks for no voices and gives no result that anybody looks at."""
DONE = Heard(ANY, 0.0)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "v.db")


def begin(in_hand: InHand, database: Database, folder: Path, *names: str) -> tuple[Jobs, list[Hearing]]:
    findings = [write(folder, name) for name in names]
    Inventory(database).found(findings, MODEL)
    jobs, hearings = Jobs(database), []
    for finding in findings:
        claim = jobs.claim(MODEL, finding.recording.path)
        assert claim is not None
        hearings.append(in_hand.begin(claim, finding.recording, ANY, Config(), jobs))
    return jobs, hearings


def ended(in_hand: InHand) -> Hearing:
    hearing = in_hand.next_ended(PATIENCE_S)
    assert hearing is not None
    return hearing


def test_they_are_heard_side_by_side_and_come_out_as_they_end(database: Database, tmp_path: Path) -> None:
    together, second_ended = threading.Barrier(2), threading.Event()

    def hear(recording: Recording, _r: object, _c: object, progress: Callable[[float], None], /) -> Heard:
        progress(30.0)
        together.wait(PATIENCE_S)  # Alone nobody passes.
        if recording.path.name == "a.ts":
            second_ended.wait(PATIENCE_S)
            raise LookupError("nobody has thought of this")
        return DONE

    woken = threading.Event()
    in_hand = InHand(hear, wake=woken.set)
    begin(in_hand, database, tmp_path / "video", "a.ts", "b.ts")
    second = ended(in_hand)
    assert (second.claim.path.name, second.outcome, second.heard_s, len(in_hand)) == ("b.ts", DONE, 30.0, 1)
    assert woken.wait(PATIENCE_S)
    second_ended.set()
    first = ended(in_hand)
    assert isinstance(first.outcome, LookupError) and len(in_hand) == 0
    assert in_hand.next_ended() is None


def test_one_whose_claim_is_lost_is_left(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicemark.actions.keep.HEARTBEAT_S", 0.0)
    beaten = threading.Event()

    def hear(_a: object, _r: object, _c: object, progress: Callable[[float], None], /) -> Heard:
        progress(1.0)
        beaten.wait(PATIENCE_S)
        progress(2.0)
        return DONE

    in_hand = InHand(hear)
    jobs, [hearing] = begin(in_hand, database, tmp_path / "video", "a.ts")
    while not hearing.heard_s:
        hearing.join(0.01)
    in_hand.beat()
    assert hearing.lost is None
    jobs.release(hearing.claim)
    hearing.advanced_at += 1
    in_hand.beat()
    beaten.set()
    assert isinstance(ended(in_hand).outcome, LeftError) and isinstance(hearing.lost, ClaimLostError)


def test_what_pauses_looks_again_when_told_to_and_can_be_left(database: Database, tmp_path: Path) -> None:
    reasons, paused = ["the load is 9", "the load is 8"], threading.Semaphore(0)

    def advanced(hearing: Hearing) -> None:
        while reasons:
            paused.release()
            hearing.pause(reasons[0], PATIENCE_S)

    def hear(_a: object, _r: object, _c: object, progress: Callable[[float], None], /) -> Heard:
        progress(1.0)
        return DONE

    in_hand = InHand(hear, advanced=advanced)
    _, [hearing] = begin(in_hand, database, tmp_path / "video", "a.ts")
    assert paused.acquire(timeout=PATIENCE_S)
    reasons.pop(0)
    in_hand.look_again()
    assert paused.acquire(timeout=PATIENCE_S), "it looked, and there was another reason"
    assert in_hand.leave_all() == [hearing] and len(in_hand) == 0
    hearing.join(PATIENCE_S)
    assert isinstance(hearing.outcome, LeftError)
    assert in_hand.next_ended() is None, "nobody asks for it any more"
